/** The flattened name of a field, as a user writes it. Pure. */
import { type TextSchema, textSchema } from '../schema/text.ts';

/** Gives the name in UTF-8. */
export const fieldName: TextSchema<Uint8Array> = textSchema((name, complain) => {
  const problem = fieldNameProblem(name);
  return problem === undefined ? utf8(name) : complain(problem);
});

/** @returns the problem of a name that no log's field can have: such a setting would never take effect */
export function fieldNameProblem(name: string): string | undefined {
  if (name === '__time__') return "is the log's time, which is no field";
  if (name === '__tag__:') return 'is what the names of all tags begin with; name one, such as __tag__:__hostname__';
  return undefined;
}

/** @returns memory of its own */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
