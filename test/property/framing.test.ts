/** Frames against independently written de-framers, the stream cut anywhere. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList, type LogGroup } from '../../src/emulator/protocol/log-group-schema.ts';
import type { Framing } from '../../src/encode/frame/framing.ts';
import { createKeyValueFormat } from '../../src/format/formats/key-value.ts';
import { logGroups } from '../support/arbitraries/log-group-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { encodeAll, encoderDefaults } from '../support/oracles/encode.ts';
import { encoders } from '../support/oracles/encoders.ts';
import { naiveDefaults, naiveMessages } from '../support/oracles/naive-formatter.ts';
import { type Deframer, lineDeframer, octetCountingDeframer } from '../support/receivers/deframe.ts';

const streams: [Framing, () => Deframer][] = [
  ['octet-counting', octetCountingDeframer],
  ['lf', lineDeframer],
];

function groupOf(...values: string[]): LogGroup {
  return {
    Logs: values.map((value) => ({
      Time: 1_790_000_000,
      Contents: [{ Key: Buffer.from('k'), Value: Buffer.from(value) }],
    })),
    LogTags: [],
  };
}

function deframe(deframer: Deframer, pieces: Iterable<Uint8Array>): string[] {
  const messages: string[] = [];
  for (const piece of pieces) {
    for (const message of deframer.push(piece)) messages.push(message.toString('latin1'));
  }
  expect(deframer.pending).toBe(0);
  return messages;
}

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  describe.each(streams)('a stream with framing %s', (framing, createDeframer) => {
    const encoder = createEncoder({ ...encoderDefaults, framing });

    it('gives the same messages wherever it is cut in two', () => {
      const groups = [groupOf('', 'a', '1 2', '\n12 <1>', 'é'.repeat(500)), groupOf('\0', '漢')];
      const { bytes } = encodeAll(encoder, encodeLogGroupList(groups));
      const expected = naiveMessages(groups);
      for (let cut = 0; cut <= bytes.length; cut++) {
        expect(deframe(createDeframer(), [bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(expected);
      }
    });

    it('gives the same messages cut at every byte', () => {
      const groups = [groupOf('x', '\r\n', 'y'.repeat(1000))];
      const { bytes } = encodeAll(encoder, encodeLogGroupList(groups));
      const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
      expect(deframe(createDeframer(), pieces)).toEqual(naiveMessages(groups));
    });

    it('gives the same messages for generated logs, with both escapes', () => {
      const modes = fc.constantFrom('standard' as const, 'none' as const);
      fc.assert(
        fc.property(logGroups, modes, (groups, mode) => {
          const options = { ...encoderDefaults, framing, format: createKeyValueFormat({ escape: mode }) };
          const { bytes } = encodeAll(createEncoder(options), encodeLogGroupList(groups));
          expect(deframe(createDeframer(), [bytes])).toEqual(naiveMessages(groups, { ...naiveDefaults, escape: mode }));
        }),
        propertyRuns(150),
      );
    });
  });

  describe('octet counting', () => {
    it('counts right around each power of ten, whatever is escaped', () => {
      const encoder = createEncoder(encoderDefaults);
      const bare = naiveMessages([groupOf('')])[0]!.length;
      for (const power of [100, 1000, 10_000, 100_000]) {
        const values: string[] = [];
        for (let length = power - 30; length <= power + 2; length++) {
          const room = length - bare;
          if (room < 0) continue;
          values.push('a'.repeat(room), '|'.repeat(room), '\0'.repeat(Math.ceil(room / 4)));
        }
        const groups = [groupOf(...values)];
        const { bytes, error } = encodeAll(encoder, encodeLogGroupList(groups));
        expect(error).toBeUndefined();
        expect(deframe(octetCountingDeframer(), [bytes])).toEqual(naiveMessages(groups));
      }
    });
  });

  describe('datagrams', () => {
    const limit = 480;
    const encoder = createEncoder({ ...encoderDefaults, framing: 'datagram', maxDatagramBytes: limit });

    it('hold one message each, cut at the limit', () => {
      fc.assert(
        fc.property(logGroups, (groups) => {
          const { datagrams, counts, frameCount } = encodeAll(encoder, encodeLogGroupList(groups));
          const whole = naiveMessages(groups).map((message) => Buffer.from(message, 'latin1'));
          expect(datagrams).toHaveLength(whole.length);
          expect(frameCount).toBe(whole.length);
          expect(counts.truncated).toBe(whole.filter((message) => message.length > limit).length);
          for (const [index, datagram] of datagrams.entries()) {
            const message = whole[index]!;
            expect(datagram.equals(message.subarray(0, datagram.length))).toBe(true);
            if (message.length <= limit) expect(datagram.length).toBe(message.length);
            else expect(limit - datagram.length).toBeLessThanOrEqual(3);
          }
        }),
        propertyRuns(200),
      );
    });
  });
});
