import { compressSync } from 'lz4-napi';
import { describe, expect, it } from 'vitest';
import { CorruptBatchError } from '../../../src/core/errors.ts';
import { CHUNK_BYTES } from '../../../src/encode/encoder-parts.ts';
import type { EncoderOptions } from '../../../src/encode/frame/encoder-options.ts';
import { createEscapeTable } from '../../../src/format/parts/escape-table.ts';
import { encodeAll, encoderDefaults, rawBody } from '../../support/oracles/encode.ts';
import { encoders } from '../../support/oracles/encoders.ts';
import { lineDeframer, octetCountingDeframer } from '../../support/receivers/deframe.ts';
import { content, group, log, logTag, source, time, timeNs, topic } from '../../support/service/wire.ts';

const HEADER = '<14>1 1970-01-01T00:00:01Z host app - - - ';

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  function messages(raw: Uint8Array, options: Partial<EncoderOptions> = {}): string[] {
    const encoder = createEncoder({ ...encoderDefaults, framing: 'lf', ...options });
    const { bytes, error } = encodeAll(encoder, raw);
    expect(error).toBeUndefined();
    return lineDeframer()
      .push(bytes)
      .map((text) => text.toString());
  }

  /** One group of so many logs, each with its number and a value of so many bytes. */
  function batch(logCount: number, valueBytes: number): Buffer {
    const value = 'x'.repeat(valueBytes);
    const logs = Array.from({ length: logCount }, (_, n) => log(time(1), content('n', String(n)), content('v', value)));
    return group(...logs);
  }

  describe('flattening', () => {
    it('is the text of the official example: topic, source, time part, tags, contents', () => {
      const raw = group(
        log(time(1), content('a', '1'), content('b', 'x=y'), timeNs(123_456_789)),
        topic('audit'),
        source('10.0.0.1'),
        logTag('__hostname__', 'web'),
        logTag('pack', '7'),
      );
      expect(messages(raw)).toEqual([
        '<14>1 1970-01-01T00:00:01.123456Z host app - - - ||__topic__=audit||__source__=10.0.0.1' +
          '||__time_ns_part__=123456789||__tag__:__hostname__=web||__tag__:pack=7||a=1||b=x=y',
      ]);
    });

    it('has an empty topic and source where there is none, and no time part where TimeNs is 0', () => {
      expect(messages(group(log(time(1)), log(time(1), timeNs(0))))).toEqual([
        `${HEADER}||__topic__=||__source__=`,
        `${HEADER.replace('Z', '.000000Z')}||__topic__=||__source__=`,
      ]);
    });

    it('keeps fields of the same name under names of their own, and escapes in topic, source and tags as well', () => {
      const raw = group(
        log(time(1), content('a', '1'), content('a', '2')),
        topic('a|b'),
        source('\n'),
        logTag('x=y', '='),
      );
      expect(messages(raw)).toEqual([`${HEADER}||__topic__=a\\|b||__source__=\\n||__tag__:x\\=y==||a=1||sls_a=2`]);
    });

    it('writes any row of format data', () => {
      const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
      const quoted = createEscapeTable([
        [0x22, '\\"'],
        [0x5c, '\\\\'],
        [0x0a, '\\n'],
      ]);
      const format = {
        name: 'json',
        prefix: text('{'),
        firstSeparator: text('"'),
        separator: text('","'),
        keyEscape: quoted,
        keyValueSign: text('":"'),
        valueEscape: quoted,
        suffix: text('"}'),
      };
      const raw = group(log(time(1), content('say "hi"', 'a\\b\n')), topic('t'), logTag('k', 'v'));
      const [line] = messages(raw, { format });
      expect(JSON.parse(line!.slice(HEADER.length))).toEqual({
        __topic__: 't',
        __source__: '',
        '__tag__:k': 'v',
        'say "hi"': 'a\\b\n',
      });
    });
  });

  describe('slices', () => {
    it('are full chunks of whole frames, in order', () => {
      const encoded = encodeAll(createEncoder(encoderDefaults), batch(10_000, 300));
      expect(encoded.chunkSizes.length).toBeGreaterThan(5);
      for (const size of encoded.chunkSizes.slice(0, -1)) {
        expect(size).toBeLessThanOrEqual(CHUNK_BYTES);
        expect(size).toBeGreaterThan(CHUNK_BYTES * 0.98);
      }
      const all = octetCountingDeframer().push(encoded.bytes);
      expect(all.map((text) => Number(/\|\|n=(\d+)/.exec(text.toString())?.[1]))).toEqual(
        Array.from({ length: 10_000 }, (_, n) => n),
      );
      expect(encoded.counts).toEqual({
        logs: 10_000,
        rawBytes: batch(10_000, 300).length,
        frameBytes: encoded.bytes.length,
        truncated: 0,
        split: 0,
        renamedFields: 0,
        deadLettered: 0,
        dropped: 0,
        droppedBy: [],
      });
    });

    it('begin and end with whole frames', () => {
      const encodedBatch = createEncoder(encoderDefaults).begin(rawBody(batch(3000, 300)));
      for (let chunk = encodedBatch.next(); chunk !== undefined; chunk = encodedBatch.next()) {
        const deframer = octetCountingDeframer();
        expect(deframer.push(chunk.bytes)).toHaveLength(chunk.frameCount);
        expect(deframer.pending).toBe(0);
        chunk.release();
      }
      encodedBatch.close();
    });

    it.each(['octet-counting', 'lf', 'datagram'] as const)(
      'end with so many frames, where that is asked for: %s',
      (framing) => {
        const raw = batch(100, 300);
        const whole = encodeAll(createEncoder({ ...encoderDefaults, framing }), raw);
        const cut = encodeAll(createEncoder({ ...encoderDefaults, framing, maxChunkFrames: 7 }), raw);
        expect(cut.chunkSizes).toHaveLength(Math.ceil(100 / 7));
        expect(cut.bytes.equals(whole.bytes)).toBe(true);
        expect(cut.datagrams).toEqual(whole.datagrams);
        expect(cut.counts).toEqual(whole.counts);
      },
    );

    it('end with the frame that brings them to so many bytes, where that is asked for', () => {
      const raw = batch(100, 300);
      const whole = encodeAll(createEncoder(encoderDefaults), raw);
      const cut = encodeAll(createEncoder({ ...encoderDefaults, maxChunkBytes: 1_000 }), raw);
      for (const size of cut.chunkSizes.slice(0, -1)) {
        expect(size).toBeGreaterThanOrEqual(1_000);
        expect(size).toBeLessThan(1_500);
      }
      expect(cut.bytes.equals(whole.bytes)).toBe(true);
      const single = encodeAll(createEncoder({ ...encoderDefaults, maxChunkBytes: 1 }), raw);
      expect(single.chunkSizes).toHaveLength(100);
      expect(single.bytes.equals(whole.bytes)).toBe(true);
    });

    it('that were cut short report damage as the whole ones do', () => {
      const raw = Buffer.concat([batch(10, 30), Buffer.from([0xff])]);
      const cut = encodeAll(createEncoder({ ...encoderDefaults, maxChunkFrames: 5 }), raw);
      expect(cut.frameCount).toBe(10);
      expect(cut.error).toBeInstanceOf(CorruptBatchError);
    });

    it('grow for a log that is larger than a chunk, escaped or not', () => {
      for (const value of ['x'.repeat(1_000_000), '\0'.repeat(300_000), '|'.repeat(200_000), '\n'.repeat(100_000)]) {
        const raw = group(
          log(time(1), content('a', '1')),
          log(time(1), content('v', value)),
          log(time(1), content('z', '2')),
        );
        const texts = messages(raw);
        expect(texts).toHaveLength(3);
        const escaped = value.replaceAll('\0', '\\x00').replaceAll('|', '\\|').replaceAll('\n', '\\n');
        expect(texts[1]).toBe(`${HEADER}||__topic__=||__source__=||v=${escaped}`);
      }
    });

    it.each([
      ['value', logTag('k', '\0'.repeat(100_000))],
      ['key', logTag('\0'.repeat(100_000), 'v')],
      ['topic', topic('\0'.repeat(100_000))],
    ])('hold a group whose tags are larger than a chunk: %s', (_, shared) => {
      const raw = group(log(time(1), content('a', '1')), log(time(1), content('b', '2')), shared);
      const [first, second] = messages(raw);
      expect(first?.match(/\\x00/g)).toHaveLength(100_000);
      expect(second).toBe(first?.replace(/a=1$/, 'b=2'));
    });

    it('are none for a batch without logs', () => {
      const encoder = createEncoder(encoderDefaults);
      for (const raw of [Buffer.alloc(0), group(), Buffer.concat([group(topic('t')), group(logTag('k', 'v'))])]) {
        const encodedBatch = encoder.begin(rawBody(raw));
        expect(encodedBatch.next()).toBeUndefined();
        expect(encodedBatch.next()).toBeUndefined();
        expect(encodedBatch.counts).toEqual({
          logs: 0,
          rawBytes: raw.length,
          frameBytes: 0,
          truncated: 0,
          split: 0,
          renamedFields: 0,
          deadLettered: 0,
          dropped: 0,
          droppedBy: [],
        });
      }
    });

    it('may come by turns from several batches', () => {
      const encoder = createEncoder(encoderDefaults);
      const raws = [batch(2000, 300), group(topic('other'), ...[1, 2, 3].map((n) => log(time(n)))), batch(1500, 500)];
      const open = raws.map((raw) => ({
        encodedBatch: encoder.begin(rawBody(raw)),
        pieces: [] as Buffer[],
        done: false,
      }));
      while (open.some(({ done }) => !done)) {
        for (const one of open) {
          const chunk = one.encodedBatch.next();
          if (chunk === undefined) one.done = true;
          else {
            one.pieces.push(Buffer.from(chunk.bytes));
            chunk.release();
          }
        }
      }
      for (const [index, { pieces }] of open.entries()) {
        expect(Buffer.concat(pieces).equals(encodeAll(encoder, raws[index]!).bytes)).toBe(true);
      }
    });

    it('end when the batch is closed', () => {
      const encodedBatch = createEncoder(encoderDefaults).begin(rawBody(batch(3000, 300)));
      encodedBatch.next()?.release();
      encodedBatch.close();
      encodedBatch.close();
      expect(encodedBatch.next()).toBeUndefined();
    });
  });

  describe('a body', () => {
    it('is unpacked first', () => {
      const raw = batch(10, 10);
      const bytes = compressSync(raw).subarray(4);
      const encodedBatch = createEncoder(encoderDefaults).begin({
        bytes,
        compression: 'lz4',
        rawSize: raw.length,
      });
      expect(encodedBatch.counts.rawBytes).toBe(raw.length);
      expect(encodedBatch.next()?.frameCount).toBe(10);
    });

    it('that cannot be is refused at once', () => {
      const encoder = createEncoder({ ...encoderDefaults, maxRawBytes: 99 });
      expect(() => encoder.begin(rawBody(Buffer.alloc(100)))).toThrow('more than 99 are not accepted');
    });

    it('that is damaged gives what comes before the damage, then the error, again and again', () => {
      const raw = Buffer.concat([group(log(time(1), content('a', '1'))), group(log(content('no', 'time')))]);
      const encodedBatch = createEncoder(encoderDefaults).begin(rawBody(raw));
      expect(encodedBatch.next()?.frameCount).toBe(1);
      expect(encodedBatch.counts.logs).toBe(1);
      for (let attempt = 0; attempt < 2; attempt++) {
        expect(() => encodedBatch.next()).toThrow(
          expect.objectContaining({
            code: 'corrupt-batch',
            action: 'reject',
            message: expect.stringContaining('no Time'),
          }),
        );
      }
      encodedBatch.close();
    });
  });
});
