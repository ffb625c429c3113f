/**
 * The ground of every setting's schema: text in, value out.
 *
 * Flags, variables and file lines all deliver text. A schema's complaint is a phrase that continues the quoted
 * value: `"99999" is not a port; give a number from 1 to 65535`. It never repeats the value itself, which may
 * be a secret.
 */
import { z } from 'zod';
import { didYouMean } from './suggest.ts';

/** Reports the complaint; what it returns only ends the parser's function. */
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

/** Any text. */
export const plainText = textSchema((text) => text);

/** What people write for a word that is far from it. */
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

/** `; did you mean "tls"?`, or nothing. */
export function meantWord(text: string, words: readonly string[]): string {
  const lower = text.toLowerCase();
  const meant = words.find((word) => otherWords[word]?.includes(lower));
  return meant === undefined ? didYouMean(text, words) : `; did you mean "${meant}"?`;
}

const wordsBySchema = new WeakMap<object, readonly string[]>();

/** One of a few words, in any case. */
export function oneOf<const Word extends string>(...words: readonly Word[]): TextSchema<Word> {
  const schema = textSchema((text, complain) => {
    const lower = text.toLowerCase();
    return words.find((word) => word === lower) ?? complain(`is none of ${words.join(', ')}${meantWord(text, words)}`);
  });
  wordsBySchema.set(schema, words);
  return schema;
}

/** Of a schema that `oneOf` has made; undefined of others. */
export function wordsOf(schema: object): readonly string[] | undefined {
  return wordsBySchema.get(schema);
}

/** Printable US-ASCII without spaces, as a syslog header's fields are (RFC 5424 section 6). */
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
