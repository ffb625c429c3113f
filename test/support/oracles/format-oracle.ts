/**
 * What a format makes of a log, by the data's own words and as simply as can be (format-row.ts, mapped.ts): an oracle
 * for the encoders, and a way to try formats without one.
 */
import { isIPv6 } from 'node:net';
import type { EscapeTable } from '../../../src/format/parts/escape-table.ts';
import type { Format } from '../../../src/format/parts/format.ts';
import type { FormatRow } from '../../../src/format/parts/format-row.ts';
import type { LogView } from '../../../src/format/parts/log-view.ts';
import type {
  FieldPlace,
  HeadPart,
  Mapped,
  MappedField,
  ValueSource,
  ValueType,
} from '../../../src/format/parts/mapped.ts';
import { naiveAddress } from './naive-address.ts';
import { isServiceNaively, type NaiveNaming, naiveWrittenNames } from './naive-names.ts';

export interface OracleLog {
  /** Unix seconds. */
  readonly time: number;
  readonly timeNs?: number;
  /** Default 6. */
  readonly severity?: number;
  /** So many of the fields are tags, behind topic, source and nanoseconds; default 0. */
  readonly tags?: number;
  /** Flattened, in their order. */
  readonly fields: readonly (readonly [name: Uint8Array, value: Uint8Array])[];
}

type Field = readonly [name: Uint8Array, value: Uint8Array];

/** @param fields names and values as text, after topic and source; what is called so is a tag */
export function oracleLog(fields: Readonly<Record<string, string>>, time = 1_795_169_472): OracleLog {
  const { __topic__ = '', __source__ = '', ...others } = fields;
  const isTag = ([name]: [string, string]) => name.startsWith('__tag__:');
  const tags = Object.entries(others).filter(isTag);
  const contents = Object.entries(others).filter((each) => !isTag(each));
  const all = [...Object.entries({ __topic__, __source__ }), ...tags, ...contents];
  const asBytes = all.map(([name, value]): Field => [Buffer.from(name), Buffer.from(value)]);
  return { time, tags: tags.length, fields: asBytes };
}

/** Topic, source and nanoseconds; tags; the log's own. */
export function partsOf({
  fields,
  timeNs = 0,
  tags = 0,
}: OracleLog): readonly [own: Field[], tags: Field[], contents: Field[]] {
  const hasTimeNs = timeNs > 0 && Buffer.from(fields[2]?.[0] ?? []).toString() === '__time_ns_part__';
  const tagsAt = hasTimeNs ? 3 : 2;
  return [fields.slice(0, tagsAt), fields.slice(tagsAt, tagsAt + tags), fields.slice(tagsAt + tags)];
}

/** The message's text. */
export function oracleText(format: Format, log: OracleLog): Buffer {
  if (!('kind' in format)) return rowText(format, log);
  const text = Buffer.from(format.format(logView(log)));
  return Buffer.from(text.toString('latin1').replaceAll('\n', '\\n').replaceAll('\r', '\\r'), 'latin1');
}

/** Flattened names and values as they are shown to code, and written by rows without a spelling. */
export function oracleFields(
  log: OracleLog,
  clean = (name: Uint8Array): Buffer => Buffer.from(decoded(name)!),
): Field[] {
  const names = namesOf(log.fields, log, {}, clean);
  return log.fields.map(([, value], index): Field => [names[index]!, value]);
}

function namesOf(
  fields: readonly Field[],
  log: OracleLog,
  rules: Omit<NaiveNaming, 'natural'>,
  natural: (name: Uint8Array) => Buffer,
): Buffer[] {
  const named = fields.map((field) => ({
    name: Buffer.from(field[0]).toString('latin1'),
    isService: isService(field, log),
  }));
  const names = naiveWrittenNames(named, {
    ...rules,
    natural: (name) => natural(Buffer.from(name, 'latin1')).toString('latin1'),
  });
  return names.map((name) => Buffer.from(name!, 'latin1'));
}

function isService(field: Field, log: OracleLog): boolean {
  const [own, tags] = partsOf(log);
  return own.includes(field) || tags.includes(field);
}

/** The first field of a name; one of the service's names is no other field's. */
function fieldOf(log: OracleLog, name: Uint8Array): Field | undefined {
  const isClaimed = isServiceNaively(Buffer.from(name).toString('latin1'));
  return log.fields.find((field) => Buffer.from(field[0]).equals(name) && (!isClaimed || isService(field, log)));
}

export function logView(log: OracleLog): LogView {
  const bytes = (name: string) => fieldOf(log, Buffer.from(name))?.[1];
  return {
    time: log.time,
    timeNs: log.timeNs,
    severity: log.severity ?? 6,
    facility: 1,
    bytes,
    get: (name) => decoded(bytes(name)),
    fields: () => oracleFields(log).map(([name, value]) => [decoded(name)!, decoded(value)!] as const),
  };
}

function rowText(row: FormatRow, log: OracleLog): Buffer {
  const clean = (bytes: Uint8Array): Buffer =>
    Buffer.from(
      row.invalidUtf8 === 'replace' ? Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)) : bytes,
    );
  const value = (bytes: Uint8Array): Buffer => escapeBytes(row.valueEscape, clean(bytes));
  const taken = new Set<Field>();
  const written: Buffer[] = [];
  for (const field of row.mapped?.fields ?? []) written.push(...mappedField(field, row, log, value, taken));
  const rest = row.mapped?.rest === false ? [] : log.fields.filter((field) => !taken.has(field));
  const names = namesOf(rest, log, row, (name) => clean(row.spell ? row.spell(name) : name));
  for (const [index, [, each]] of rest.entries()) {
    written.push(Buffer.concat([escapeBytes(row.keyEscape, names[index]!), row.keyValueSign, value(each)]));
  }
  const head = row.mapped ? headText(row.mapped, log, clean) : Buffer.from(row.prefix);
  const between = written.map((each, index) => Buffer.concat([index === 0 ? row.firstSeparator : row.separator, each]));
  const trail = written.length > 0 ? (row.trail ?? Buffer.alloc(0)) : Buffer.alloc(0);
  return Buffer.concat([head, ...between, trail, row.suffix]);
}

function headText(mapped: Mapped, log: OracleLog, clean: (bytes: Uint8Array) => Buffer): Buffer {
  const text = (part: HeadPart): Uint8Array => {
    if (part.kind === 'constant') return part.bytes;
    if (part.kind === 'severity') return part.texts[log.severity ?? 6]!;
    const found = find(part.value, 'text', log, true);
    return found === undefined ? part.orElse : escapeBytes(part.escape, cut(clean(found.value), part.maxCharacters));
  };
  return Buffer.concat(mapped.head.map(text));
}

function mappedField(
  field: MappedField,
  row: FormatRow,
  log: OracleLog,
  value: (bytes: Uint8Array) => Buffer,
  taken: Set<Field>,
): Buffer[] {
  const found = find(field.value, field.as, log, field.ipv6 !== undefined);
  if (found === undefined) return [];
  if (found.whole) taken.add(found.whole);
  const clean = row.invalidUtf8 === 'replace' ? Buffer.from(decoded(found.value)!) : Buffer.from(found.value);
  const short = field.maxCharacters === undefined ? clean : cut(clean, field.maxCharacters);
  const isV6 = field.as === 'ip' && isIPv6(short.toString());
  const { key, label } = isV6 ? field.ipv6! : field;
  const written = Buffer.concat([key, row.keyValueSign, value(short)]);
  return label === undefined ? [written] : [written, Buffer.from(label)];
}

interface Found {
  readonly value: Uint8Array;
  readonly whole?: Field;
}

function find(source: ValueSource, as: ValueType, log: OracleLog, takesIpv6: boolean): Found | undefined {
  if (source.kind === 'constant') return source.bytes.length > 0 ? { value: source.bytes } : undefined;
  if (source.kind === 'log-time') return { value: Buffer.from(String(epochMs(log))) };
  for (const place of source.places) {
    const field = fieldOf(log, place.field);
    const bytes = field && (place.path === undefined ? field[1] : within(field[1], place));
    if (bytes === undefined || bytes.length === 0) continue;
    const isField = place.path === undefined;
    if (as === 'ip' || place.port !== undefined) {
      const found = naiveAddress(Buffer.from(bytes).toString('latin1'));
      if (found === undefined || (found.version === 6 && !(place.port?.ofIpv6 ?? takesIpv6))) continue;
      if (place.port && found.port === undefined) return undefined;
      const isWhole = isField && found.isAll && (place.port !== undefined || found.port === undefined);
      return {
        value: Buffer.from(place.port ? found.port! : found.address),
        ...(isWhole && field && { whole: field }),
      };
    }
    const value = typed(bytes, as);
    if (value !== undefined) return { value, ...(isField && field && { whole: field }) };
  }
  return undefined;
}

function within(json: Uint8Array, { path = [] }: FieldPlace): Uint8Array | undefined {
  try {
    let value: unknown = JSON.parse(decoded(json)!);
    for (const key of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Record<string, unknown>)[key];
    }
    if (value === null || value === undefined) return undefined;
    return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  } catch {
    return undefined;
  }
}

function typed(bytes: Uint8Array, as: Exclude<ValueType, 'ip'>): Uint8Array | undefined {
  const text = Buffer.from(bytes).toString('latin1');
  switch (as) {
    case 'text':
      return bytes;
    case 'integer':
      return /^-?\d{1,18}$/.test(text) ? bytes : undefined;
    case 'time': {
      const ms = timeMs(text);
      return ms === undefined ? undefined : Buffer.from(ms);
    }
  }
}

function timeMs(text: string): string | undefined {
  if (/^\d{10}$/.test(text)) return `${text}000`;
  if (/^(?:\d{13}|\d{16}|\d{19})$/.test(text)) return text.slice(0, 13);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : String(ms);
}

function epochMs({ time, timeNs = 0 }: OracleLog): number {
  return time * 1000 + Math.floor(timeNs / 1e6);
}

function cut(text: Buffer, maxCharacters: number): Buffer {
  if (text.length <= maxCharacters) return text;
  return Buffer.from(Array.from(text.toString('utf8')).slice(0, maxCharacters).join(''));
}

function escapeBytes(table: EscapeTable, bytes: Uint8Array): Buffer {
  return Buffer.concat(
    Array.from(bytes, (byte) => {
      const escapeClass = table.classes[byte]!;
      return escapeClass === 0 ? Uint8Array.of(byte) : table.replacements[escapeClass]!;
    }),
  );
}

function decoded(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
