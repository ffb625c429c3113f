/**
 * A message's text by the user's template:
 *
 *     {remote_addr} "{request_method} {request_uri|-}" {status} at {__time__:iso}
 *
 *     {field}  {field|default}      a field's value as value-place.ts names it, `{event:userIdentity.userName}`; the
 *                                   default, or nothing, where it is missing or empty
 *     {__time__:iso}                2026-11-20T10:11:12Z, with nine digits of a second where the log has them
 *     {__time__:iso_ms}             2026-11-20T10:11:12.345Z
 *     {__time__}  {__time__:epoch}  1795169472
 *     {__time__:epoch_ms}           1795169472345
 *     {__severity__}  {__severity__:name}  {__facility__}  {__facility__:name}      6, info, 16, local0: the message's
 *     {{  }}                        braces
 *
 * Values are escaped as in raw.ts; the template's own text is not. The template is parsed once.
 */
import { AppError } from '../../core/errors.ts';
import { controlEscape } from '../parts/bytes.ts';
import { jsonAt } from '../parts/json-path.ts';
import type { LogView } from '../parts/log-view.ts';
import type { FieldPlace } from '../parts/mapped.ts';
import type { TextFormat } from '../parts/text-format.ts';
import { parsePlace } from '../parts/value-place.ts';

export interface TemplateOptions {
  readonly template: string;
  /** Default `standard`. */
  readonly escape?: 'standard' | 'none';
}

/** A constant, or a function of the log. */
type Part = string | ((log: LogView) => string);

const severityNames = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];
const facilityNames = (
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp security console solaris-cron ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ');

const named: Readonly<Record<string, Readonly<Record<string, (log: LogView) => string>>>> = {
  __time__: {
    '': (log) => String(log.time),
    epoch: (log) => String(log.time),
    epoch_ms: (log) => String(epochMs(log)),
    iso: (log) => isoTime(log),
    iso_ms: (log) => new Date(epochMs(log)).toISOString(),
  },
  __severity__: { '': (log) => String(log.severity), name: (log) => severityNames[log.severity] ?? '' },
  __facility__: { '': (log) => String(log.facility), name: (log) => facilityNames[log.facility] ?? '' },
};

/** @throws AppError with code `format` and action `fatal`: the template is invalid */
export function createTemplateFormat(options: TemplateOptions): TextFormat {
  const parts = parseTemplate(options.template, options.escape === 'none' ? asItIs : escapeControls);
  return {
    kind: 'text',
    name: 'template',
    format: (log) => parts.map((part) => (typeof part === 'string' ? part : part(log))).join(''),
  };
}

function parseTemplate(template: string, clean: (text: string) => string): Part[] {
  if (template === '') throw new AppError('The template is empty.', { code: 'format', action: 'fatal' });
  const parts: Part[] = [];
  let text = '';
  for (let at = 0; at < template.length; ) {
    const char = template[at]!;
    if ((char === '{' || char === '}') && template[at + 1] === char) {
      text += char;
      at += 2;
    } else if (char === '}') {
      throw wrong(at, '"}" closes nothing', 'write }} for a brace');
    } else if (char === '{') {
      const end = template.indexOf('}', at);
      if (end === -1) throw wrong(at, '"{" is never closed', 'write {{ for a brace');
      if (text !== '') parts.push(text);
      text = '';
      parts.push(parseBraces(template.slice(at + 1, end), at, clean));
      at = end + 1;
    } else {
      text += char;
      at++;
    }
  }
  if (text !== '') parts.push(text);
  return parts;
}

/** @param at the index of the opening brace, for errors */
function parseBraces(text: string, at: number, clean: (text: string) => string): Part {
  if (text.includes('{')) throw wrong(at, '"{" is never closed', 'a default takes no braces; write {{ for a brace');
  const bar = text.indexOf('|');
  const name = bar === -1 ? text : text.slice(0, bar);
  const orElse = bar === -1 ? '' : text.slice(bar + 1);
  const [special = '', modifier = ''] = name.split(/:(.*)/s);
  if (Object.hasOwn(named, special)) {
    const ways = named[special]!;
    const way = Object.hasOwn(ways, modifier) ? ways[modifier] : undefined;
    if (way === undefined) {
      const known = Object.keys(ways).map((each) => (each === '' ? `{${special}}` : `{${special}:${each}}`));
      throw wrong(at, `{${name}} is not known`, `there is ${known.join(', ')}`);
    }
    if (bar !== -1) throw wrong(at, `{${text}} has a default`, 'this value is always there; leave the default out');
    return way;
  }
  const place = placeAt(name, at);
  return (log) => {
    const value = valueAt(log, place);
    return value === undefined || value === '' ? orElse : clean(value);
  };
}

function placeAt(name: string, at: number): FieldPlace {
  if (name.trim() === '') throw wrong(at, '"{}" names no field', 'write {field}, or {{}} for braces');
  if (name !== name.trim()) throw wrong(at, `{${name}} has a space at its end`, 'write the field without');
  try {
    return parsePlace(name);
  } catch (error) {
    throw wrong(at, error instanceof Error ? error.message : String(error), 'see the documentation of templates');
  }
}

function valueAt(log: LogView, place: FieldPlace): string | undefined {
  const value = log.get(Buffer.from(place.field).toString('utf8'));
  return value === undefined || place.path === undefined ? value : jsonAt(value, place.path);
}

function epochMs(log: LogView): number {
  return log.time * 1000 + Math.floor((log.timeNs ?? 0) / 1e6);
}

function isoTime(log: LogView): string {
  const seconds = new Date(log.time * 1000).toISOString().slice(0, 19);
  return log.timeNs === undefined ? `${seconds}Z` : `${seconds}.${String(log.timeNs).padStart(9, '0')}Z`;
}

function escapeControls(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]/g, (char) => controlEscape(char.charCodeAt(0)));
}

function asItIs(text: string): string {
  return text;
}

function wrong(at: number, what: string, hint: string): AppError {
  return new AppError(`The template is wrong at character ${at + 1}: ${what}; ${hint}.`, {
    code: 'format',
    action: 'fatal',
  });
}
