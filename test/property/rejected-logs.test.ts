/** Logs that no message is made of: none is missing, and each can be sent again as it was. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLogGroupList, encodeLogGroupList, type LogGroup } from '../../src/emulator/protocol/log-group-schema.ts';
import { LogCutter } from '../../src/encode/wire/log-cutter.ts';
import { LogWalker } from '../../src/encode/wire/log-walker.ts';
import { applyDamage, damage, logGroups, unusualList } from '../support/arbitraries/log-group-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { type Encoded, encodeAll, encoderDefaults, leadWith } from '../support/oracles/encode.ts';
import { encoders } from '../support/oracles/encoders.ts';
import { lineDeframer, octetCountingDeframer } from '../support/receivers/deframe.ts';

/** Each log in a list of its own, with what its group says of it, as protobufjs writes it. */
function oneByOne(raw: Uint8Array): string[] {
  return decodeLogGroupList(raw).flatMap((group) => group.Logs.map((log) => canonical([{ ...group, Logs: [log] }])));
}

/** Empty and absent fields look alike to protobufjs once they are decoded, unless they are written again. */
function canonical(groups: readonly LogGroup[]): string {
  return Buffer.from(encodeLogGroupList(groups)).toString('hex');
}

function decoded(list: Uint8Array): string {
  return canonical(decodeLogGroupList(list));
}

/** Group by group, those that come before any damage. */
function cutAll(raw: Uint8Array): { readonly lists: Uint8Array[]; readonly isDamaged: boolean } {
  const walker = new LogWalker(raw);
  const cutter = new LogCutter();
  const lists: Uint8Array[] = [];
  try {
    while (walker.nextGroup()) while (walker.nextLog()) lists.push(cutter.cut(raw, walker));
    return { lists, isDamaged: false };
  } catch {
    return { lists, isDamaged: true };
  }
}

describe('a log that is cut out of its batch', () => {
  it('is that log, with its group’s fields, whatever their order and whatever is among them', () => {
    let cut = 0;
    fc.assert(
      fc.property(fc.oneof(unusualList, logGroups.map(encodeLogGroupList)), (raw) => {
        const { lists, isDamaged } = cutAll(raw);
        fc.pre(!isDamaged);
        cut += lists.length;
        expect(lists.map(decoded)).toEqual(oneByOne(raw));
      }),
      propertyRuns(1_000, 330),
    );
    expect(cut).toBeGreaterThan(500);
  });

  it('can be read, also in front of damage', () => {
    fc.assert(
      fc.property(logGroups.map(encodeLogGroupList), damage, (intact, harm) => {
        for (const list of cutAll(applyDamage(intact, harm)).lists) {
          const groups = decodeLogGroupList(list);
          expect(groups.map(({ Logs }) => Logs.length)).toEqual([1]);
        }
      }),
      propertyRuns(500),
    );
  });
});

const identity = { enterpriseId: 32473 };
const origin = { project: 'p', logstore: 'l', shard: 3, cursor: 'MTQ0NzI5OTYwNjg5NjYzMjM1Ng==', firstIndex: 5 };

/** Logs around the limit, to the byte, some with fractions of a second and escapes. */
const groupsAroundTheLimit: fc.Arbitrary<LogGroup[]> = fc.array(
  fc.record({
    Logs: fc.array(
      fc.record(
        {
          Time: fc.constantFrom(0, 1_790_000_000, 2 ** 32 - 1),
          TimeNs: fc.constantFrom(0, 1, 999_999_999, 1_000_000_000),
          Contents: fc
            .tuple(fc.constantFrom(0, 30, 100, 300, 400, 2_000), fc.nat(120), fc.constantFrom('a', 'é', '\n'))
            .map(([size, more, character]) => [
              { Key: Buffer.from('k'), Value: Buffer.from('a'.repeat(size) + character.repeat(more)) },
            ]),
        },
        { requiredKeys: ['Time', 'Contents'] },
      ),
      { maxLength: 6 },
    ),
    Topic: fc.constantFrom(Buffer.alloc(0), Buffer.from('t\n'.repeat(100))),
    LogTags: fc.constantFrom([], [{ Key: Buffer.from('k'), Value: Buffer.from('v') }]),
  }),
  { maxLength: 4 },
);

function messagesOf(framing: 'octet-counting' | 'lf' | 'datagram', encoded: Encoded): string[] {
  if (framing === 'datagram') return encoded.datagrams.map((datagram) => datagram.toString('latin1'));
  const deframer = framing === 'lf' ? lineDeframer() : octetCountingDeframer();
  const messages = deframer.push(encoded.bytes).map((message) => message.toString('latin1'));
  expect(deframer.pending).toBe(0);
  return messages;
}

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  describe.each(['octet-counting', 'lf', 'datagram'] as const)('--oversize dead-letter, framing %s', (framing) => {
    it('rejects what does not fit and sends the rest, as it would without a limit', () => {
      const seen = { sent: 0, rejected: 0 };
      fc.assert(
        fc.property(groupsAroundTheLimit, fc.integer({ min: 480, max: 700 }), fc.boolean(), (groups, limit, named) => {
          const options = { ...encoderDefaults, framing, ...(named && { lead: leadWith({ identity }) }) };
          const raw = encodeLogGroupList(groups);
          const all = messagesOf(framing, encodeAll(createEncoder(options), raw, origin));
          const strict = createEncoder({ ...options, maxMessageBytes: limit, oversize: 'dead-letter' });
          const { rejected, counts, error, ...encoded } = encodeAll(strict, raw, origin);
          expect(error).toBeUndefined();

          const fitting = all.filter((message) => message.length <= limit);
          expect(messagesOf(framing, { ...encoded, rejected, counts, error })).toEqual(fitting);
          const logs = oneByOne(raw);
          const expected = all.flatMap((message, at) =>
            message.length <= limit ? [] : [{ index: origin.firstIndex + at, reason: 'oversize', log: logs[at] }],
          );
          expect(
            rejected.map(({ index, reason, logGroupList }) => ({ index, reason, log: decoded(logGroupList) })),
          ).toEqual(expected);
          expect([counts.logs, counts.deadLettered]).toEqual([fitting.length, expected.length]);
          expect([counts.truncated, counts.split]).toEqual([0, 0]);

          // What was rejected is the message that it would have been, once the limit allows it.
          const again = rejected.flatMap(({ index, logGroupList }) =>
            messagesOf(framing, encodeAll(createEncoder(options), logGroupList, { ...origin, firstIndex: index })),
          );
          expect(again).toEqual(all.filter((message) => message.length > limit));
          seen.sent += fitting.length;
          seen.rejected += rejected.length;
        }),
        propertyRuns(300, 100),
      );
      expect(Math.min(seen.sent, seen.rejected)).toBeGreaterThan(100);
    });
  });
});
