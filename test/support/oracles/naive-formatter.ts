/**
 * What the encoders should write, written down a second time and as simply as can be: objects in, strings out.
 * Strings are latin1 throughout: one character is one byte, valid UTF-8 or not.
 */
import type { LogGroup } from '../../../src/emulator/protocol/log-group-schema.ts';
import { naiveWrittenNames } from './naive-names.ts';

export interface NaiveOptions {
  separator: string;
  escape: 'standard' | 'none';
  rfc: '5424' | '3164';
  priority: number;
  hostname: string;
  appName: string;
}

export const naiveDefaults: NaiveOptions = {
  separator: '||',
  escape: 'standard',
  rfc: '5424',
  priority: 14,
  hostname: 'host',
  appName: 'app',
};

/** Every message of these groups, header included, without framing. RFC 3164 in UTC. */
export function naiveMessages(groups: readonly LogGroup[], options: NaiveOptions = naiveDefaults): string[] {
  return naiveLogs(groups).map((log) => log.header(options) + naiveText(log, options));
}

export interface NaiveLog {
  fields: [string, string][];
  /** The first of them: those that the service gives. */
  serviceCount: number;
  /** @param structuredData default `-` */
  header(options: NaiveOptions, structuredData?: string): string;
}

/** The logs of these groups, in their order, flattened. */
export function naiveLogs(groups: readonly LogGroup[]): NaiveLog[] {
  return groups.flatMap((group) =>
    group.Logs.map((log) => {
      const fields: [string, string][] = [
        ['__topic__', latin1(group.Topic)],
        ['__source__', latin1(group.Source)],
      ];
      if (log.TimeNs) fields.push(['__time_ns_part__', String(log.TimeNs)]);
      for (const tag of group.LogTags) fields.push([`__tag__:${latin1(tag.Key)}`, latin1(tag.Value)]);
      const serviceCount = fields.length;
      for (const content of log.Contents) fields.push([latin1(content.Key), latin1(content.Value)]);
      const hasTimeNs = Object.hasOwn(log, 'TimeNs');
      const timeNs = hasTimeNs ? log.TimeNs : undefined;
      const header: NaiveLog['header'] = (...how) => naiveHeader(log.Time, timeNs, ...how);
      return { fields, serviceCount, header };
    }),
  );
}

export function naiveText(log: Pick<NaiveLog, 'fields' | 'serviceCount'>, options: NaiveOptions): string {
  const { separator } = options;
  return naiveFields(log, options)
    .map(([key, value]) => `${separator}${naiveEscape(key, options, true)}=${naiveEscape(value, options, false)}`)
    .join('');
}

/** The fields under the names that they are written under, not escaped. */
export function naiveFields(
  { fields, serviceCount }: Pick<NaiveLog, 'fields' | 'serviceCount'>,
  { escape: mode }: Pick<NaiveOptions, 'escape'> = naiveDefaults,
): [string, string][] {
  const named = fields.map(([name], index) => ({ name, isService: index < serviceCount }));
  const names = naiveWrittenNames(named, { natural: (name) => name, keepsNames: mode === 'none' });
  return fields.map(([, value], index) => [names[index]!, value]);
}

export function naiveEscape(text: string, options: NaiveOptions, isKey: boolean): string {
  if (options.escape === 'none') return text.replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  let escaped = '';
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (character === '\\') escaped += '\\\\';
    else if (character === '\n') escaped += '\\n';
    else if (character === '\r') escaped += '\\r';
    else if (character === '\t') escaped += '\\t';
    else if (code < 32 || code === 127) escaped += `\\x${code < 16 ? '0' : ''}${code.toString(16)}`;
    else if (character === options.separator.charAt(0)) escaped += `\\${character}`;
    else if (character === '=' && isKey) escaped += '\\=';
    else escaped += character;
  }
  return escaped;
}

/** Undoes the standard escape: the fields of a message's text. It is not given the fields to compare with. */
export function naiveParse(text: string, separator: string): [string, string][] {
  const fields: [string, string][] = [];
  let at = 0;
  const readUntil = (stop: (position: number) => boolean): string => {
    let plain = '';
    while (at < text.length && !stop(at)) {
      if (text[at] !== '\\') {
        plain += text[at++];
        continue;
      }
      const kind = text[at + 1] ?? '';
      if (kind === 'x') {
        plain += String.fromCharCode(Number.parseInt(text.slice(at + 2, at + 4), 16));
        at += 4;
      } else {
        plain += { n: '\n', r: '\r', t: '\t' }[kind] ?? kind;
        at += 2;
      }
    }
    return plain;
  };
  while (at < text.length) {
    if (!text.startsWith(separator, at)) throw new Error(`no separator at ${at}`);
    at += separator.length;
    const key = readUntil((position) => text[position] === '=');
    if (text[at++] !== '=') throw new Error(`no sign at ${at}`);
    fields.push([key, readUntil((position) => text[position] === separator[0])]);
  }
  return fields;
}

function naiveHeader(time: number, timeNs: number | undefined, options: NaiveOptions, structuredData = '-'): string {
  const { hostname, appName, priority } = options;
  const iso = new Date(time * 1000).toISOString();
  if (options.rfc === '3164') {
    // "Fri, 20 Nov 2026 10:11:12 GMT"
    const [, day, month, , clock] = new Date(time * 1000).toUTCString().split(' ');
    return `<${priority}>${month} ${String(Number(day)).padStart(2)} ${clock} ${hostname} ${appName}: `;
  }
  const fraction =
    timeNs === undefined || timeNs > 999_999_999 ? '' : `.${String(timeNs).padStart(9, '0').slice(0, 6)}`;
  const stamp = time === 0 || iso >= '2100' ? '-' : `${iso.slice(0, 19)}${fraction}Z`;
  return `<${priority}>1 ${stamp} ${hostname} ${appName} - - ${structuredData} `;
}

function latin1(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('latin1');
}
