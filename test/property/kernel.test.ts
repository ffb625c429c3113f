/** The kernel against the reference: the same bytes, counts, rejected logs and errors, whatever comes in. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList } from '../../src/emulator/protocol/log-group-schema.ts';
import type { EncodedBatch } from '../../src/encode/frame/batch-encoder.ts';
import { anyRaw, logGroups } from '../support/arbitraries/log-group-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { encodeAll, encoderDefaults, rawBody } from '../support/oracles/encode.ts';
import { expectSameOf, pairFor, someOptions, someOrigin } from '../support/oracles/encoder-pair.ts';

/** 10,000 in all; a kernel goes on with what the batch before has left in its memory. */
const batches = fc.array(anyRaw, { minLength: 4, maxLength: 4 });

describe('the kernel', () => {
  it('writes what the reference writes, and fails where it fails', () => {
    fc.assert(
      fc.property(someOptions, batches, someOrigin, (options, raws, origin) => {
        const pair = pairFor(options);
        for (const raw of raws) expectSameOf(pair, raw, origin);
      }),
      propertyRuns(2_500),
    );
  }, 240_000);

  it('writes the same of large groups, whose logs differ in everything that a kernel could remember', () => {
    const manyLogs = fc
      .tuple(logGroups, fc.integer({ min: 2, max: 20 }))
      .map(([groups, times]) => encodeLogGroupList(Array.from({ length: times }, () => groups).flat()));
    fc.assert(
      fc.property(someOptions, manyLogs, someOrigin, (options, raw, origin) =>
        expectSameOf(pairFor(options), raw, origin),
      ),
      propertyRuns(300),
    );
  }, 240_000);

  it('keeps batches apart that are encoded by turns', () => {
    fc.assert(
      fc.property(
        someOptions,
        fc.array(anyRaw, { minLength: 2, maxLength: 5 }),
        fc.infiniteStream(fc.nat()),
        (options, all, turns) => {
          const slow = { ...options, maxChunkFrames: 1 };
          const { reference, kernel } = pairFor(slow);
          const origin = { project: 'p', logstore: 'l', shard: 1, cursor: 'c' };
          const open = all.map((raw) => ({
            batch: kernel.begin(rawBody(raw), origin),
            bytes: [] as Buffer[],
            error: undefined as unknown,
            isOver: false,
          }));
          while (open.some(({ isOver }) => !isOver)) {
            const left = open.filter(({ isOver }) => !isOver);
            const one = left[turns.next().value % left.length]!;
            one.isOver = !step(one.batch, one);
          }
          for (const [index, raw] of all.entries()) {
            const alone = encodeAll(reference, raw, origin);
            expect(Buffer.concat(open[index]!.bytes).equals(alone.bytes)).toBe(true);
            expect(open[index]!.error).toEqual(alone.error);
          }
        },
      ),
      propertyRuns(500),
    );
  }, 240_000);

  it('hands out whole frames in every chunk, and no more than it may', () => {
    fc.assert(
      fc.property(logGroups, fc.constantFrom(1, 2, 3), (groups, maxChunkFrames) => {
        const { kernel } = pairFor({ ...encoderDefaults, maxChunkFrames });
        const batch = kernel.begin(rawBody(encodeLogGroupList(groups)));
        for (let chunk = batch.next(); chunk !== undefined; chunk = batch.next()) {
          expect(chunk.frameCount).toBeLessThanOrEqual(maxChunkFrames);
          let rest = Buffer.from(chunk.bytes);
          for (let frame = 0; frame < chunk.frameCount; frame++) {
            const space = rest.indexOf(' ');
            rest = rest.subarray(space + 1 + Number(rest.toString('latin1', 0, space)));
          }
          expect(rest).toHaveLength(0);
          chunk.release();
        }
        batch.close();
      }),
      propertyRuns(300),
    );
  });
});

/** @returns false when the batch is over */
function step(batch: EncodedBatch, into: { bytes: Buffer[]; error: unknown }): boolean {
  try {
    const chunk = batch.next();
    if (chunk === undefined) return false;
    into.bytes.push(Buffer.from(chunk.bytes));
    chunk.release();
    return true;
  } catch (error) {
    into.error = error;
    batch.close();
    return false;
  }
}
