/**
 * Regular expressions that users write, in RE2's syntax, by re2js, whose time is linear in the text. See
 * docs/adr/0005-regular-expressions.md. Pure.
 */
import { createRequire } from 'node:module';
import { type TextSchema, textSchema } from '../schema/text.ts';

export interface Regex {
  /** The expression as the user wrote it. */
  readonly source: string;
  /**
   * Whether the expression matches anywhere in the value, which is read as UTF-8 (invalid UTF-8 as U+FFFD). Time: at
   * worst the value's length × the expression's size.
   */
  readonly matches: (value: Uint8Array) => boolean;
}

/** Instructions of the compiled expression at most: the worst cost of a byte. `[0-9]{1,3}` has 7. */
export const MAX_REGEX_SIZE = 1000;

export const regexText: TextSchema<Regex> = textSchema((source, complain) => {
  const { RE2JS, RE2JSSyntaxException } = loadEngine();
  try {
    const compiled = RE2JS.compile(source);
    const size = compiled.programSize();
    if (size > MAX_REGEX_SIZE) {
      return complain(
        `is too large an expression: ${size} steps of at most ${MAX_REGEX_SIZE}; repeat less, {1,100} counts a hundredfold`,
      );
    }
    return { source, matches: (value) => compiled.test(decode(value)) };
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    return complain(explain(source, error.getDescription(), error.getPattern() ?? ''));
  }
});

/** Loads re2js only when there is an expression: the process starts sooner without it. */
function loadEngine(): typeof import('re2js') {
  return createRequire(import.meta.url)('re2js') as typeof import('re2js');
}

function decode({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('utf8');
}

/** Syntax of other engines that RE2 lacks or writes otherwise, by the text at the place of the error. */
const unsupported: readonly (readonly [pattern: RegExp, phrase: string])[] = [
  [/^\(\?<?[=!]/, 'a look-ahead or look-behind'],
  [/^\\[1-9k]|^\(\?P=/, 'a back-reference'],
  [/^\(\?>/, 'an atomic group'],
  [/^[*+?}]\+/, 'a possessive quantifier'],
  [/^\(\?#/, 'a comment'],
  [/^\\u/, '\\u; write a character by its number as \\x{20ac}'],
  [/^\\Z/, '\\Z; write \\z for the end of the text'],
];

function explain(source: string, description: string, fragment: string): string {
  // For unbalanced parentheses, the engine gives the whole expression as the fragment.
  const index = description.endsWith(')') ? undefined : placeOf(source, description, fragment);
  const here = index === undefined ? '' : source.slice(index);
  const [, feature] = unsupported.find(([pattern]) => pattern.test(here)) ?? [];
  const place = index === undefined ? '' : `, at character ${[...source.slice(0, index)].length + 1}`;
  return `is not a regular expression in RE2's syntax: ${feature === undefined ? description : `RE2 does not have ${feature}`}${place}`;
}

/** @returns index of the first such fragment behind which the expression is already refused for the same reason */
function placeOf(source: string, description: string, fragment: string): number | undefined {
  if (fragment === '') return undefined;
  for (let index = source.indexOf(fragment); index >= 0; index = source.indexOf(fragment, index + 1)) {
    if (refusal(source.slice(0, index + fragment.length)) === description) return index;
  }
  return undefined;
}

function refusal(source: string): string | undefined {
  const { RE2JS, RE2JSSyntaxException } = loadEngine();
  try {
    RE2JS.compile(source);
    return undefined;
  } catch (error) {
    return error instanceof RE2JSSyntaxException ? error.getDescription() : undefined;
  }
}
