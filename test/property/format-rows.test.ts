/** What a row may say beside the usual (trail, spelling, unique names, UTF-8, its place), against independent code. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList, type LogGroup } from '../../src/emulator/protocol/log-group-schema.ts';
import type { EncoderOptions } from '../../src/encode/frame/encoder-options.ts';
import { isClosed } from '../../src/format/parts/format-row.ts';
import { unusualRows } from '../support/arbitraries/format-rows.ts';
import { logGroups } from '../support/arbitraries/log-group-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { selections } from '../support/arbitraries/selections.ts';
import { type Encoded, encodeAll, encoderDefaults, leadWith } from '../support/oracles/encode.ts';
import { encoders } from '../support/oracles/encoders.ts';
import { naiveDefaults, naiveLogs } from '../support/oracles/naive-formatter.ts';
import { bytes, fromBytes, naiveCut, naiveRowText, naiveWhole } from '../support/oracles/naive-rows.ts';
import { lineDeframer, octetCountingDeframer } from '../support/receivers/deframe.ts';
import { parse5424, parseStructuredData } from '../support/receivers/parse-header.ts';

const LIMIT = 480;
const element = unusualRows.find(({ name }) => name === 'element')!;
const identity = { enterpriseId: 32473 };
const origin = { project: 'p', logstore: 'l', shard: 3, cursor: 'MTQ0' };

function messagesOf(framing: EncoderOptions['framing'], encoded: Encoded): string[] {
  if (framing === 'datagram') return encoded.datagrams.map((datagram) => datagram.toString('latin1'));
  const deframer = framing === 'lf' ? lineDeframer() : octetCountingDeframer();
  const messages = deframer.push(encoded.bytes).map((message) => message.toString('latin1'));
  expect(deframer.pending).toBe(0);
  return messages;
}

/** Some logs are over the limit, by all that a value or a name can have in it. */
const groupsOfEverySize: fc.Arbitrary<LogGroup[]> = fc
  .tuple(
    logGroups,
    fc.array(fc.constantFrom('|', '\\', '\n', '\0', '"', ']', 'é', '漢', '😀', 'a', '='), {
      minLength: 1,
      maxLength: 40,
    }),
    fc.nat(900),
    fc.nat(400),
  )
  .map(([groups, alphabet, valueBytes, nameBytes]) => {
    const all = Buffer.from(alphabet.join('').repeat(900));
    const [Key, Value] = [all.subarray(0, nameBytes), all.subarray(0, valueBytes)];
    const small = { Key: Buffer.from('k'), Value: Buffer.from('v') };
    const Contents = [small, { Key, Value }, { Key, Value: Value.subarray(0, 20) }, small];
    return [...groups, { Logs: [{ Time: 1, Contents }], LogTags: [] }];
  });

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  describe.each(['octet-counting', 'lf', 'datagram'] as const)('rows, framing %s', (framing) => {
    it.each(unusualRows.map((format) => [format.name, format] as const))(
      '%s: what independent code writes',
      (_, format) => {
        fc.assert(
          fc.property(
            groupsOfEverySize,
            fc.constantFrom(undefined, ...Object.values(selections)),
            fc.integer({ min: LIMIT, max: 900 }),
            fc.boolean(),
            (groups, select, maxMessageBytes, hasIdentity) => {
              const encoder = createEncoder({
                ...encoderDefaults,
                format,
                framing,
                maxMessageBytes,
                ...(select && { fields: select }),
                ...(hasIdentity && { lead: leadWith({ identity }) }),
              });
              const encoded = encodeAll(encoder, encodeLogGroupList(groups), origin);
              expect(encoded.error).toBeUndefined();
              const isData = format.place === 'structured-data';
              const expected = naiveLogs(groups).map((log, index) => {
                const id = `[sls@32473 project="p" logstore="l" shard="3" cursor="MTQ0" index="${index}"]`;
                const sd = isData ? (hasIdentity ? id : '') : hasIdentity ? id : '-';
                const head = log.header(naiveDefaults, sd);
                const text = naiveRowText(format, log, select);
                const start = isData ? head.slice(0, -1) : head;
                const whole = start + naiveWhole(text);
                if (whole.length <= maxMessageBytes) return whole;
                const room = maxMessageBytes - start.length;
                if (isClosed(format)) return start + naiveCut(text, fromBytes(format.trail ?? bytes('')), room);
                return { beginningOf: whole };
              });
              const messages = messagesOf(framing, encoded);
              expect(messages).toHaveLength(expected.length);
              for (const [index, message] of messages.entries()) {
                const wished = expected[index]!;
                expect(message.length).toBeLessThanOrEqual(maxMessageBytes);
                if (typeof wished === 'string') expect(message).toBe(wished);
                else {
                  expect(wished.beginningOf.startsWith(message)).toBe(true);
                  expect(message.length).toBeGreaterThan(maxMessageBytes - 4);
                }
              }
            },
          ),
          propertyRuns(60),
        );
      },
    );
  });

  it('cuts an object and an element so that they can still be read, whatever the limit', () => {
    const value = 'a"\\\n😀]漢'.repeat(60);
    const raw = encodeLogGroupList([
      {
        Logs: [
          {
            Time: 1,
            Contents: [1, 2, 3].map((n) => ({
              Key: Buffer.from(`key${n}]`),
              Value: Buffer.from(value.slice(0, 150 * n)),
            })),
          },
        ],
        LogTags: [],
      },
    ]);
    for (let maxMessageBytes = LIMIT; maxMessageBytes < 3_000; maxMessageBytes += maxMessageBytes < 800 ? 1 : 7) {
      for (const format of unusualRows.filter(({ name }) => name === 'object' || name === 'element')) {
        const encoder = createEncoder({ ...encoderDefaults, format, framing: 'datagram', maxMessageBytes });
        const message = encodeAll(encoder, raw).bytes.toString('latin1');
        expect(message.length).toBeLessThanOrEqual(maxMessageBytes);
        if (format.name === 'object') {
          const read = JSON.parse(Buffer.from(parse5424(message).message, 'latin1').toString());
          expect(Object.keys(read).length).toBeGreaterThan(2);
          for (const text of Object.values(read)) expect(value.startsWith(text as string)).toBe(true);
        } else {
          const { structuredData, message: none } = parse5424(`${message} `);
          expect(none).toBe('');
          for (const text of Object.values(parseStructuredData(structuredData)['fields@32473']!)) {
            expect(
              Buffer.from(value)
                .toString('latin1')
                .replaceAll('\n', '\\u000a')
                .startsWith(text.replaceAll('\n', '\\u000a')),
            ).toBe(true);
          }
        }
      }
    }
  }, 240_000);

  it.each([
    [{ lead: leadWith({ rfc: '3164' }) }, 'use RFC 5424'],
    [{ oversize: 'split' as const }, 'not be split'],
    [{ format: { ...element, prefix: bytes('') } }, 'nothing where a log has no fields'],
  ])('refuses structured data with %j', (options, why) => {
    const create = () => createEncoder({ ...encoderDefaults, format: element, ...options });
    expect(create).toThrow(why);
    expect(create).toThrow(expect.objectContaining({ code: 'encoder-options', action: 'fatal' }));
  });
});
