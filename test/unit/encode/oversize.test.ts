import { describe, expect, it } from 'vitest';
import { encodeLogGroupList } from '../../../src/emulator/protocol/log-group-schema.ts';
import { CHUNK_BYTES } from '../../../src/encode/encoder-parts.ts';
import type { BatchEncoder } from '../../../src/encode/frame/batch-encoder.ts';
import type { EncoderOptions } from '../../../src/encode/frame/encoder-options.ts';
import { createKeyValueFormat } from '../../../src/format/formats/key-value.ts';
import { createEscapeTable } from '../../../src/format/parts/escape-table.ts';
import { encodeAll, encoderDefaults, leadWith, rawBody } from '../../support/oracles/encode.ts';
import { encoders } from '../../support/oracles/encoders.ts';
import { naiveCutMessages } from '../../support/oracles/naive-cutter.ts';
import { type NaiveOptions, naiveDefaults, naiveLogs } from '../../support/oracles/naive-formatter.ts';
import { lineDeframer, octetCountingDeframer } from '../../support/receivers/deframe.ts';
import { content, group, log, logTag, time, timeNs, topic } from '../../support/service/wire.ts';

const LIMIT = 480;
const HEADER = '<14>1 1970-01-01T00:00:01Z host app - - - ';
const LEAD = `${HEADER}||__topic__=||__source__=||v=`;
const ORIGIN = { project: 'web-logs', logstore: 'access_log', shard: 3, cursor: 'MTQ0NzI5' };
const IDENTITY = { enterpriseId: 32473 };
const WITH_IDENTITY = { lead: leadWith({ identity: IDENTITY }) };

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  function create(options: Partial<EncoderOptions> = {}): BatchEncoder {
    return createEncoder({ ...encoderDefaults, framing: 'lf', maxMessageBytes: LIMIT, ...options });
  }

  function messages(raw: Uint8Array, options: Partial<EncoderOptions> = {}): string[] {
    const { bytes, error } = encodeAll(create(options), raw, ORIGIN);
    expect(error).toBeUndefined();
    return lineDeframer()
      .push(bytes)
      .map((text) => text.toString());
  }

  function groupOf(text: string): Buffer {
    return group(log(time(1), content('v', text)));
  }

  /** The text of the one message of a log whose value begins with so many `a`s that just so many bytes are left. */
  function endAfter(left: number, rest: string, options: Partial<EncoderOptions> = {}): string {
    const filling = 'a'.repeat(LIMIT - LEAD.length - left);
    const [message, ...others] = messages(groupOf(filling + rest), options);
    expect(others).toEqual([]);
    expect(message?.startsWith(LEAD + filling)).toBe(true);
    return message!.slice(LEAD.length + filling.length);
  }

  describe('a message over the limit is cut', () => {
    it('at the limit, header included and framing excluded, and not below it', () => {
      expect(endAfter(3, 'xyz')).toBe('xyz');
      expect(endAfter(3, 'xyz!')).toBe('xyz');
      const counted = encodeAll(create({ framing: 'octet-counting' }), groupOf('a'.repeat(LIMIT)), ORIGIN);
      expect(counted.bytes.subarray(0, 4).toString()).toBe('480 ');
      expect(octetCountingDeframer().push(counted.bytes)[0]).toHaveLength(LIMIT);
    });

    it.each([
      [2, 'é!', 'é'],
      [1, 'é!', ''],
      [3, '漢!', '漢'],
      [2, '漢!', ''],
      [4, '😀!', '😀'],
      [3, '😀!', ''],
    ])('never inside a UTF-8 character: %i left, %j', (left, rest, expected) => {
      expect(endAfter(left, rest)).toBe(expected);
    });

    it.each([
      [2, '\n!', '\\n'],
      [1, '\n!', ''],
      [1, '\\!', ''],
      [2, '\\\\', '\\\\'],
      [3, '\\\\', '\\\\'],
      [1, '|!', ''],
      [4, '\0!', '\\x00'],
      [3, '\0!', ''],
      [1, '\0!', ''],
    ])('never inside an escape: %i left, %j', (left, rest, expected) => {
      expect(endAfter(left, rest)).toBe(expected);
    });

    it('anywhere where nothing is escaped', () => {
      const format = createKeyValueFormat({ escape: 'none' });
      expect(endAfter(1, '\\n', { format })).toBe('\\');
    });

    it('as its bytes are escaped, be they a part of a character', () => {
      const valueEscape = createEscapeTable([[0x82, '%82']]);
      const format = { ...createKeyValueFormat(), valueEscape };
      const { bytes } = encodeAll(create({ format, framing: 'datagram' }), groupOf('€'.repeat(LIMIT)));
      expect(bytes.subarray(LEAD.length, LEAD.length + 10).toString('latin1')).toBe('\xe2%82\xac\xe2%82\xac');
      expect(LIMIT - bytes.length).toBeLessThan('%82'.length);
    });

    it('also where topic, tags and the time part alone are over it', () => {
      const raw = group(
        log(time(1), content('never', 'seen'), timeNs(123_456_789)),
        topic('t'.repeat(300)),
        logTag('k', '\n'.repeat(300)),
      );
      const [message] = messages(raw);
      expect(message).toMatch(
        /Z host app - - - \|\|__topic__=t{300}\|\|__source__=\|\|__time_ns_part__=123456789\|\|__tag__:k=(\\n)+$/,
      );
      expect(message!.length).toBeGreaterThan(LIMIT - 2);
    });

    it('at every place of the names that we write, whose escapes are whole too', () => {
      const format = createKeyValueFormat({ separator: '__' });
      const options: NaiveOptions = { ...naiveDefaults, separator: '__' };
      for (let topicBytes = 300; topicBytes < LIMIT; topicBytes++) {
        const [Key, Value] = [Buffer.from('k'), Buffer.from('v')];
        const Topic = Buffer.from('t'.repeat(topicBytes));
        const Logs = [{ Time: 1, TimeNs: 7, Contents: [{ Key, Value: Buffer.from('v'.repeat(LIMIT)) }] }];
        const groups = [{ Logs, Topic, LogTags: [{ Key, Value }] }];
        const expected = naiveCutMessages(naiveLogs(groups)[0]!, 0, options, { maxBytes: LIMIT, oversize: 'truncate' });
        expect(messages(encodeLogGroupList(groups), { format })).toEqual(expected);
      }
    });

    it('and counted', () => {
      const raw = Buffer.concat([groupOf('a'.repeat(1000)), groupOf('b'), groupOf('c'.repeat(1000))]);
      const { counts, frameCount } = encodeAll(create(), raw);
      expect({ ...counts, frameCount }).toMatchObject({ logs: 3, truncated: 2, split: 0, frameCount: 3 });
    });

    it('in datagrams by the smaller of the two limits', () => {
      const datagramsOf = (maxMessageBytes: number, maxDatagramBytes: number) =>
        encodeAll(create({ framing: 'datagram', maxMessageBytes, maxDatagramBytes }), groupOf('a'.repeat(2000)))
          .datagrams;
      expect(datagramsOf(600, 700).map((each) => each.length)).toEqual([600]);
      expect(datagramsOf(700, 600).map((each) => each.length)).toEqual([600]);
    });
  });

  describe('a split message', () => {
    it('goes on under the same header, and is whole again by concatenation', () => {
      const value = 'é\n|漢\\😀\0'.repeat(100);
      const all = messages(Buffer.concat([groupOf(value), groupOf('next')]), { oversize: 'split' });
      expect(all.length).toBeGreaterThan(4);
      for (const message of all) {
        expect(message.startsWith(HEADER)).toBe(true);
        expect(Buffer.byteLength(message)).toBeLessThanOrEqual(LIMIT);
      }
      const [whole, next] = messages(Buffer.concat([groupOf(value), groupOf('next')]), { maxMessageBytes: 100_000 });
      const texts = all.map((message) => message.slice(HEADER.length));
      expect(HEADER + texts.slice(0, -1).join('')).toBe(whole);
      expect(all.at(-1)).toBe(next);
    });

    it('is counted once, and its log once', () => {
      const raw = Buffer.concat([groupOf('a'.repeat(2000)), groupOf('b')]);
      const { counts, frameCount, bytes } = encodeAll(create({ oversize: 'split' }), raw);
      expect({ ...counts, frameCount }).toMatchObject({ logs: 2, truncated: 0, split: 1, frameCount: 6 });
      expect(counts.frameBytes).toBe(bytes.length);
    });

    it.each([64 << 10, 1 << 20])(
      'takes no more memory than chunks, however large it is: limit %i',
      (maxMessageBytes) => {
        const value = '\0'.repeat(5_000_000);
        const raw = Buffer.concat([groupOf('first'), groupOf(value), groupOf('last')]);
        const encoder = create({ oversize: 'split', maxMessageBytes });
        const encoded = encodeAll(encoder, raw);
        expect(Math.max(...encoded.chunkSizes)).toBeLessThanOrEqual(Math.max(CHUNK_BYTES, maxMessageBytes + 11));
        const texts = lineDeframer()
          .push(encoded.bytes)
          .map((message) => message.toString().slice(HEADER.length));
        expect(texts.slice(1, -1).join('')).toBe(`||__topic__=||__source__=||v=${'\\x00'.repeat(5_000_000)}`);
        expect(texts.at(-1)).toBe('||__topic__=||__source__=||v=last');
      },
    );

    it('is given up when the batch is closed', () => {
      const encodedBatch = create({ oversize: 'split' }).begin(rawBody(groupOf('a'.repeat(1_000_000))));
      // What is read in steps gives empty chunks first.
      let chunk = encodedBatch.next();
      while (chunk?.frameCount === 0) chunk = encodedBatch.next();
      expect(chunk?.frameCount).toBeGreaterThan(100);
      expect(encodedBatch.counts).toMatchObject({ logs: 0, split: 1 });
      encodedBatch.close();
      expect(encodedBatch.next()).toBeUndefined();
    });
  });

  describe('an identity', () => {
    const structuredData = (rest: string) =>
      `[sls@32473 project="web-logs" logstore="access_log" shard="3" cursor="MTQ0NzI5" ${rest}]`;

    it('says where the log is: the cursor of the pull, and the place in the batch, over all groups', () => {
      const raw = Buffer.concat([group(log(time(1)), log(time(1))), group(), group(log(time(1)))]);
      const head = HEADER.replace(/- $/, '');
      expect(messages(raw, WITH_IDENTITY)).toEqual(
        [0, 1, 2].map((index) => `${head}${structuredData(`index="${index}"`)} ||__topic__=||__source__=`),
      );
    });

    it('numbers the parts of a split log, and counts within the limit', () => {
      const all = messages(Buffer.concat([groupOf('a'.repeat(800)), groupOf('b')]), {
        ...WITH_IDENTITY,
        oversize: 'split',
      });
      const found = all.map((message) => [/index="\d+"[^\]]*/.exec(message)?.[0], message.length]);
      expect(found).toEqual([
        ['index="0" part="1"', LIMIT],
        ['index="0" part="2"', LIMIT],
        ['index="0" part="3"', expect.any(Number)],
        ['index="1"', expect.any(Number)],
      ]);
      expect(messages(groupOf('a'.repeat(800)), WITH_IDENTITY)[0]).toHaveLength(LIMIT);
    });

    it('counts within the limit, whatever the index', () => {
      const last = (valueBytes: number) => {
        const logs = [
          ...Array.from({ length: 10 }, () => log(time(1))),
          log(time(1), content('v', 'a'.repeat(valueBytes))),
        ];
        const encoded = encodeAll(create(WITH_IDENTITY), group(...logs), ORIGIN);
        return { length: lineDeframer().push(encoded.bytes)[10]!.length, truncated: encoded.counts.truncated };
      };
      const without = last(0).length;
      expect(last(LIMIT - without)).toEqual({ length: LIMIT, truncated: 0 });
      expect(last(LIMIT - without + 1)).toEqual({ length: LIMIT, truncated: 1 });
    });

    it('escapes what would end a value, and lets no control character through', () => {
      const encoder = create(WITH_IDENTITY);
      const origin = { ...ORIGIN, project: 'a"b\\c]d', shard: 0, cursor: '\n]"' };
      const { bytes } = encodeAll(encoder, group(log(time(1))), origin);
      expect(bytes.toString()).toContain(' project="a\\"b\\\\c\\]d" logstore="access_log" shard="0" cursor="_\\]\\"" ');
    });

    it.each([
      [{ lead: leadWith({ identity: IDENTITY, rfc: '3164' }) }, 'RFC 3164 has no structured data'],
      [
        { lead: leadWith({ identity: { enterpriseId: 0 } }) },
        'enterprise id is 0; it must be a whole number from 1 to 4294967295',
      ],
      [{ lead: leadWith({ identity: { enterpriseId: 1.5 } }) }, 'enterprise id is 1.5'],
      [{ lead: leadWith({ identity: IDENTITY, hostname: 'h'.repeat(240) }) }, /message is 480 bytes; .* from \d{3} to/],
    ])('is refused where it cannot be: %j', (options, why) => {
      expect(() => create({ ...WITH_IDENTITY, ...options })).toThrow(why);
      expect(() => create({ ...WITH_IDENTITY, ...options })).toThrow(
        expect.objectContaining({ code: 'encoder-options', action: 'fatal' }),
      );
    });

    it('takes an origin, whose names and cursor leave room for the text', () => {
      const encoder = create(WITH_IDENTITY);
      const body = rawBody(group(log(time(1))));
      expect(() => encoder.begin(body)).toThrow('without an origin');
      expect(() => encoder.begin(body, { ...ORIGIN, shard: 5, cursor: 'c'.repeat(500) })).toThrow(
        /up to 6\d\d bytes, since the project is web-logs, the logstore access_log, and a cursor of shard 5 has 500, and a message may have 480/,
      );
      expect(() => encoder.begin(body, { ...ORIGIN, logstore: 'l'.repeat(400) })).toThrow('allow larger messages');
    });
  });

  describe('options', () => {
    it.each([
      [{ maxMessageBytes: 479 }, 'size of a message is 479 bytes; it must be a whole number from 480'],
      [{ maxMessageBytes: Number.NaN }, 'size of a message is NaN bytes'],
      [{ maxMessageBytes: 2 ** 31 }, 'to 2147483647'],
    ])('refuse %j', (options, why) => {
      expect(() => create(options)).toThrow(why);
    });
  });
});
