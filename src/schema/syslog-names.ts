/** Facilities and severities by name or number (RFC 5424, section 6.2.1, tables 1 and 2). */
import { didYouMean } from './suggest.ts';
import { type TextSchema, textSchema } from './text.ts';

/** The index of a name is its number. */
export const facilityNames = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'clock',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;

export const severityNames = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;

const severityAliases: Readonly<Record<string, string>> = {
  emergency: 'emerg',
  panic: 'emerg',
  critical: 'crit',
  error: 'err',
  warn: 'warning',
  informational: 'info',
};

export const facility = numberedName('facility', facilityNames, {});
export const severity = numberedName('severity', severityNames, severityAliases);

function numberedName(
  kind: string,
  names: readonly string[],
  aliases: Readonly<Record<string, string>>,
): TextSchema<number> {
  const last = names.length - 1;
  return textSchema((text, complain) => {
    if (/^\d+$/.test(text))
      return Number(text) <= last ? Number(text) : complain(`is no ${kind}: they go from 0 to ${last}`);
    const lower = text.toLowerCase();
    const number = names.indexOf(Object.hasOwn(aliases, lower) ? aliases[lower]! : lower);
    return number >= 0
      ? number
      : complain(`is no ${kind}; give 0 to ${last} or one of ${names.join(', ')}${didYouMean(text, names)}`);
  });
}
