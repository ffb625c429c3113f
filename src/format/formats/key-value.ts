/**
 * Key=value, the default format: `||k=v||k=v`, with the separator before each field. The official consumer example for
 * syslog sends this text, so rules that a SIEM already has keep working.
 *
 * `standard` escapes characters that could forge structure, unambiguously: `\` always starts an escape, the separator's
 * first byte without a `\` before it starts a separator, and a field's first `=` without a `\` before it ends the key.
 *
 *     \ → \\    LF → \n    CR → \r    TAB → \t    other control characters and DEL → \xHH
 *     the separator's first byte → \ and that byte    in keys also = → \=
 *
 * Bytes from 0x80 up pass unchanged, valid UTF-8 or not.
 *
 * `none` is the example's raw text, but for line breaks (LF → \n, CR → \r), which would end the message. Names are raw
 * too, also where a log's own field has the name of one of the service's.
 */
import { AppError } from '../../core/errors.ts';
import { createEscapeTable } from '../parts/escape-table.ts';
import type { FormatRow } from '../parts/format-row.ts';

export type KeyValueEscape = 'standard' | 'none';

export interface KeyValueOptions {
  /** Written before every field; default `||`. */
  readonly separator?: string;
  /** Default `standard`. */
  readonly escape?: KeyValueEscape;
}

/** Escapes of line breaks, which would end the message. */
export const LINE_BREAKS: readonly (readonly [number, string])[] = [
  [0x0a, '\\n'],
  [0x0d, '\\r'],
];

/** @throws AppError with code `format` and action `fatal`: the separator cannot be used */
export function createKeyValueFormat(options: KeyValueOptions = {}): FormatRow {
  const separator = options.separator ?? '||';
  const mode = options.escape ?? 'standard';
  checkSeparator(separator, mode);
  const valueEntries = mode === 'none' ? LINE_BREAKS : standardEntries(separator);
  const keyEntries = mode === 'none' ? valueEntries : [...valueEntries, [0x3d, '\\='] as const];
  const separatorBytes = Uint8Array.from(Buffer.from(separator, 'utf8'));
  const nothing = new Uint8Array(0);
  return {
    name: 'kv',
    prefix: nothing,
    firstSeparator: separatorBytes,
    separator: separatorBytes,
    keyEscape: createEscapeTable(keyEntries),
    keyValueSign: Uint8Array.of(0x3d),
    valueEscape: createEscapeTable(valueEntries),
    suffix: nothing,
    ...(mode === 'none' && { keepsNames: true }),
  };
}

function standardEntries(separator: string): [number, string][] {
  const entries: [number, string][] = [];
  for (let byte = 0; byte < 0x20; byte++) entries.push([byte, hexEscape(byte)]);
  entries.push([0x7f, hexEscape(0x7f)], [0x09, '\\t'], [0x0a, '\\n'], [0x0d, '\\r'], [0x5c, '\\\\']);
  const first = separator.charCodeAt(0);
  // A control character is escaped already, by a text without it.
  if (!isControl(first)) entries.push([first, `\\${separator[0]}`]);
  return entries;
}

function checkSeparator(separator: string, mode: KeyValueEscape): void {
  if (separator === '') throw unusable(separator, 'is empty: fields could not be told apart');
  if (/[\r\n]/.test(separator)) {
    throw unusable(separator, 'contains a line break, which ends a message at many receivers');
  }
  if (mode === 'none') return;
  const first = separator.charCodeAt(0);
  const why = whyNotEscapable(first);
  if (why !== undefined) {
    throw unusable(separator, `begins with ${why}, so it could not be escaped safely inside a value`);
  }
}

function whyNotEscapable(first: number): string | undefined {
  if (first >= 0x80) return 'a character outside ASCII';
  if (first === 0x5c) return 'a backslash, which starts every escape';
  if (first === 0x3d) return '"=", which ends the key';
  if (/[0-9A-Za-z]/.test(String.fromCharCode(first))) return 'a letter or a digit';
  return undefined;
}

function unusable(separator: string, why: string): AppError {
  return new AppError(
    `The separator ${JSON.stringify(separator)} ${why}. Use one that begins with another ASCII character, for example "||", ";" or a TAB.`,
    { code: 'format', action: 'fatal', context: { separator } },
  );
}

function isControl(byte: number): boolean {
  return byte < 0x20 || byte === 0x7f;
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
