/**
 * One field's value as the message's text: for logs that have a whole line, or a message in another format, in one
 * field. The text of a log without that field is empty.
 *
 * `standard` writes control characters as `\n`, `\r`, `\t` and `\xHH`, and leaves everything else as it is, also a
 * backslash: the escapes are for reading, and cannot be undone. `none` escapes only line breaks, which would end the
 * message.
 */
import { controlEntries, controlEscape, NOTHING } from '../parts/bytes.ts';
import { createEscapeTable } from '../parts/escape-table.ts';
import type { FormatRow } from '../parts/format-row.ts';
import { parsePlace } from '../parts/value-place.ts';

export interface RawOptions {
  /** The field, or a JSON path in it, as in value-place.ts; default `content`. */
  readonly rawField?: string;
  /** Default `standard`. */
  readonly escape?: 'standard' | 'none';
}

/** The field in which Log Service's agent puts a whole line. */
export const DEFAULT_RAW_FIELD = 'content';

/** Longer than any value: a batch has at most 256 MiB. */
const NO_LIMIT = 0x7fff_ffff;

/** @throws AppError with code `format` and action `fatal`: the field's name cannot be parsed */
export function createRawFormat(options: RawOptions = {}): FormatRow {
  const controls = controlEntries((byte) => controlEscape(byte));
  const isLineBreak = (byte: number): boolean => byte === 0x0a || byte === 0x0d;
  const table = createEscapeTable(
    options.escape === 'none' ? controls.filter(([byte]) => isLineBreak(byte)) : controls,
  );
  const place = parsePlace(options.rawField ?? DEFAULT_RAW_FIELD);
  return {
    name: 'raw',
    prefix: NOTHING,
    firstSeparator: NOTHING,
    separator: NOTHING,
    keyEscape: table,
    keyValueSign: NOTHING,
    valueEscape: table,
    suffix: NOTHING,
    mapped: {
      head: [
        {
          kind: 'value',
          value: { kind: 'fields', places: [place] },
          escape: table,
          maxCharacters: NO_LIMIT,
          orElse: NOTHING,
        },
      ],
      fields: [],
      rest: false,
    },
  };
}
