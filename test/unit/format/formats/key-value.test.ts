import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { createKeyValueFormat } from '../../../../src/format/formats/key-value.ts';
import type { EscapeTable } from '../../../../src/format/parts/escape-table.ts';
import { isSingleLine } from '../../../../src/format/parts/format-row.ts';

function replacementOf(table: EscapeTable, byte: number): string | undefined {
  const escapeClass = table.classes[byte]!;
  return escapeClass === 0 ? undefined : Buffer.from(table.replacements[escapeClass]!).toString('latin1');
}

describe('the key=value row', () => {
  it('leads every field with the separator', () => {
    const row = createKeyValueFormat();
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
    expect([row.prefix, row.firstSeparator, row.separator, row.keyValueSign, row.suffix].map(text)).toEqual([
      '',
      '||',
      '||',
      '=',
      '',
    ]);
  });

  it('escapes what could forge structure, and nothing else', () => {
    const { valueEscape, keyEscape } = createKeyValueFormat();
    const named: Record<number, string> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\', 124: '\\|' };
    for (let byte = 0; byte < 256; byte++) {
      const isControl = byte < 32 || byte === 127;
      const expected = named[byte] ?? (isControl ? `\\x${byte.toString(16).padStart(2, '0')}` : undefined);
      expect(replacementOf(valueEscape, byte), `value byte ${byte}`).toBe(expected);
      expect(replacementOf(keyEscape, byte), `key byte ${byte}`).toBe(byte === 61 ? '\\=' : expected);
    }
  });

  it('with escape none replaces only line breaks', () => {
    const { valueEscape, keyEscape } = createKeyValueFormat({ escape: 'none' });
    for (const table of [valueEscape, keyEscape]) {
      for (let byte = 0; byte < 256; byte++) {
        expect(replacementOf(table, byte)).toBe({ 10: '\\n', 13: '\\r' }[byte]);
      }
    }
  });

  it.each([';', ' ', '\t', '__', '|=', '\x01'])('takes the separator %j', (separator) => {
    const row = createKeyValueFormat({ separator });
    expect(Buffer.from(row.separator).toString()).toBe(separator);
    expect(replacementOf(row.valueEscape, separator.charCodeAt(0))).toMatch(/^\\/);
    expect(isSingleLine(row)).toBe(true);
  });

  it.each([
    ['', 'is empty'],
    ['abc', 'a letter or a digit'],
    ['0', 'a letter or a digit'],
    ['\\', 'a backslash'],
    ['=', '"="'],
    ['☃', 'outside ASCII'],
    ['\n', 'line break'],
    ['|\r', 'line break'],
  ])('refuses the separator %j: %s', (separator, why) => {
    const create = (): unknown => createKeyValueFormat({ separator });
    expect(create).toThrow(AppError);
    expect(create).toThrow(why);
    expect(create).toThrow(expect.objectContaining({ code: 'format', action: 'fatal' }));
  });

  it('without an escape takes any separator but nothing and line breaks', () => {
    expect(Buffer.from(createKeyValueFormat({ separator: 'and', escape: 'none' }).firstSeparator).toString()).toBe(
      'and',
    );
    expect(() => createKeyValueFormat({ separator: '', escape: 'none' })).toThrow('is empty');
    expect(() => createKeyValueFormat({ separator: '\n', escape: 'none' })).toThrow('line break');
  });
});
