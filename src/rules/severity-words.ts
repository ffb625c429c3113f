/** The words for severities in logs, and the syslog severities that they mean. Pure. */
import { z } from 'zod';
import type { Plain } from '../schema/plain.ts';
import { severity, severityNames } from '../schema/syslog-names.ts';

/** Severities, 0 (emerg) to 7 (debug), by word in lower case without white space around it. */
export type SeverityWords = ReadonlyMap<string, number>;

/**
 * Words beside RFC 5424's names: levels of loggers (log4j, java.util.logging, .NET, Python, Go, nginx, Apache), and
 * klog's and Android's letters; in any case. `fatal` is crit and not emerg, which means that the system is unusable.
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

/** Longer values are not words. */
const MAX_WORD_BYTES = 64;

/**
 * @param own the user's words, which win over the usual ones
 * @returns the severity for a field's value; undefined where the word is unknown
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
    if (key === '') complain('is the severity of an empty word; give a word');
    else if (Buffer.byteLength(key) > MAX_WORD_BYTES)
      complain(`is the severity of a word that is longer than ${MAX_WORD_BYTES} bytes; give a shorter word`);
    else if (words.has(key))
      complain('is the severity of a word that is given twice; upper and lower case make no difference');
    else words.set(key, number);
  }
  return words;
}) as z.ZodType<SeverityWords, Plain>;

function normalized(word: string): string {
  return word.trim().toLowerCase();
}
