/** The settings `include`, `exclude`, `rename` and `no-tags` → `FieldSelection`. Pure. */
import { z } from 'zod';
import type { Plain } from '../schema/plain.ts';
import { type TextSchema, textSchema } from '../schema/text.ts';
import { fieldNameProblem, utf8 } from './field-name.ts';
import { type FieldSelection, TAG_PREFIX } from './field-selection.ts';
import { isServiceName } from './service-names.ts';

/** Whether a flattened name matches; takes at most the name's length × the pattern's. */
export type Glob = (name: string) => boolean;

/** `*` matches any text, perhaps none; `?` any character; all else itself. There is no escape: `?` matches `*` too. */
export const glob: TextSchema<Glob> = textSchema((pattern) => {
  if (!/[*?]/.test(pattern)) return (name) => name === pattern;
  const parts = [...pattern];
  return (name) => fits(parts, [...name]);
});

/**
 * Backtracks only to the last `*`: where an earlier one could match another length, the last `*` can match the
 * difference.
 */
function fits(pattern: readonly string[], name: readonly string[]): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let starEnd = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      starEnd = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++starEnd;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

export interface Rename {
  /** The flattened name before renaming. */
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** `rename`: `{request_uri: request}`, old name → new name. */
export const renameSchema = z.record(z.string(), z.string()).transform((given, context): readonly Rename[] => {
  const renames = Object.entries(given);
  return renames.map(([from, to], index) => {
    const complain = (message: string): never => {
      context.addIssue({ code: 'custom', path: [from], message });
      return z.NEVER;
    };
    if (from === '' || to === '') return complain('cannot be used: the field or its new name is empty; give both');
    const [taken] = renames.find(([, other]) => other === to) ?? [];
    if (taken !== undefined && renames.findIndex(([, other]) => other === to) < index) {
      return complain(
        `is already the new name of ${JSON.stringify(taken.slice(0, 80))}; each field needs its own new name`,
      );
    }
    if (isServiceName(utf8(to)) && !isServiceName(utf8(from))) {
      return complain(
        `cannot be a new name: only Log Service uses the name ${JSON.stringify(to)}; choose another name`,
      );
    }
    const problem = fieldNameProblem(from);
    if (problem !== undefined) return complain(`cannot be the new name of ${JSON.stringify(from)}, which ${problem}`);
    return { from: utf8(from), to: utf8(to) };
  });
}) as z.ZodType<readonly Rename[], Plain>;

export interface SelectionForm {
  /** Absent: every field. */
  readonly include?: readonly Glob[] | undefined;
  /** Wins over `include`. */
  readonly exclude?: readonly Glob[] | undefined;
  readonly rename?: readonly Rename[] | undefined;
  /** Tags (`__tag__:…`) are left out, whatever `include` says. */
  readonly noTags?: boolean | undefined;
}

/** @returns undefined where every field is written under its own name */
export function createFieldSelection({
  include,
  exclude = [],
  rename = [],
  noTags = false,
}: SelectionForm): FieldSelection | undefined {
  if (include === undefined && exclude.length === 0 && rename.length === 0 && !noTags) return undefined;
  const newNames = new Map(rename.map(({ from, to }) => [latin1(from), to]));
  const tagPrefix = latin1(TAG_PREFIX);
  return (name) => {
    const bytes = latin1(name);
    if (noTags && bytes.startsWith(tagPrefix)) return 'drop';
    const text = Buffer.from(bytes, 'latin1').toString('utf8');
    if (include !== undefined && !include.some((each) => each(text))) return 'drop';
    if (exclude.some((each) => each(text))) return 'drop';
    return newNames.get(bytes) ?? 'keep';
  };
}

/** Text with one character a byte, as names need not be UTF-8. */
function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}
