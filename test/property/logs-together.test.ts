/**
 * What an encoder keeps from one log to the next changes nothing: a log's message is the same in a batch with others, of
 * which another is encoded by turns, as it is by itself.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeLogGroupList,
  type Log,
  type LogField,
  type LogGroup,
} from '../../src/emulator/protocol/log-group-schema.ts';
import type { BatchEncoder } from '../../src/encode/frame/batch-encoder.ts';
import type { EncoderOptions } from '../../src/encode/frame/encoder-options.ts';
import { createFormat, type FormatSpec } from '../../src/format/registry.ts';
import type { HeaderText } from '../../src/rules/header-text.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { encodeAll, encoderDefaults, leadWith, rawBody } from '../support/oracles/encode.ts';
import { encoders } from '../support/oracles/encoders.ts';

const utf8 = (text: string) => new Uint8Array(Buffer.from(text));

const events = [
  '{"name":"Create","user":{"id":"1","ip":"192.0.2.1"},"at":"2026-11-20T10:11:12Z"}',
  '{"name":"Del\\"ete","user":{"id":"é","ip":"2001:db8::1"},"at":"2026-11-20T10:11:13Z"}',
  '{"user":{"id":2},"user":null,"name":""}',
  '{"name":"cut',
  'text',
  '',
];
const value = fc.oneof(
  fc.constantFrom(...events, '192.0.2.7', '12', '漢字', 'a|b=c\n', '1795169472').map(utf8),
  fc.uint8Array({ maxLength: 5 }),
  fc.constantFrom(300, 2_000).map((length) => utf8('é|'.repeat(length))),
);
// Some are spelt alike once a format has had its way with them, some are asked for.
const name = fc.constantFrom(
  'event',
  'a',
  'b',
  'a b',
  'a_b',
  'aB',
  'ip',
  '__topic__',
  '__tag__:h',
  '\xff',
  'n'.repeat(256),
);
const field: fc.Arbitrary<LogField> = fc.record({ Key: name.map(utf8), Value: value });
const usualNames = ['event', 'a', 'b', 'ip'];
const log: fc.Arbitrary<Log> = fc.record(
  {
    Time: fc.constantFrom(1_795_169_472, 1_795_169_473),
    Contents: fc.oneof(
      fc.array(field, { maxLength: 6 }),
      fc.tuple(value, value, value, value).map((values) => {
        return values.map((Value, index) => ({ Key: utf8(usualNames[index]!), Value }));
      }),
    ),
    TimeNs: fc.constantFrom(0, 5, 999_999_999),
  },
  { requiredKeys: ['Time', 'Contents'] },
);
const groups: fc.Arbitrary<LogGroup[]> = fc.array(
  fc.record({
    Logs: fc.array(log, { minLength: 1, maxLength: 5 }),
    Topic: value,
    Source: value,
    LogTags: fc.array(fc.record({ Key: fc.constantFrom('h', 'a').map(utf8), Value: value }), { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 3 },
);

const map = {
  cat: 'event:name',
  src: ['event:user.ip', 'ip'],
  devTime: ['event:at', 'a'],
  usrName: ['event:user.id', 'a:user.id', '__tag__:h'],
  other: 'b',
};
const formats: readonly FormatSpec[] = [
  { format: 'leef', map, eventClassId: '{event:name|none}' },
  { format: 'leef', map: { usrName: 'event:user' }, unmapped: 'drop' },
  { format: 'cef', map: { rt: map.devTime, src: map.src, suser: map.usrName, cs1: 'b' }, eventName: '{event:name}' },
  { format: 'json' },
  { format: 'kv' },
];
const hostnames: readonly HeaderText[] = ['host', [{ field: utf8('__tag__:h') }], [{ field: utf8('a'), orElse: 'x' }]];

const options: fc.Arbitrary<EncoderOptions> = fc
  .record({
    format: fc.constantFrom(...formats).map(createFormat),
    hostname: fc.constantFrom(...hostnames),
    maxMessageBytes: fc.constantFrom(2_048, 60_000),
    oversize: fc.constantFrom('truncate' as const, 'split' as const),
    maxChunkFrames: fc.constantFrom(1, 2, 100),
  })
  .map(({ hostname, ...rest }) => ({
    ...encoderDefaults,
    ...rest,
    framing: 'datagram',
    lead: leadWith({ hostname }),
  }));

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  it('makes of a log among others what it makes of it alone', () => {
    fc.assert(
      fc.property(options, groups, groups, (each, left, right) => {
        const encoder = createEncoder(each);
        const alone = (of: LogGroup[]) =>
          of.flatMap((group) =>
            group.Logs.flatMap((one) => {
              return encodeAll(createEncoder(each), encodeLogGroupList([{ ...group, Logs: [one] }])).datagrams;
            }),
          );
        const [ofLeft, ofRight] = byTurns(encoder, [left, right]);
        expect(ofLeft).toEqual(texts(alone(left)));
        expect(ofRight).toEqual(texts(alone(right)));
      }),
      propertyRuns(150),
    );
  });
});

/** The messages of several batches of one encoder, a slice of each at a time. */
function byTurns(encoder: BatchEncoder, all: readonly LogGroup[][]): string[][] {
  const batches = all.map((each) => encoder.begin(rawBody(encodeLogGroupList(each))));
  const messages: Buffer[][] = batches.map(() => []);
  for (let open = batches.length; open > 0; ) {
    open = batches.length;
    for (const [index, batch] of batches.entries()) {
      const chunk = batch.next();
      if (chunk === undefined) open--;
      let start = 0;
      for (const end of chunk?.frameEnds?.subarray(0, chunk.frameCount) ?? []) {
        messages[index]!.push(Buffer.from(chunk!.bytes.subarray(start, end)));
        start = end;
      }
      chunk?.release();
    }
  }
  for (const batch of batches) batch.close();
  return messages.map(texts);
}

function texts(messages: readonly Buffer[]): string[] {
  return messages.map((message) => message.toString('latin1'));
}
