/** Checks of a mapped field's value for its type. Pure functions of the value's text, one character a byte. */

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
/** RFC 3986, section 3.2.2: IPv4address. No leading zeros, which some readers take for octal. */
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const HEXADECIMAL_GROUP = /^[0-9A-Fa-f]{1,4}$/;
const IPV6_GROUPS = 8;
/** `0000:0000:0000:0000:0000:0000:255.255.255.255` */
const MAX_IPV6_LENGTH = 45;

/**
 * @returns 4 or 6 for an address, an IPv6 address in any form of RFC 4291, section 2.2: eight groups; `::` once, in
 * place of one or more groups of zeros; the last two groups as an IPv4 address. Without zone and brackets.
 */
export function ipVersion(text: string): 4 | 6 | undefined {
  if (IPV4.test(text)) return 4;
  if (!text.includes(':') || text.length > MAX_IPV6_LENGTH) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [before, after] = halves as [string, string?];
  const isCompressed = after !== undefined;
  const left = groupCount(before, !isCompressed);
  const right = groupCount(after ?? '', true);
  if (left === undefined || right === undefined) return undefined;
  const groups = left + right;
  return (isCompressed ? groups < IPV6_GROUPS : groups === IPV6_GROUPS) ? 6 : undefined;
}

/** @param isEnd the address ends here, where an IPv4 address may be two groups */
function groupCount(half: string, isEnd: boolean): number | undefined {
  if (half === '') return 0;
  const groups = half.split(':');
  let count = groups.length;
  if (isEnd && IPV4.test(groups.at(-1)!)) {
    groups.pop();
    count++;
  }
  return groups.every((group) => HEXADECIMAL_GROUP.test(group)) ? count : undefined;
}

/** Whether the text is `-?` and 1 to 18 digits, which fit into a signed 64-bit number. */
export function isInteger(text: string): boolean {
  return /^-?[0-9]{1,18}$/.test(text);
}

/** RFC 3339, section 5.6, and ISO 8601's other offsets (`+0800`, `+08`); a space for the `T`. */
const DATE_TIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,18}))?(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)$/;
/** Epoch seconds, milliseconds, microseconds or nanoseconds, by the number of digits. */
const EPOCH = /^(?:[0-9]{10}|[0-9]{13}|[0-9]{16}|[0-9]{19})$/;
const EPOCH_MS_DIGITS = 13;

/**
 * @param text epoch seconds (10 digits), milliseconds (13), microseconds (16) or nanoseconds (19), or a date and time
 * with its offset (a leap second counts as the second after it)
 * @returns epoch milliseconds in decimal, cut, not rounded; undefined for any other text, for a date that does not
 * exist, and for times before 1970
 */
export function epochMs(text: string): string | undefined {
  if (EPOCH.test(text)) return text.padEnd(EPOCH_MS_DIGITS, '0').slice(0, EPOCH_MS_DIGITS);
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [, , , , , , , fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = match;
  if (hour > 23 || minute > 59 || second > 60 || Number(offsetHours) > 23 || Number(offsetMinutes) > 59)
    return undefined;
  const midnight = new Date(Date.UTC(year, month - 1, day));
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -60 : 60);
  const seconds = midnight.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset;
  const milliseconds = seconds * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3));
  return year < 1969 || milliseconds < 0 ? undefined : String(milliseconds);
}
