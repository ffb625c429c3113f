/** A format for a message's text: a row of data, or code. */
import { type FormatRow, isSingleLine } from './format-row.ts';
import type { TextFormat } from './text-format.ts';

export type Format = FormatRow | TextFormat;

export function isTextFormat(format: Format): format is TextFormat {
  return 'kind' in format;
}

/** True where no log can bring a line feed into the text. */
export function writesSingleLines(format: Format): boolean {
  return isTextFormat(format) || isSingleLine(format);
}

/** Whether the text is the message's STRUCTURED-DATA (RFC 5424). */
export function isStructuredData(format: Format): boolean {
  return !isTextFormat(format) && format.place === 'structured-data';
}
