import { describe, expect, it } from 'vitest';
import { createKeyValueFormat } from '../../../../src/format/formats/key-value.ts';
import { createEscapeTable, maxExpansion } from '../../../../src/format/parts/escape-table.ts';
import { type FormatRow, isSingleLine } from '../../../../src/format/parts/format-row.ts';

describe('an escape table', () => {
  it('gives every escaped byte a class and a replacement; class 0 passes', () => {
    const table = createEscapeTable([
      [65, 'x'],
      [255, 'yyy'],
    ]);
    expect(table.classes).toHaveLength(256);
    expect([...table.classes].filter((escapeClass) => escapeClass !== 0)).toHaveLength(2);
    expect(Buffer.from(table.replacements[table.classes[255]!]!).toString()).toBe('yyy');
    expect(maxExpansion(table)).toBe(3);
    expect(maxExpansion(createEscapeTable([]))).toBe(1);
  });

  it('takes the later of two replacements for a byte', () => {
    const table = createEscapeTable([
      [65, 'x'],
      [65, 'z'],
    ]);
    expect(Buffer.from(table.replacements[table.classes[65]!]!).toString()).toBe('z');
  });

  it('has room for 255 classes, and says so when asked for more', () => {
    const all = Array.from({ length: 256 }, (_, byte) => [byte, '?'] as const);
    expect(() => createEscapeTable(all.slice(1))).not.toThrow();
    expect(() => createEscapeTable(all)).toThrow('at most 255');
  });
});

describe('isSingleLine', () => {
  const row = createKeyValueFormat();
  const lineFeed = Uint8Array.of(10);
  const cases: [string, FormatRow][] = [
    ['a constant', { ...row, suffix: lineFeed }],
    ['an escape that lets it pass', { ...row, valueEscape: createEscapeTable([]) }],
    ['a replacement', { ...row, keyEscape: createEscapeTable([[10, '\r\n']]) }],
  ];
  it.each(cases)('is false where a line feed can come from %s', (_, other) => {
    expect(isSingleLine(row)).toBe(true);
    expect(isSingleLine(other)).toBe(false);
  });
});
