/** Error messages for unknown keys of a mapping. Pure. */
import type { z } from 'zod';
import { didYouMean } from '../schema/suggest.ts';

/** For `z.strictObject`: a line for each unknown key, which continues the mapping's name. Other errors are Zod's. */
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
