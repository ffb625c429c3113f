import type { HeapProfiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { describe, expect, it } from 'vitest';
import { createReferenceEncoder } from '../../../src/encode/reference-encoder.ts';
import { encoderDefaults, leadWith, rawBody } from '../../support/oracles/encode.ts';
import { content, group, log, logTag, message, source, time, timeNs, topic } from '../../support/service/wire.ts';

describe('memory', () => {
  it.each([
    ['none', {}],
    ['an identity', { lead: leadWith({ identity: { enterpriseId: 32473 } }) }],
  ])(
    'is not taken for a log or a field: a batch allocates a few hundred bytes a chunk; with %s',
    async (_, options) => {
      const logCount = 10_000;
      const fields = Array.from({ length: 10 }, (_, n) => content(`key${n}`, `value|${n}\n`));
      const logs = Array.from({ length: logCount }, (_, n) =>
        log(time(1_790_000_000 + n), ...fields, timeNs(n * 1000)),
      );
      const raw = group(...logs, message(9, 'unknown'), topic('t'), source('s'), logTag('k', 'v'));
      const encoder = createReferenceEncoder({ ...encoderDefaults, ...options });
      const encodeOnce = (): void => {
        const encodedBatch = encoder.begin(rawBody(raw), { project: 'p', logstore: 'l', shard: 0, cursor: 'MTQ0NzI5' });
        for (let chunk = encodedBatch.next(); chunk !== undefined; chunk = encodedBatch.next()) chunk.release();
        encodedBatch.close();
      };
      // Before it is optimized, code keeps its numbers above 2^31 on the heap; when that is done is up to a busy
      // machine. What allocates for a log does so in every round.
      let leastPerLog = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 10 && leastPerLog >= 4; round++) {
        for (let run = 0; run < 20; run++) encodeOnce();
        const bytes = await allocatedBytes(() => {
          for (let run = 0; run < 5; run++) encodeOnce();
        });
        leastPerLog = Math.min(leastPerLog, bytes / (5 * logCount));
      }
      expect(leastPerLog).toBeLessThan(4);

      const withObjects = await allocatedBytes(() => {
        const held: object[] = [];
        for (let n = 0; n < logCount; n++) held.push({ n });
        expect(held).toHaveLength(logCount);
      });
      expect(withObjects / logCount).toBeGreaterThan(16);
    },
  );
});

/** All bytes allocated on the heap meanwhile, collected since or not, by V8's sampling profiler. */
async function allocatedBytes(work: () => void): Promise<number> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 256,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  work();
  const { profile } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  const sum = (node: HeapProfiler.SamplingHeapProfileNode): number =>
    node.children.reduce((bytes, child) => bytes + sum(child), node.selfSize);
  return sum(profile.head);
}
