/** Texts over the limit in formats that end with something: what is left can be read, and nothing more would have fitted. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFormat, type FormatSpec } from '../../src/format/registry.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { encodeAll, encoderDefaults } from '../support/oracles/encode.ts';
import { encodedText, rawOf } from '../support/oracles/encoded-text.ts';
import { encoders } from '../support/oracles/encoders.ts';
import type { OracleLog } from '../support/oracles/format-oracle.ts';
import { parseJsonObject } from '../support/receivers/parsers/json.ts';
import { parseSdElement } from '../support/receivers/parsers/sd.ts';

const MIN_LIMIT = 480;
const utf8 = (text: string) => new Uint8Array(Buffer.from(text));
const valid = (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);

const stringValue = fc
  .tuple(
    fc.array(fc.constantFrom('"', '\\', '\n', '\0', '\x7f', ']', '=', '|', 'a', 'é', '漢', '😀', '{'), {
      minLength: 1,
    }),
    fc.nat(300),
  )
  .map(([alphabet, length]) => Array.from({ length }, (_, n) => alphabet[n % alphabet.length]).join(''));
/** Text that JSON would write of a value, and nothing else. */
const jsonValue = fc.oneof(
  fc.constantFrom('0', '-1', '200', '0.5', 'true', 'null', '9007199254740991'),
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify({ value, list: [value, 'x'.repeat(40)] })),
);
const names = ['a', 'b', 'a name', 'имя"', 'nested', 'c', 'd'];
const logs: fc.Arbitrary<OracleLog> = fc
  .tuple(
    fc.shuffledSubarray(names, { minLength: 2 }),
    fc.array(fc.tuple(stringValue, jsonValue, fc.nat(3)), { minLength: 7 }),
  )
  .map(([chosen, values]) => ({
    time: 1,
    fields: [
      [utf8('__topic__'), utf8('t')],
      [utf8('__source__'), utf8('')],
      ...chosen.map((name, n): [Uint8Array, Uint8Array] => {
        const [text, json, choice] = values[n]!;
        return [utf8(name), utf8(name === 'nested' || choice === 0 ? json : text)];
      }),
    ],
  }));
/** Limits from which on the text is cut, and some for which it is not. */
const limits = fc.integer({ min: MIN_LIMIT, max: 2_600 });

const quoted = (text: string) => JSON.stringify(text).replaceAll('\x7f', '\\u007f');
const textOf = (value: unknown) => (typeof value === 'string' ? quoted(value) : JSON.stringify(value));

/** The longest of all beginnings that end as an object does: each is made, and measured. */
function longestObject(members: readonly (readonly [string, unknown])[], maxBytes: number): string {
  const object = (texts: readonly string[]) => `{${texts.join(',')}}`;
  const fits = (text: string) => Buffer.byteLength(text) <= maxBytes;
  const texts = members.map(([name, value]) => `${quoted(name)}:${textOf(value)}`);
  const whole = texts.map((_, count) => texts.slice(0, count + 1)).filter((some) => fits(object(some))).length;
  const [name, value] = members[whole] ?? ['', undefined];
  const beginnings =
    typeof value === 'string'
      ? Array.from(value, (_, count) => `${quoted(name)}:${quoted([...value].slice(0, count).join(''))}`)
      : [];
  const candidates = beginnings.map((each) => object([...texts.slice(0, whole), each])).filter(fits);
  return candidates.at(-1) ?? object(texts.slice(0, whole));
}

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  /** Text for which a limit leaves room. */
  function cut(spec: FormatSpec, log: OracleLog, maxMessageBytes: number) {
    const format = createFormat(spec);
    const whole = valid(encodedText(createEncoder, format, log));
    const headBytes = encodeAll(createEncoder({ ...encoderDefaults, format, framing: 'datagram' }), rawOf(log)).bytes
      .length;
    const text = valid(encodedText(createEncoder, format, log, { maxMessageBytes }));
    return { whole, text, roomBytes: maxMessageBytes - headBytes + Buffer.byteLength(whole) };
  }

  it.each<FormatSpec>([
    { format: 'json' },
    { format: 'json', nest: ['nested'] },
    { format: 'json', nest: ['nested', 'a'], inferTypes: true },
  ])('writes as much of an object as fits: %j', (spec) => {
    let cuts = 0;
    fc.assert(
      fc.property(logs, limits, (log, maxMessageBytes) => {
        const { whole, text, roomBytes } = cut(spec, log, maxMessageBytes);
        if (text !== whole) cuts++;
        const members = parseJsonObject(whole);
        expect(parseJsonObject(text).length).toBeLessThanOrEqual(members.length);
        expect(text).toBe(longestObject(members, roomBytes));
      }),
      propertyRuns(150),
    );
    expect(cuts).toBeGreaterThan(0);
  });

  it('writes as much of an element as fits', () => {
    let cuts = 0;
    fc.assert(
      fc.property(logs, limits, (log, maxMessageBytes) => {
        const { whole, text, roomBytes } = cut({ format: 'sd' }, log, maxMessageBytes);
        const { params } = parseSdElement(whole);
        const left = parseSdElement(text).params;
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(roomBytes);
        if (text === whole) return;
        cuts++;
        const [name, value] = left.at(-1)!;
        expect(left.slice(0, -1)).toEqual(params.slice(0, left.length - 1));
        expect(name).toBe(params[left.length - 1]![0]);
        expect(params[left.length - 1]![1].startsWith(value)).toBe(true);
        // Five bytes, of a control character, are the longest piece; an opening is a name, and four bytes more.
        const isWhole = value === params[left.length - 1]![1];
        const next = isWhole ? Buffer.byteLength(params[left.length]![0]) + 4 : 5;
        expect(Buffer.byteLength(text) + next).toBeGreaterThan(roomBytes);
      }),
      propertyRuns(150),
    );
    expect(cuts).toBeGreaterThan(0);
  });
});
