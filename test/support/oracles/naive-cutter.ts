/**
 * How a message that is too long should be cut, written down as simply as can be: the text is a list of characters,
 * and a message takes as many as fit. Strings are latin1: one character is one byte.
 */
import { type NaiveLog, type NaiveOptions, naiveEscape, naiveFields } from './naive-formatter.ts';

export interface NaiveCut {
  maxBytes: number;
  oversize: 'truncate' | 'split';
  /** Structured data of the log with this index; `part` is undefined where the message is not one of several. */
  structuredData?: (index: number, part: number | undefined) => string;
}

const utf8Character = /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\s\S]/g;

/** What must not be taken apart, one by one: UTF-8 characters, each escaped by itself. */
export function naiveCharacters(fields: readonly [string, string][], options: NaiveOptions): string[] {
  const charactersOf = (text: string) => text.match(utf8Character) ?? [];
  const escaped = (text: string, isKey: boolean) =>
    charactersOf(text).map((character) => naiveEscape(character, options, isKey));
  return fields.flatMap(([key, value]) => [
    ...charactersOf(options.separator),
    ...escaped(key, true),
    '=',
    ...escaped(value, false),
  ]);
}

/** The messages of one log. */
export function naiveCutMessages(log: NaiveLog, index: number, options: NaiveOptions, cut: NaiveCut): string[] {
  const head = (part?: number) => log.header(options, cut.structuredData?.(index, part));
  const characters = naiveCharacters(naiveFields(log, options), options);
  const whole = head() + characters.join('');
  if (whole.length <= cut.maxBytes) return [whole];
  const messages: string[] = [];
  let taken = 0;
  do {
    let message = head(cut.oversize === 'split' ? messages.length + 1 : undefined);
    while (taken < characters.length && message.length + characters[taken]!.length <= cut.maxBytes) {
      message += characters[taken++];
    }
    messages.push(message);
  } while (cut.oversize === 'split' && taken < characters.length);
  return messages;
}
