/** The log of a frame: whatever is filtered out, rejected or split in front of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeLogGroupList,
  encodeLogGroupList,
  type LogGroup,
} from '../../../src/emulator/protocol/log-group-schema.ts';
import type { EncoderOptions } from '../../../src/encode/frame/encoder-options.ts';
import { createLocateLog } from '../../../src/encode/locate-log.ts';
import { createReferenceEncoder } from '../../../src/encode/reference-encoder.ts';
import { propertyRuns } from '../../support/arbitraries/property-runs.ts';
import { encodeAll, encoderDefaults, rawBody } from '../../support/oracles/encode.ts';
import { lineDeframer } from '../../support/receivers/deframe.ts';

const origin = { project: 'web', logstore: 'access', shard: 3, cursor: 'MTQ0' };
const turn = async () => undefined;

/** Each log has its number, and filling that makes it one, several or no message. */
function groupsOf(sizes: readonly number[]): LogGroup[] {
  const logs = sizes.map((size, number) => ({
    Time: 1,
    Contents: [
      { Key: Buffer.from('number'), Value: Buffer.from(`${number}!`) },
      { Key: Buffer.from('filling'), Value: Buffer.from('x'.repeat(size)) },
    ],
  }));
  const half = Math.floor(logs.length / 2);
  const tags = { LogTags: [] };
  return [
    { ...tags, Logs: logs.slice(0, half) },
    { ...tags, Logs: logs.slice(half) },
  ];
}

const numberOf = (text: string) => Number(/number=(\d+)!/.exec(text)?.[1]);

describe('the log that a frame was made of', () => {
  it.each<Partial<EncoderOptions>>([{ oversize: 'truncate' }, { oversize: 'split' }, { oversize: 'dead-letter' }])(
    'is found, with %o',
    async (options) => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.constantFrom(1, 300, 2_000), { minLength: 1, maxLength: 12 }), async (sizes) => {
          const all: EncoderOptions = { ...encoderDefaults, framing: 'lf', maxMessageBytes: 480, ...options };
          const raw = encodeLogGroupList(groupsOf(sizes));
          const { bytes } = encodeAll(createReferenceEncoder(all), raw, origin);
          const frames = lineDeframer()
            .push(bytes)
            .map((text) => text.toString());
          const locate = createLocateLog(all);
          let number = -1;
          for (const [frame, text] of frames.entries()) {
            // A part behind the first has no number of its own.
            const its = numberOf(text);
            if (!Number.isNaN(its)) number = its;
            const found = await locate(rawBody(raw), origin, frame, turn);
            expect(found?.index).toBe(number);
            const [group] = decodeLogGroupList(found?.logGroupList ?? new Uint8Array());
            expect(Buffer.from(group?.Logs[0]?.Contents[0]?.Value ?? []).toString()).toBe(`${number}!`);
          }
          expect(await locate(rawBody(raw), origin, frames.length, turn)).toBeUndefined();
        }),
        propertyRuns(60),
      );
    },
  );
});
