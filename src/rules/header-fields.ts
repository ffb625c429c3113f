/** Limits of syslog header fields, and functions that make any text valid in them. */
import { ipVersion } from '../format/parts/value-types.ts';

/** RFC 5424, section 6. */
export const MAX_HOSTNAME_LENGTH = 255;
export const MAX_APP_NAME_LENGTH = 48;
export const MAX_PROC_ID_LENGTH = 128;
export const MAX_MSG_ID_LENGTH = 32;
/** RFC 3164, section 4.1.3. */
export const MAX_TAG_LENGTH = 32;

/** RFC 5424's NILVALUE. */
export const NIL = '-';

/** HOSTNAME of RFC 3164 where nothing is left of the text: a receiver would take `-` for the TAG. */
export const NO_LEGACY_HOSTNAME = 'unknown';

/** TAG where the user gives none: RFC 3164 has no NILVALUE, and receivers find MSG by the TAG before it. */
export const DEFAULT_TAG = 'slssyslog';

/**
 * A header field of RFC 5424: printable US-ASCII (33 to 126); every other character becomes `_`, so that the field
 * stays one word; cut to `maxLength`; `-` where nothing is left.
 */
export function cleanHeaderField(text: string, maxLength: number): string {
  return text.replace(/[^\x21-\x7e]/gu, '_').slice(0, maxLength) || NIL;
}

/**
 * A HOSTNAME of RFC 3164. Receivers take a word for the TAG that has `[`, `/` or `:` in it (rsyslog), or does not end
 * with a letter or a digit: the log's content could then forge the program's name. So `:` occurs only in whole IPv6
 * addresses, and the text is cut behind its last letter or digit; NO_LEGACY_HOSTNAME where nothing is left.
 */
export function cleanLegacyHostname(text: string): string {
  const word = cleanHeaderField(text, MAX_HOSTNAME_LENGTH).replace(/[^0-9A-Za-z._:-]/g, '_');
  if (ipVersion(word) === 6) return word;
  return word.replaceAll(':', '_').replace(/[^0-9A-Za-z]+$/, '') || NO_LEGACY_HOSTNAME;
}

/** A TAG of RFC 3164: at most 32 letters and digits, other characters dropped; DEFAULT_TAG where nothing is left. */
export function cleanTag(text: string): string {
  return text.replace(/[^0-9A-Za-z]/g, '').slice(0, MAX_TAG_LENGTH) || DEFAULT_TAG;
}

/** The `pid` of `TAG[pid]:`: letters and digits, other characters dropped; empty where nothing is left. */
export function cleanLegacyProcId(text: string): string {
  return text.replace(/[^0-9A-Za-z]/g, '').slice(0, MAX_PROC_ID_LENGTH);
}
