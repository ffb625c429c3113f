import { defineConfig } from 'vitest/config';

const ci = Boolean(process.env.CI);

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // CI adds up the runs on several Node versions from these files.
    reporters: ci ? ['default', ['json', { outputFile: process.env.TEST_REPORT ?? 'test-report.json' }]] : ['default'],
  },
});
