/** Format names, as the configuration spells them, and what makes their rows. */
import { AppError } from '../errors.ts';
import type { FormatRow } from './format-row.ts';
import { createKeyValueFormat, type KeyValueOptions } from './key-value.ts';

/** The options of all formats; each takes those that it knows. */
export type FormatOptions = KeyValueOptions;

const formats: ReadonlyMap<string, (options: FormatOptions) => FormatRow> = new Map([['kv', createKeyValueFormat]]);

export const formatNames: readonly string[] = [...formats.keys()];

/** @throws AppError code `format`, action `fatal`: no such format, or its options do not fit together */
export function createFormat(name: string, options: FormatOptions = {}): FormatRow {
  const create = formats.get(name);
  if (create === undefined) {
    throw new AppError(`There is no format ${JSON.stringify(name)}; there is: ${formatNames.join(', ')}.`, {
      code: 'format',
      action: 'fatal',
      context: { format: name },
    });
  }
  return create(options);
}
