/**
 * One field's value as the message, and nothing else: for logs that hold a whole line, or a message in another format
 * already, in one field. A log without that field is an empty message.
 *
 * `standard` writes control characters as `\n`, `\r`, `\t` and `\xHH`, and leaves everything else as it is, a backslash
 * too: what comes out is to be read, not undone. `none` does so with line breaks only, which would end the message.
 */
import { controlEntries, controlEscape, NOTHING } from '../parts/bytes.ts';
import { createEscapeTable } from '../parts/escape-table.ts';
import type { FormatRow } from '../parts/format-row.ts';
import { parsePlace } from '../parts/value-place.ts';

export interface RawOptions {
  /** As value-place.ts says, JSON paths included; default `content`. */
  readonly rawField?: string;
  /** Default `standard`. */
  readonly escape?: 'standard' | 'none';
}

/** Where Log Service's agent puts a whole line. */
export const DEFAULT_RAW_FIELD = 'content';

/** No value is longer: a batch has at most 256 MiB. */
const NO_LIMIT = 0x7fff_ffff;

/** @throws AppError code `format`, action `fatal`: the field's name cannot be read */
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
