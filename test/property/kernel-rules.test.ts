/** Conditions in the kernel against the reference, one by one, on values that are near to what they ask for. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList } from '../../src/emulator/protocol/log-group-schema.ts';
import type { EncoderOptions } from '../../src/encode/frame/encoder-options.ts';
import { createReferenceEncoder } from '../../src/encode/reference-encoder.ts';
import { createKernelEncoder } from '../../src/kernel/kernel-encoder.ts';
import type { Condition, Rules } from '../../src/rules/rules.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { encodeAll, encoderDefaults, leadWith, rawBody } from '../support/oracles/encode.ts';
import { expectSame } from '../support/oracles/encoder-pair.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const field = bytes('v');

function expectSameUnder(rules: Rules, values: readonly Uint8Array[], options: Partial<EncoderOptions> = {}): void {
  const Logs = values.map((Value, n) => ({ Time: n >> 3, Contents: [{ Key: field, Value }] }));
  const raw = encodeLogGroupList([{ Logs, LogTags: [] }]);
  const all = { ...encoderDefaults, ...options, rules };
  const kernel = createKernelEncoder(all);
  expect(kernel.kind).toBe('kernel');
  expectSame(encodeAll(kernel, raw), encodeAll(createReferenceEncoder(all), raw));
}

const keeping = (keep: Condition): Rules => ({ filters: [{ name: 'where', keep }], classes: [] });

/** Up to 34 characters: what has to be exact, what is left to the reference, and what is no number. */
const decimal = fc
  .tuple(
    fc.constantFrom('', '', '', '-', '+', ' ', '+-'),
    fc.stringMatching(/^[0-9]{0,20}$/),
    fc.constantFrom('', '.', '..'),
    fc.stringMatching(/^[0-9]{0,13}$/),
    fc.constantFrom('', '', '', '', 'e1', 'x', '.'),
  )
  .map((parts) => parts.join(''));

/** The same with one character more, less, or another. */
const neighbours = (text: string): string[] =>
  [text, `${text}0`, `${text}1`, text.slice(0, -1), `0${text}`, `-${text}`].concat(
    [...'0123456789.'].map((digit) => text.slice(0, -1) + digit),
  );

describe('a condition in the kernel', () => {
  it('knows the same numbers, to the last digit', () => {
    fc.assert(
      fc.property(fc.array(decimal, { minLength: 1, maxLength: 10 }), decimal, (texts, other) => {
        for (const bound of [texts[0]!, other]) {
          const number = Number(bound);
          if (Number.isNaN(number)) continue;
          const values = [...texts, bound].flatMap(neighbours).map(bytes);
          expectSameUnder(keeping({ kind: 'range', field, min: number }), values);
          expectSameUnder(keeping({ kind: 'range', field, max: number }), values);
          expectSameUnder(keeping({ kind: 'range', field, min: number, max: number }), values);
        }
      }),
      propertyRuns(60),
    );
  }, 120_000);

  it('rounds as a number is read, where division would round a second time', () => {
    const witnesses = Array.from({ length: 200_000 }, (_, n) => {
      const digits = String(10n ** 17n + ((BigInt(n) * 123_456_789_012_347n) % 10n ** 17n)).slice(0, 16 + (n % 3));
      const places = 1 + (n % 12);
      return { digits, places, text: `${digits.slice(0, -places)}.${digits.slice(-places)}` };
    }).filter(({ digits, places, text }) => Number(digits) / 10 ** places !== Number(text));
    expect(witnesses.length).toBeGreaterThan(20);
    for (const { text } of witnesses.slice(0, 20)) {
      const number = Number(text);
      expectSameUnder(keeping({ kind: 'range', field, min: number, max: number }), [bytes(text)]);
    }
  });

  it('finds texts wherever they are', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\xff'), maxLength: 40 });
    fc.assert(
      fc.property(text, fc.array(fc.tuple(text, text), { maxLength: 20 }), (sought, sides) => {
        const values = sides.flatMap(([left, right]) => [left, left + sought + right, left + sought.slice(1) + right]);
        for (const kind of ['prefix', 'suffix', 'contains'] as const) {
          expectSameUnder(keeping({ kind, field, text: bytes(sought) }), values.map(bytes));
        }
        const some = values.filter((_, n) => n % 2 === 0);
        expectSameUnder(keeping({ kind: 'in', field, values: some.map(bytes) }), [...values, sought].map(bytes));
      }),
      propertyRuns(60),
    );
  }, 120_000);

  it('knows each of many values, and no other', () => {
    const values = Array.from({ length: 3_000 }, (_, n) => bytes(`${n * 7}`.repeat(1 + (n % 5))));
    const listed = values.filter((_, n) => n % 3 === 0);
    expectSameUnder(keeping({ kind: 'in', field, values: listed }), values);
  });

  it('is not kept waiting by a text that nearly is everywhere', () => {
    const long = bytes('a'.repeat(500_000));
    const sought = bytes(`${'a'.repeat(200)}b${'a'.repeat(200)}`);
    expectSameUnder(keeping({ kind: 'contains', field, text: sought }), [long, bytes('a'), sought]);
  });

  it('asks for each value what only the host can answer, and keeps no answer for another', () => {
    const values = Array.from({ length: 2_000 }, (_, n) => bytes('v'.repeat(n % 20) + (n % 97)));
    const odd = (value: Uint8Array) => (value.at(-1)! + value.length) % 2 === 1;
    const rules: Rules = {
      filters: [{ name: 'odd', keep: { kind: 'regex', field, source: 'odd', matches: odd } }],
      classes: [
        { when: { kind: 'regex', field, source: 'long', matches: ({ length }) => length > 9 }, facility: 20 },
        { when: { kind: 'regex', field, source: 'three', matches: ({ length }) => length === 3 }, severity: 1 },
      ],
      severityField: { field, severityOf: (value) => (value.length % 3 === 0 ? undefined : value.length % 8) },
    };
    expectSameUnder(rules, [...values, ...values]);
  });

  it('gives each second and each class a header of its own', () => {
    const values = Array.from({ length: 3_000 }, (_, n) => bytes(`${n % 23}`));
    const classes = Array.from({ length: 20 }, (_, n) => ({
      when: { kind: 'in' as const, field, values: [bytes(`${n}`)] },
      appName: `app${n}`,
      facility: n,
      ...(n % 2 === 0 && { severity: n % 8 }),
    }));
    const severityField = { field, severityOf: (value: Uint8Array) => value[0]! % 8 };
    expectSameUnder({ filters: [], classes, severityField }, values);
    expectSameUnder({ filters: [], classes, severityField }, values, {
      lead: leadWith({ rfc: '3164', timeZone: 'utc' }),
    });
  });

  it('leaves the event loop its turn, however much it asks of the host', () => {
    const Logs = Array.from({ length: 50_000 }, () => ({
      Time: 1,
      Contents: [{ Key: field, Value: bytes('longer than an answer is kept for') }],
    }));
    const rules = keeping({ kind: 'regex', field, source: '$^', matches: () => false });
    const raw = encodeLogGroupList([{ Logs, LogTags: [] }]);
    const batch = createKernelEncoder({ ...encoderDefaults, rules }).begin(rawBody(raw));
    let turns = 0;
    for (let chunk = batch.next(); chunk !== undefined; chunk = batch.next()) turns++;
    expect(turns).toBeGreaterThan(10);
    expect(batch.counts).toMatchObject({ dropped: 50_000, droppedBy: [50_000] });
    batch.close();
  });
});
