/** What a message's text is made by: a row of data, or code. */
import { type FormatRow, isSingleLine } from './format-row.ts';
import type { TextFormat } from './text-format.ts';

export type Format = FormatRow | TextFormat;

export function isTextFormat(format: Format): format is TextFormat {
  return 'kind' in format;
}

/** True where no log whatsoever can bring a line feed into the text. */
export function writesSingleLines(format: Format): boolean {
  return isTextFormat(format) || isSingleLine(format);
}
