/** What is allowed, and mostly not what was meant. Pure. */
import type { HeaderText } from '../../rules/header-text.ts';
import { type Plain, type PlainPath, pathText } from '../../schema/plain.ts';
import { kebabCase } from '../settings/setting.ts';
import type { PartialValues, SettingKey } from '../settings/settings.ts';

/** @param texts as somebody has written them @param nowMs unix milliseconds @returns a warning for each */
export function likelyMistakes(
  values: PartialValues,
  texts: ReadonlyMap<SettingKey, Plain>,
  nowMs: number,
): readonly string[] {
  return [...pathsForNames(texts), ...startInFuture(values, nowMs), ...hostnameForQradar(values)];
}

/** Names of whole fields are meant where a path into JSON is nothing: a filter would drop every log, without a word. */
function pathsForNames(texts: ReadonlyMap<SettingKey, Plain>): readonly string[] {
  const tested = (['where', 'rules'] as const).flatMap((key) => fieldsIn(texts.get(key), [key]));
  const severity = namesIn(texts, 'severityField');
  const written = [...namesIn(texts, 'include'), ...namesIn(texts, 'exclude'), ...renamed(texts)];
  const header = (['hostname', 'tag', 'procid', 'msgid'] as const).flatMap((key) => {
    return namesIn(texts, key).flatMap(({ place, name }) => {
      return [...name.matchAll(/(?<![{$])\{([^{}|]+)/g)].map(([, field = '']) => ({ place, name: field }));
    });
  });
  // A pattern of names may have dots in it for many reasons.
  const found = [
    ...[...tested, ...severity, ...header].filter(({ name }) => isPath(name) || hasDots(name)),
    ...written.filter(({ name }) => isPath(name) && !/[*?]/.test(name)),
  ];
  return found.map(({ place, name }) => {
    const field = /^\$?[.[]?["']?([A-Za-z0-9_-]+)/.exec(name)?.[1] ?? 'field';
    return `${place}: ${JSON.stringify(name)} is taken for the name of a whole field, and is no path into JSON here; a log without a field of that very name has nothing there${
      place.startsWith('where') ? ', so this may drop every log' : ''
    }. What is inside of JSON can be taken out by --query, such as "* | parse-json ${field}"`;
  });
}

interface NamedField {
  /** `where[0].any[1].field` */
  readonly place: string;
  readonly name: string;
}

function fieldsIn(value: Plain | undefined, path: PlainPath): readonly NamedField[] {
  if (value === undefined || typeof value === 'string') return [];
  return Object.entries(value).flatMap(([key, inner]: [string, Plain]) => {
    const itsPath = [...path, Array.isArray(value) ? Number(key) : key];
    if (key === 'field' && typeof inner === 'string') return [{ place: pathText(itsPath).slice(1), name: inner }];
    return fieldsIn(inner, itsPath);
  });
}

function namesIn(texts: ReadonlyMap<SettingKey, Plain>, key: SettingKey): readonly NamedField[] {
  const value = texts.get(key);
  const names = typeof value === 'string' ? [value] : Array.isArray(value) ? (value as readonly Plain[]) : [];
  return names.flatMap((name) => (typeof name === 'string' ? [{ place: kebabCase(key), name }] : []));
}

function renamed(texts: ReadonlyMap<SettingKey, Plain>): readonly NamedField[] {
  const value = texts.get('rename');
  return typeof value === 'object' && !Array.isArray(value)
    ? Object.keys(value).map((name) => ({ place: 'rename', name }))
    : [];
}

/** `event:user.name`, as mappings have it, `$.event.user`, `event["user"]` */
function isPath(name: string): boolean {
  return /^\$[.[]|\[["'\d]/.test(name) || /^(?!__tag__:)[^:"]+:[^:]/.test(name);
}

/** `event.user.name` */
function hasDots(name: string): boolean {
  return /^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+$/.test(name);
}

/** Clocks differ a little. */
const futureMs = 60_000;

function startInFuture({ from }: PartialValues, nowMs: number): readonly string[] {
  if (typeof from !== 'number' || from * 1000 <= nowMs + futureMs) return [];
  const time = new Date(from * 1000).toISOString().replace('.000', '');
  return [
    `from: ${time} is in the future (now it is ${new Date(nowMs).toISOString().slice(0, 19)}Z): a shard without a checkpoint starts at its end, so what comes before that time is sent too`,
  ];
}

/**
 * "IPv4 address or host name" (https://www.ibm.com/docs/en/dsm?topic=overview-leef-event-components). The underscore, which
 * no host name has either, is in names that people use.
 */
function hostnameForQradar({ preset, hostname }: PartialValues): readonly string[] {
  if (preset !== 'qradar' || hostname === undefined) return [];
  if (constantsOf(hostname).every((text) => /^[A-Za-z0-9._-]*$/.test(text)) && hostname !== '-') return [];
  const shown = typeof hostname === 'string' ? ` ${JSON.stringify(hostname)}` : '';
  return [
    `hostname${shown} is neither an IPv4 address nor a host name (letters, digits, dots and hyphens), and QRadar takes nothing else in the header: it would go by the address that the messages come from; give --hostname the Log Source Identifier`,
  ];
}

function constantsOf(text: HeaderText): readonly string[] {
  if (typeof text === 'string') return [text];
  return text.map((part) => (typeof part === 'string' ? part : (part.orElse ?? '')));
}
