/** The flattened name of a field, as a user writes it. Pure. */
import { type TextSchema, textSchema } from '../schema/text.ts';

/** Gives the name in UTF-8. */
export const fieldName: TextSchema<Uint8Array> = textSchema((name, complain) => {
  const problem = fieldNameProblem(name);
  return problem === undefined ? utf8(name) : complain(problem);
});

/** @returns the problem of a name that no log's field can have: such a setting would never take effect */
export function fieldNameProblem(name: string): string | undefined {
  if (name === '__time__') return "is the log's time, and not a field";
  if (name === '__tag__:')
    return 'is the beginning of every tag name; give the name of a tag, such as __tag__:__hostname__';
  return undefined;
}

/** @returns memory of its own */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
