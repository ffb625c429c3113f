import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const ci = Boolean(process.env.CI);

/** What takes longest, longest first: begun last, one of them would run on alone. */
const longest = [
  'fault/real-receivers',
  'simulation/mutants/mutants',
  'fault/far-receiver',
  'fault/pm2',
  'simulation/simulation',
  'fault/tls',
  'fault/restarted-service',
  'interop/receivers',
  'simulation/net/kernel-conformance',
  'property/kernel-shapes',
  'property/kernel',
  'integration/dialects',
  'integration/processes',
  'fault/killed-receiver',
  'property/format-rows',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return at < 0 ? longest.length : at;
    };
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

/** What calls functions and looks at what they give: each worker loads the source once for all such files. */
const pure = ['test/unit/**/*.test.ts', 'test/property/**/*.test.ts'];
/** What measures its own process. */
const alone = ['test/unit/encode/reference-memory.test.ts'];

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'worlds', include: ['test/**/*.test.ts'], exclude: pure } },
      { extends: true, test: { name: 'alone', include: alone } },
      { extends: true, test: { name: 'pure', include: pure, exclude: alone, isolate: false } },
    ],
    // Long enough for a machine that has others to serve: a test that fails is to fail by what it expects.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
    // Many tests wait for other processes: one more than a small machine has cores.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // CI adds up the runs on several Node versions from these files.
    reporters: ci ? ['default', ['json', { outputFile: process.env.TEST_REPORT ?? 'test-report.json' }]] : ['default'],
  },
});
