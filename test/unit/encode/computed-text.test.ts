/** Texts that code makes of a log. */
import { describe, expect, it } from 'vitest';
import type { EncoderOptions } from '../../../src/encode/frame/encoder-options.ts';
import type { LogView } from '../../../src/format/parts/log-view.ts';
import type { TextFormat } from '../../../src/format/parts/text-format.ts';
import type { Rules } from '../../../src/rules/rules.ts';
import { type Encoded, encodeAll, encoderDefaults, rawBody } from '../../support/oracles/encode.ts';
import { encoders } from '../../support/oracles/encoders.ts';
import { bytes } from '../../support/oracles/naive-rows.ts';
import { lineDeframer } from '../../support/receivers/deframe.ts';
import { content, group, log, logTag, source, time, timeNs, topic } from '../../support/service/wire.ts';

const HEADER = '<14>1 1970-01-01T00:00:01Z host app - - - ';

function textFormat(format: TextFormat['format']): TextFormat {
  return { kind: 'text', name: 'test', format };
}

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  function encode(raw: Uint8Array, format: TextFormat['format'], options: Partial<EncoderOptions> = {}): Encoded {
    const encoder = createEncoder({ ...encoderDefaults, framing: 'lf', ...options, format: textFormat(format) });
    expect(encoder.kind).toBe('reference');
    return encodeAll(encoder, raw);
  }

  function lines({ bytes: frames, error }: Encoded): string[] {
    expect(error).toBeUndefined();
    return lineDeframer()
      .push(frames)
      .map((line) => line.toString());
  }

  it('shows the log as it is, and its fields as they are selected', () => {
    const raw = group(
      log(time(1), content('a', 'ä'), content('a', '2'), content('b', '3'), timeNs(5)),
      log(time(2), content('__tag__:only', 'content')),
      topic('t'),
      source('s'),
      logTag('k', 'v'),
      logTag('k', 'w'),
    );
    const names = ['__topic__', '__source__', '__time_ns_part__', '__tag__:k', '__tag__:only', 'a', 'b', 'c', 'k', ''];
    const seen: unknown[] = [];
    const look = (view: LogView) => {
      const { time: seconds, timeNs: nanoseconds, severity, facility } = view;
      seen.push([seconds, nanoseconds, severity, facility, names.map((name) => view.get(name)), [...view.fields()]]);
      expect(Buffer.from(view.bytes('__topic__')!).toString()).toBe('t');
      return 'text';
    };
    const rules: Rules = {
      filters: [],
      classes: [{ when: { kind: 'exists', field: bytes('b') }, facility: 4, severity: 2 }],
    };
    const fields = (name: Uint8Array) => {
      const text = Buffer.from(name).toString();
      return text === 'b' ? 'drop' : text === 'a' ? bytes('renamed') : 'keep';
    };
    expect(lines(encode(raw, look, { rules, fields }))).toEqual([
      '<34>1 1970-01-01T00:00:01.000000Z host app - - - text',
      '<14>1 1970-01-01T00:00:02Z host app - - - text',
    ]);
    const own = [
      ['__topic__', 't'],
      ['__source__', 's'],
    ];
    const tags = [
      ['__tag__:k', 'v'],
      ['sls___tag__:k', 'w'],
    ];
    expect(seen).toEqual([
      [
        1,
        5,
        2,
        4,
        ['t', 's', '5', 'v', undefined, 'ä', '3', undefined, undefined, undefined],
        [...own, ['__time_ns_part__', '5'], ...tags, ['renamed', 'ä'], ['sls_renamed', '2']],
      ],
      [
        2,
        undefined,
        6,
        1,
        ['t', 's', undefined, 'v', undefined, undefined, undefined, undefined, undefined, undefined],
        [...own, ...tags, ['sls___tag__:only', 'content']],
      ],
    ]);
  });

  it('writes strings as UTF-8 and bytes as they are, without line breaks, in every framing', () => {
    const raw = group(log(time(1)));
    expect(lines(encode(raw, () => 'ä\r\n\t\0漢'))).toEqual([`${HEADER}ä\\r\\n\t\0漢`]);
    const datagram = encode(raw, () => bytes('\xff\n'), { framing: 'datagram' });
    expect(datagram.bytes.toString('latin1')).toBe(`${HEADER}\xff\\n`);
    expect(encode(raw, () => '', { framing: 'octet-counting' }).bytes.toString()).toBe(`42 ${HEADER}`);
  });

  it.each(['truncate', 'split', 'dead-letter'] as const)(
    'rejects a log over which it throws, oversize %s',
    (oversize) => {
      const raw = group(...[1, 2, 3, 4].map((n) => log(time(1), content('n', String(n)))));
      const answers: Record<string, () => unknown> = {
        '1': () => 'first',
        '2': () => {
          throw new Error('secret');
        },
        '3': () => Promise.resolve('later'),
        '4': () => 'last',
      };
      const encoded = encode(raw, (view) => answers[view.get('n')!]!() as string, { oversize });
      expect(lines(encoded)).toEqual([`${HEADER}first`, `${HEADER}last`]);
      expect(encoded.rejected.map(({ index, reason }) => [index, reason])).toEqual([
        [1, 'format'],
        [2, 'format'],
      ]);
      expect(encoded.rejected.map(({ error }) => String(error))).toEqual([
        'Error: secret',
        'TypeError: it returned a promise (it has to be synchronous), neither a string nor a Uint8Array',
      ]);
      expect(Buffer.from(encoded.rejected[0]!.logGroupList)).toEqual(group(log(time(1), content('n', '2'))));
      expect(encoded.counts).toMatchObject({ logs: 2, deadLettered: 2 });
    },
  );

  it('rejects a log of which it makes bytes that cannot be read', () => {
    const givenAway = () => {
      const text = Uint8Array.of(0x61);
      structuredClone(text.buffer, { transfer: [text.buffer] });
      return text;
    };
    const inNameOnly = () => Object.setPrototypeOf({ length: 1 }, Uint8Array.prototype) as Uint8Array;
    for (const make of [givenAway, inNameOnly]) {
      const raw = group(log(time(1), content('n', 'bad')), log(time(1)));
      const encoded = encode(raw, (view) => (view.get('n') === undefined ? 'good' : make()));
      expect(lines(encoded)).toEqual([`${HEADER}good`]);
      expect(encoded.rejected.map(({ index, reason }) => [index, reason])).toEqual([[0, 'format']]);
    }
  });

  it('shows no nanoseconds where the log has more than a second has', () => {
    const raw = group(log(time(1), timeNs(999_999_999)), log(time(1), timeNs(1_000_000_000)));
    const seen: unknown[] = [];
    encode(raw, (view) => {
      seen.push([view.timeNs, view.get('__time_ns_part__')]);
      return '';
    });
    expect(seen).toEqual([
      [999_999_999, '999999999'],
      [undefined, '1000000000'],
    ]);
  });

  it('cuts, splits and rejects what is over the limit, and counts its line breaks as they are written', () => {
    const raw = group(log(time(1)));
    const text = `${'\n'.repeat(300)}漢😀`;
    const whole = `${'\\n'.repeat(300)}漢😀`;
    const options = { maxMessageBytes: 480 };
    const [cut] = lines(encode(raw, () => text, options));
    expect(cut).toBe(`${HEADER}${'\\n'.repeat((480 - HEADER.length) / 2)}`);
    const parts = lines(encode(raw, () => Buffer.from(text), { ...options, oversize: 'split' }));
    expect(parts.map((part) => part.slice(HEADER.length)).join('')).toBe(whole);
    expect(parts).toHaveLength(2);
    const { rejected, frameCount } = encode(raw, () => text, { ...options, oversize: 'dead-letter' });
    expect([rejected.map(({ reason }) => reason), frameCount]).toEqual([['oversize'], 0]);
    expect(
      lines(encode(raw, () => 'x'.repeat(480 - HEADER.length), { ...options, oversize: 'dead-letter' })),
    ).toHaveLength(1);
  });

  it('gives the event loop its turn after some hundred logs, however short their texts', () => {
    const raw = group(...Array.from({ length: 1_000 }, () => log(time(1))));
    const batch = createEncoder({ ...encoderDefaults, format: textFormat(() => 'x') }).begin(rawBody(raw));
    const frames: number[] = [];
    for (let chunk = batch.next(); chunk !== undefined; chunk = batch.next()) frames.push(chunk.frameCount);
    expect(frames).toEqual([256, 256, 256, 232]);
    batch.close();
  });

  it('keeps the rest of a text that is split, whatever becomes of the memory that it was in', () => {
    const memory = new Uint8Array(2_000).fill(0x61);
    const encoder = createEncoder({
      ...encoderDefaults,
      framing: 'lf',
      maxMessageBytes: 480,
      maxChunkFrames: 1,
      oversize: 'split',
      format: textFormat(() => memory),
    });
    const batch = encoder.begin(rawBody(group(log(time(1)))));
    const parts: string[] = [];
    for (let chunk = batch.next(); chunk !== undefined; chunk = batch.next()) {
      parts.push(Buffer.from(chunk.bytes).toString().trimEnd().slice(HEADER.length));
      memory.fill(0x62);
    }
    expect(parts.join('')).toBe('a'.repeat(2_000));
    batch.close();
  });
});
