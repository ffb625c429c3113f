/**
 * The base of every setting's schema: text in, value out.
 *
 * Flags, variables and files all give text. A schema's problem is a phrase that continues the quoted value: `"99999" is
 * not a port; give a number from 1 to 65535`. The phrase never repeats the value, which may be a secret.
 */
import { z } from 'zod';
import { didYouMean } from './suggest.ts';

/** Reports a problem; its result is for the parser to return. */
export type Complain = (phrase: string) => never;

export type TextSchema<T> = z.ZodType<T, string>;

export function textSchema<T>(parse: (text: string, complain: Complain) => T): TextSchema<T> {
  return z.string().transform((text, context) => {
    const complain = (phrase: string): never => {
      context.addIssue({ code: 'custom', message: phrase });
      return z.NEVER;
    };
    return text === '' ? complain('is empty; give a value or leave the setting out') : parse(text, complain);
  });
}

/** Any text but an empty one. */
export const plainText = textSchema((text) => text);

/** Words that people write for one of ours, and that are not near it. */
const otherWords: Readonly<Record<string, readonly string[]>> = {
  tls: ['ssl', 'tcps', 'tcp+tls', 'tcp-tls', 'tls-tcp', 'syslog-tls', 'tls1.2', 'tls1.3', 'tlsv1.2', 'tlsv1.3'],
  '5424': ['rfc5424', 'ietf', 'syslog'],
  '3164': ['rfc3164', 'bsd'],
  lf: ['newline', 'line', 'lines', 'nl', 'non-transparent', 'delimiter'],
  'octet-counting': ['octet', 'octets', 'octet-counted', 'rfc6587', 'rfc5425'],
  kv: ['keyvalue', 'key-value', 'key=value', 'text', 'plain'],
  sd: ['structured-data', 'structured'],
  'splunk-sc4s': ['splunk', 'sc4s'],
  generic: ['none', 'default', 'other'],
  warn: ['warning'],
  error: ['err'],
  fatal: ['crit', 'critical'],
  debug: ['verbose'],
  pretty: ['text', 'plain', 'human'],
  begin: ['start', 'earliest', 'beginning', 'oldest'],
  end: ['now', 'latest', 'newest'],
};

/** @returns `; did you mean "tls"?`, or an empty text */
export function meantWord(text: string, words: readonly string[]): string {
  const lower = text.toLowerCase();
  const meant = words.find((word) => otherWords[word]?.includes(lower));
  return meant === undefined ? didYouMean(text, words) : `; did you mean "${meant}"?`;
}

const wordsBySchema = new WeakMap<object, readonly string[]>();

/** Takes one of a few words, in any case. */
export function oneOf<const Word extends string>(...words: readonly Word[]): TextSchema<Word> {
  const schema = textSchema((text, complain) => {
    const lower = text.toLowerCase();
    return words.find((word) => word === lower) ?? complain(`is none of ${words.join(', ')}${meantWord(text, words)}`);
  });
  wordsBySchema.set(schema, words);
  return schema;
}

/** The words of a schema from `oneOf`; undefined for other schemas. */
export function wordsOf(schema: object): readonly string[] | undefined {
  return wordsBySchema.get(schema);
}

/** Takes printable US-ASCII without spaces, as in the fields of a syslog header (RFC 5424, section 6). */
export function headerText(maxLength: number): TextSchema<string> {
  return textSchema((text, complain) => {
    if (!/^[\x21-\x7e]+$/.test(text)) return complain('may hold only printable ASCII characters and no space');
    return text.length <= maxLength ? text : complain(`is too long: ${text.length} characters of at most ${maxLength}`);
  });
}

const switchWords: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

export const switchText = textSchema<boolean>(
  (text, complain) => switchWords[text.toLowerCase()] ?? complain('is neither true nor false'),
);
