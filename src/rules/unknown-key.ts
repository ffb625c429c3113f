/** What is said of a key that a mapping does not have. Pure. */
import type { z } from 'zod';
import { didYouMean } from '../schema/suggest.ts';

/** For `z.strictObject`: a line for each key, which continues the name of the mapping; Zod's own words for everything else. */
export function namingUnknownKeys(known: readonly string[]): {
  error: (issue: z.core.$ZodRawIssue) => string | undefined;
} {
  return {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      return issue.keys
        .map((key) => {
          const hint = didYouMean(key, known) || `; it takes ${known.join(', ')}`;
          return `has the unknown key ${JSON.stringify(key.slice(0, 80))}${hint}`;
        })
        .join('\n');
    },
  };
}

export function hasUnknownKey({ issues }: z.core.$RefinementCtx): boolean {
  return issues.some(({ code }) => code === 'unrecognized_keys');
}
