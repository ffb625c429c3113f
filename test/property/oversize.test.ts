/** Messages over the limit, and their identities, against independently written cutting: in all framings. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList, type LogGroup } from '../../src/emulator/protocol/log-group-schema.ts';
import type { BatchOrigin } from '../../src/encode/wire/batch-origin.ts';
import { createKeyValueFormat } from '../../src/format/formats/key-value.ts';
import { logGroups } from '../support/arbitraries/log-group-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { type Encoded, encodeAll, encoderDefaults, leadWith } from '../support/oracles/encode.ts';
import { encoders } from '../support/oracles/encoders.ts';
import { naiveCharacters, naiveCutMessages } from '../support/oracles/naive-cutter.ts';
import { type NaiveOptions, naiveDefaults, naiveFields, naiveLogs } from '../support/oracles/naive-formatter.ts';
import { lineDeframer, octetCountingDeframer } from '../support/receivers/deframe.ts';
import { parse5424, parseStructuredData } from '../support/receivers/parse-header.ts';

/** Groups some of whose logs are well over the smallest limits. */
const largeGroups: fc.Arbitrary<LogGroup[]> = fc
  .tuple(
    logGroups,
    fc.option(fc.constantFrom(0, 1, 999_999_999)),
    fc.array(fc.constantFrom('|', '\\', '\n', '\0', 'é', '漢', '😀', 'a', '='), { maxLength: 40 }),
  )
  .chain(([groups, timeNs, alphabet]) =>
    fc.nat(1500).map((repeats) => {
      const value = Buffer.from(alphabet.join('').repeat(1 + (alphabet.length && repeats / alphabet.length)));
      const Contents = [{ Key: value.subarray(0, 700), Value: value }];
      const large = { Time: 1_790_000_000, Contents, ...(timeNs !== null && { TimeNs: timeNs }) };
      return [...groups, { Logs: [large], LogTags: [{ Key: Buffer.from('k'), Value: value.subarray(0, 300) }] }];
    }),
  );

const formats = fc.record({
  separator: fc.constantFrom('||', ';', '\t', '☃☃', '__'),
  escape: fc.constantFrom('standard' as const, 'none' as const),
  rfc: fc.constantFrom('5424' as const, '3164' as const),
});

const identity = { enterpriseId: 32473 };
const names = { project: 'p"1', logstore: 'l\\2' };
const origins: fc.Arbitrary<BatchOrigin> = fc.record({
  project: fc.constant(names.project),
  logstore: fc.constant(names.logstore),
  shard: fc.nat(2 ** 31 - 1),
  cursor: fc.string({ unit: fc.constantFrom('M', '=', '"', '\\', ']', 'é'), maxLength: 30 }),
});

function messagesOf(framing: 'octet-counting' | 'lf' | 'datagram', encoded: Encoded): string[] {
  if (framing === 'datagram') return encoded.datagrams.map((datagram) => datagram.toString('latin1'));
  const deframer = framing === 'lf' ? lineDeframer() : octetCountingDeframer();
  const messages = deframer.push(encoded.bytes).map((message) => message.toString('latin1'));
  expect(deframer.pending).toBe(0);
  return messages;
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** RFC 5424, section 6.3.3, one character at a time. */
function quoted(text: string): string {
  const escapes: Record<string, string> = { '"': '\\"', '\\': '\\\\', ']': '\\]' };
  return `"${[...latin1(text)].map((character) => escapes[character] ?? character).join('')}"`;
}

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  describe.each(['octet-counting', 'lf', 'datagram'] as const)('messages over the limit, framing %s', (framing) => {
    it('are cut where independent code cuts them, with and without an identity', () => {
      fc.assert(
        fc.property(
          largeGroups,
          formats,
          fc.integer({ min: 480, max: 2000 }),
          fc.constantFrom('truncate' as const, 'split' as const),
          fc.option(origins),
          (groups, { separator, escape: mode, rfc }, maxBytes, oversize, origin) => {
            fc.pre(mode === 'none' || separator !== '☃☃');
            fc.pre(rfc === '5424' || origin === null);
            const encoder = createEncoder({
              format: createKeyValueFormat({ separator, escape: mode }),
              lead: leadWith({ rfc, timeZone: 'utc', ...(origin && { identity }) }),
              framing,
              maxMessageBytes: maxBytes,
              oversize,
            });
            const encoded = encodeAll(encoder, encodeLogGroupList(groups), origin ?? undefined);
            expect(encoded.error).toBeUndefined();

            const options: NaiveOptions = { ...naiveDefaults, separator: latin1(separator), escape: mode, rfc };
            const structuredData = (index: number, part: number | undefined) =>
              `[sls@32473 project=${quoted(names.project)} logstore=${quoted(names.logstore)}` +
              ` shard="${origin?.shard}" cursor=${quoted(origin?.cursor ?? '')} index="${index}"` +
              `${part === undefined ? '' : ` part="${part}"`}]`;
            const cut = { maxBytes, oversize, ...(origin && { structuredData }) };
            const logs = naiveLogs(groups);
            const expected = logs.map((log, index) => naiveCutMessages(log, index, options, cut));
            expect(messagesOf(framing, encoded)).toEqual(expected.flat());
            expect(encoded.frameCount).toBe(expected.flat().length);

            const over = logs.filter(
              (log, index) =>
                log.header(options, cut.structuredData?.(index, undefined)).length +
                  naiveCharacters(naiveFields(log, options), options).join('').length >
                maxBytes,
            ).length;
            const { counts } = encoded;
            expect([counts.logs, counts.truncated, counts.split]).toEqual(
              oversize === 'split' ? [logs.length, 0, over] : [logs.length, over, 0],
            );
          },
        ),
        propertyRuns(300),
      );
    });

    it('are whole again when their parts are put together, in UTF-8 and within the limit each', () => {
      const origin = { ...names, shard: 7, cursor: 'MTQ0NzI5OTYwNjg5NjYzMjM1Ng==' };
      const values = fc.string({ unit: fc.constantFrom('a', '|', '\n', 'é', '漢', '😀'), maxLength: 3000 });
      const utf8 = new TextDecoder('utf-8', { fatal: true });
      fc.assert(
        fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (texts) => {
          const Logs = texts.map((text) => ({
            Time: 1,
            Contents: [{ Key: Buffer.from('k'), Value: Buffer.from(text) }],
          }));
          const raw = encodeLogGroupList([{ Logs, LogTags: [] }]);
          const split = createEncoder({
            ...encoderDefaults,
            framing,
            maxMessageBytes: 480,
            oversize: 'split',
            lead: leadWith({ identity }),
          });
          const whole = createEncoder({ ...encoderDefaults, framing });
          const parts = new Map<string, string[]>();
          for (const message of messagesOf(framing, encodeAll(split, raw, origin))) {
            expect(message.length).toBeLessThanOrEqual(480);
            const parsed = parse5424(message);
            utf8.decode(Buffer.from(parsed.message, 'latin1'));
            expect(parsed.message).not.toMatch(/(?<!\\)(\\\\)*\\$/);
            const { index, part, ...rest } = parseStructuredData(parsed.structuredData)['sls@32473']!;
            expect(rest).toEqual({ project: 'p"1', logstore: 'l\\2', shard: '7', cursor: origin.cursor });
            const known = parts.get(index!) ?? [];
            if (part === undefined) expect(known).toEqual([]);
            else expect(part).toBe(String(known.length + 1));
            parts.set(index!, [...known, parsed.message]);
          }
          const together = [...parts.values()].map((each) => each.join(''));
          const expected = messagesOf(framing, encodeAll(whole, raw)).map((message) => parse5424(message).message);
          expect(together).toEqual(expected);
          expect([...parts.keys()]).toEqual(texts.map((_, index) => String(index)));
        }),
        propertyRuns(100),
      );
    });
  });
});
