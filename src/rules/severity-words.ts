/** The words in which logs say how severe they are, and the severities that they stand for. Pure. */
import { z } from 'zod';
import type { Plain } from '../schema/plain.ts';
import { severity, severityNames } from '../schema/syslog-names.ts';

/** By word, in lower case and without blanks around it; 0 (emerg) to 7 (debug). */
export type SeverityWords = ReadonlyMap<string, number>;

/**
 * RFC 5424's own names, what loggers call their levels (log4j, java.util.logging, .NET, Python, Go, nginx, Apache), and
 * klog's and Android's letters. In any case. `fatal` is crit and not emerg, which receivers take for the system's end.
 */
export const usualWords = {
  emerg: ['emergency', 'panic'],
  alert: [],
  crit: ['critical', 'fatal', 'f', 'c'],
  err: ['error', 'severe', 'e'],
  warning: ['warn', 'w'],
  notice: ['n'],
  info: ['information', 'informational', 'i'],
  debug: ['config', 'fine', 'finer', 'finest', 'trace', 'verbose', 'd', 't', 'v'],
} as const satisfies Record<(typeof severityNames)[number], readonly string[]>;

const known: SeverityWords = new Map(
  severityNames.flatMap((name, number) =>
    [name, String(number), ...usualWords[name]].map((word): [string, number] => [word, number]),
  ),
);

/** What is longer is no word. */
const MAX_WORD_BYTES = 64;

/**
 * @param own of the user's; they count before the usual ones
 * @returns for a field's value the severity, or undefined where the word is unknown
 */
export function severityOfWord(own?: SeverityWords): (value: Uint8Array) => number | undefined {
  return ({ buffer, byteOffset, length }) => {
    if (length > MAX_WORD_BYTES) return undefined;
    const word = normalized(Buffer.from(buffer, byteOffset, length).toString('utf8'));
    return own?.get(word) ?? known.get(word);
  };
}

/** `severity-map`: `{fatal: emerg, high: err}` */
export const severityMapSchema = z.record(z.string(), severity).transform((given, context): SeverityWords => {
  const words = new Map<string, number>();
  for (const [word, number] of Object.entries(given)) {
    const key = normalized(word);
    const complain = (message: string) => context.addIssue({ code: 'custom', path: [word], message });
    if (key === '') complain('belongs to an empty word');
    else if (Buffer.byteLength(key) > MAX_WORD_BYTES)
      complain(`belongs to a word of more than ${MAX_WORD_BYTES} bytes`);
    else if (words.has(key))
      complain('belongs to a word that is there a second time; upper and lower case are the same');
    else words.set(key, number);
  }
  return words;
}) as z.ZodType<SeverityWords, Plain>;

function normalized(word: string): string {
  return word.trim().toLowerCase();
}
