import { defineConfig } from 'vitest/config';

const ci = Boolean(process.env.CI);

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Long enough for a machine that has others to serve: a test that fails is to fail by what it expects.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
    maxWorkers: 2,
    // CI adds up the runs on several Node versions from these files.
    reporters: ci ? ['default', ['json', { outputFile: process.env.TEST_REPORT ?? 'test-report.json' }]] : ['default'],
  },
});
