/** What one row of the table of settings holds, and the names by which it can be set. */
import type { z } from 'zod';
import type { Plain, Structure } from '../../schema/plain.ts';
import type { TextSchema } from '../../schema/text.ts';

export type SettingGroup =
  | 'service'
  | 'group'
  | 'selection'
  | 'message'
  | 'format'
  | 'receiver'
  | 'delivery'
  | 'operation';

export interface SettingInfo {
  readonly group: SettingGroup;
  /** The environment variables; the first is the one to recommend. */
  readonly variables: readonly [string, ...string[]];
  /** What follows the flag in the help: `<host>`; absent for a switch, which takes no value. */
  readonly placeholder?: string;
  readonly description: string;
  /** Further names of the flag and the file's key, without dashes in front. */
  readonly aliases?: readonly string[];
  /** No flag: the value would show in `ps`. */
  readonly noFlag?: boolean;
  /** Not in the file: it says which file. */
  readonly noFile?: boolean;
  /** In none of the file's sections, although others of its group are. */
  readonly wholeProcess?: boolean;
  /** May be given several times, or as a list. */
  readonly repeatable?: boolean;
  /**
   * The value is a list or a mapping, and the schema takes `Plain` (see plain.ts for what it complains of): in the file
   * it is YAML like the rest; a flag or variable holds YAML flow text (`{field: status, in: [500, 502]}`), and of a
   * mapping also `name=value`. A flag that is given several times makes one list, or one mapping. `texts`: a text, or a
   * list of texts; YAML only with a `[` in front.
   */
  readonly structure?: Structure;
  /** What may be shown of a value in errors and logs; absent: all of it. */
  readonly mask?: (text: string) => string;
}

/**
 * `T` is what the configuration ends up with, for each way of leaving the setting out: an error (`required`), a
 * default as a user would write it, a default that is worked out, or nothing (`optional`).
 */
export interface Setting<T> extends SettingInfo {
  /** For one value, also where the setting is repeatable; takes text, or `Plain` where there is a structure. */
  readonly schema: z.ZodType<unknown, unknown>;
  readonly absent: 'required' | 'default' | 'derived' | 'optional';
  /** The default in a user's words, or how it is worked out. */
  readonly defaultText?: string;
  /** Only a type: the table's rows give the configuration its types. */
  readonly valueType?: T;
}

export function required<T>(schema: TextSchema<T>, info: SettingInfo): Setting<T> {
  return { ...info, schema, absent: 'required' };
}

export function defaulted<T>(schema: TextSchema<T>, defaultText: string, info: SettingInfo): Setting<T> {
  return { ...info, schema, absent: 'default', defaultText };
}

/** `derive.ts` works it out, and `explained` says how. */
export function derived<T>(schema: TextSchema<T>, explained: string, info: SettingInfo): Setting<T> {
  return { ...info, schema, absent: 'derived', defaultText: explained };
}

export function optional<T>(schema: TextSchema<T>, info: SettingInfo): Setting<T | undefined> {
  return { ...info, schema, absent: 'optional' };
}

export function repeatable<T>(schema: TextSchema<T>, info: SettingInfo): Setting<readonly T[] | undefined> {
  return { ...info, schema, absent: 'optional', repeatable: true };
}

export function requiredList<T>(schema: TextSchema<T>, info: SettingInfo): Setting<readonly T[]> {
  return { ...info, schema, absent: 'required', repeatable: true };
}

/** A value with a structure; see `SettingInfo.structure`. */
export function structured<T>(
  schema: z.ZodType<T, Plain>,
  info: SettingInfo & { readonly structure: Structure },
): Setting<T | undefined> {
  return { ...info, schema, absent: 'optional' };
}

/** The mask of a secret: nothing of it is shown. */
export const hidden = () => '[redacted]';

/** `maxInFlight`, `max_in_flight` → `max-in-flight` */
export function kebabCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
}
