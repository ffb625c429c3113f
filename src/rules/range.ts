/** Ranges of decimal numbers as a user writes them: `{min: 500, max: 599}`, or `500..599`, `500..`, `..599`. Pure. */
import { z } from 'zod';
import { type Complain, type TextSchema, textSchema } from '../schema/text.ts';
import { namingUnknownKeys } from './unknown-key.ts';

/** At least one bound; bounds belong to the range. */
export interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** Bounds are written as the values that they are compared with: see `range` in rules.ts. */
const decimal = /^[+-]?[0-9]+(?:\.[0-9]+)?$/;
const MAX_DECIMAL_LENGTH = 32;

const bound: TextSchema<number> = textSchema(
  (text, complain) => numberOf(text) ?? complain('is not a decimal number, such as 500 or -0.5'),
);

const mapping = z
  .strictObject({ min: bound.optional(), max: bound.optional() }, namingUnknownKeys(['min', 'max']))
  .refine((given) => Object.keys(given).length > 0, 'has neither min nor max')
  .transform(({ min, max }, context) =>
    rangeOf(min, max, (message) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }),
  );

const shorthand: TextSchema<Range> = textSchema((text, complain) => {
  const [, min, max] = /^([^ ]*?) *\.\. *([^ ]*)$/.exec(text) ?? [];
  const numbers = [min, max].map((part) => (part ? numberOf(part) : undefined));
  const wrong = [min, max].some((part, index) => part === undefined || (part !== '' && numbers[index] === undefined));
  if (wrong || (min === '' && max === ''))
    return complain('is no range; give 500..599, 500.., ..599 or {min: 500, max: 599}');
  return rangeOf(numbers[0], numbers[1], complain);
});

export const range = z.union([shorthand, mapping]);

function numberOf(text: string): number | undefined {
  return text.length <= MAX_DECIMAL_LENGTH && decimal.test(text) ? Number(text) : undefined;
}

function rangeOf(min: number | undefined, max: number | undefined, complain: Complain): Range {
  if (min !== undefined && max !== undefined && min > max)
    return complain('has a min above its max: no number is in it');
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}
