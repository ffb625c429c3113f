/** Globs on names of fields, against independent code. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { glob } from '../../src/rules/selection.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';

const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '录', '*', '*', '?'), minLength: 1, maxLength: 10 });
const name = fc.string({ unit: fc.constantFrom('a', 'b', '录', '*'), maxLength: 12 });

/** Short ones only: this one goes back to every star. */
function fitsNaively([first, ...rest]: readonly string[], given: readonly string[]): boolean {
  if (first === undefined) return given.length === 0;
  const [character, ...others] = given;
  if (first === '*')
    return fitsNaively(rest, given) || (character !== undefined && fitsNaively([first, ...rest], others));
  return character !== undefined && (first === '?' || first === character) && fitsNaively(rest, others);
}

describe('a glob', () => {
  it('fits what a naive reading of it fits', () => {
    const seen = { fits: 0, not: 0 };
    fc.assert(
      fc.property(pattern, name, (source, given) => {
        const expected = fitsNaively([...source], [...given]);
        seen[expected ? 'fits' : 'not']++;
        expect(glob.parse(source)(given)).toBe(expected);
      }),
      propertyRuns(5_000),
    );
    expect(Math.min(seen.fits, seen.not)).toBeGreaterThan(0);
  });

  it('comes to an end, where going back to every star would not', () => {
    expect(glob.parse(`${'*a'.repeat(50)}*b`)('a'.repeat(5_000))).toBe(false);
  });
});
