/** What may stand in a syslog header, and how a user's text is brought to that. */
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

/** HOSTNAME where none is left: a `-` would be the TAG. */
export const NO_LEGACY_HOSTNAME = 'unknown';

/** TAG where the user gives none: RFC 3164 has no nil, and receivers find the message by the TAG before it. */
export const DEFAULT_TAG = 'slssyslog';

/**
 * A header field of RFC 5424: printable US-ASCII (33 to 126); every other character becomes `_`, so that a field
 * stays one word; cut to `maxLength`; `-` where nothing is left.
 */
export function cleanHeaderField(text: string, maxLength: number): string {
  return text.replace(/[^\x21-\x7e]/gu, '_').slice(0, maxLength) || NIL;
}

/**
 * A HOSTNAME of RFC 3164. A receiver takes a word for the TAG that has `[`, `/` or `:` in it (rsyslog), or does not end
 * with a letter or a digit: whoever writes the log would choose its program. So `:` is left to whole IPv6 addresses, and
 * what stands behind the last letter or digit is cut off; NO_LEGACY_HOSTNAME where nothing is left.
 */
export function cleanLegacyHostname(text: string): string {
  const word = cleanHeaderField(text, MAX_HOSTNAME_LENGTH).replace(/[^0-9A-Za-z._:-]/g, '_');
  if (ipVersion(word) === 6) return word;
  return word.replaceAll(':', '_').replace(/[^0-9A-Za-z]+$/, '') || NO_LEGACY_HOSTNAME;
}

/** A TAG of RFC 3164: letters and digits, everything else dropped, at most 32; DEFAULT_TAG where nothing is left. */
export function cleanTag(text: string): string {
  return text.replace(/[^0-9A-Za-z]/g, '').slice(0, MAX_TAG_LENGTH) || DEFAULT_TAG;
}

/** The `pid` of `TAG[pid]:`, by the same rule; empty where there is none. */
export function cleanLegacyProcId(text: string): string {
  return text.replace(/[^0-9A-Za-z]/g, '').slice(0, MAX_PROC_ID_LENGTH);
}
