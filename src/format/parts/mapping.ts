/**
 * Mappings: which of a log's values go to which keys of CEF and LEEF.
 *
 *     src: remote_addr                                    a field
 *     request: request_uri
 *     suser: [user, event:userIdentity.userName]          the first value that exists
 *     cs1: "=production"                                  a constant
 *     cs1Label: "=Environment"                            the label of cs1; default: the name of its field
 *
 * Values are named as in value-place.ts. The user's mapping is merged into a ready-made one (mappings/) key by key: the
 * user's value wins, and `"="` removes a key.
 */
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { cutText, escaped, utf8 } from './bytes.ts';
import type { EscapeTable } from './escape-table.ts';
import type { HeadPart, MappedField, ValueSource, ValueType } from './mapped.ts';
import { type HeadText, LOG_TIME, parseHeadText, parseValue, placeName, type ValueText } from './value-place.ts';

/** Values by key, in the order of writing. */
export type FieldMap = Readonly<Record<string, ValueText>>;

/** @returns a check that objects to predefined keys in another case, which a SIEM would not know */
export function caseObjection(predefined: Iterable<string>): (key: string) => string | undefined {
  const byLowerCase = new Map([...predefined].map((key) => [key.toLowerCase(), key]));
  return (key) => {
    const right = byLowerCase.get(key.toLowerCase());
    return right === undefined || right === key ? undefined : `is ${right} in another case; write ${right}`;
  };
}

/** Schema of a mapping as a user writes it. */
export const fieldMapSchema = z.record(
  z.string().min(1),
  z
    .union([z.string(), z.array(z.string()).min(1)])
    .superRefine((value, context) => complain(context, () => parseValue(value))),
);

/** Schema of a text in the head of CEF and LEEF as a user writes it. */
export const headTextSchema = z
  .union([z.string().min(1), z.array(z.string()).min(1)])
  .superRefine((value, context) => complain(context, () => parseHeadText(value, '')));

function complain(context: z.RefinementCtx, parse: () => unknown): void {
  if (context.issues.length > 0) return;
  try {
    parse();
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
}

/** A format's rules for its keys. */
export interface KeyRules {
  /** Name of the format for error messages, as `cef`. */
  readonly format: string;
  readonly valueEscape: EscapeTable;
  /** @returns why the key cannot be written; undefined where it can */
  objection(key: string): string | undefined;
  typeOf(key: string): ValueType;
  /** Undefined: no limit. */
  maxCharacters(key: string): number | undefined;
  /** The key for an IPv6 address under this key; undefined: IPv6 addresses are not written. */
  ipv6(key: string): { readonly key: string; readonly label?: string } | undefined;
  /** The key for the port of an address under this key; undefined: ports are not written. */
  portKey(key: string): string | undefined;
  /** The key for the label of this key: `cs1` → `cs1Label`; undefined: it has none. */
  labelKey(key: string): string | undefined;
}

/** @throws AppError with code `format` and action `fatal`: a key or a value is invalid */
export function compileMap(map: FieldMap, rules: KeyRules): MappedField[] {
  const values = new Map(Object.entries(map).map(([key, text]) => [key, parseMapped(key, text, rules)]));
  const takenAway = new Set<string>();
  for (const [key, value] of values) {
    if (!isTakenAway(value)) continue;
    takenAway.add(key);
    values.delete(key);
    const labelKey = rules.labelKey(key);
    if (labelKey !== undefined) values.delete(labelKey);
  }
  const labels = new Map<string, string>();
  for (const key of [...values.keys()]) {
    const labelKey = rules.labelKey(key);
    if (labelKey === undefined) continue;
    const given = values.get(labelKey);
    // A label taken from the log is a field like any other.
    if (given !== undefined && given.kind !== 'constant') continue;
    labels.set(key, given === undefined ? madeLabel(key, values.get(key)!) : Buffer.from(given.bytes).toString('utf8'));
    values.delete(labelKey);
  }
  const ipv6Labels = takeIpv6Labels(values, rules);
  const fields = [...values].map(([key, value]) =>
    compileField({ key, value, label: labels.get(key), ipv6Label: ipv6Labels.get(key) }, values, rules),
  );
  return withPorts(fields, takenAway, rules);
}

/**
 * Removes constant labels of the keys for IPv6 addresses from `values`: as fields of their own, the label's key would
 * be written twice, or without an address.
 * @returns labels by the key that the address is mapped to; undefined where the label is a field of the log
 */
function takeIpv6Labels(values: Map<string, ValueSource>, rules: KeyRules): Map<string, string | undefined> {
  const labels = new Map<string, string | undefined>();
  for (const key of [...values.keys()]) {
    const ipv6 = ipv6Of(key, values, rules);
    if (ipv6?.label === undefined) continue;
    const labelKey = `${ipv6.key}Label`;
    const given = values.get(labelKey);
    const isConstant = given?.kind === 'constant';
    labels.set(
      key,
      isConstant ? Buffer.from(given.bytes).toString('utf8') : given === undefined ? ipv6.label : undefined,
    );
    if (isConstant) values.delete(labelKey);
  }
  return labels;
}

/** The key for an IPv6 address under this key; undefined where it is not written, or the map uses that key. */
function ipv6Of(key: string, all: ReadonlyMap<string, ValueSource>, rules: KeyRules): ReturnType<KeyRules['ipv6']> {
  if (all.get(key)?.kind === 'constant' || rules.typeOf(key) !== 'ip') return undefined;
  const ipv6 = rules.ipv6(key);
  return ipv6 !== undefined && (ipv6.key === key || !all.has(ipv6.key)) ? ipv6 : undefined;
}

function parseMapped(key: string, text: ValueText, rules: KeyRules): ValueSource {
  const objection = rules.objection(key);
  if (objection !== undefined) throw mappingError(`The key ${JSON.stringify(key)} of the mapping ${objection}.`);
  const value = parseValue(text);
  if (value.kind === 'log-time' && rules.typeOf(key) !== 'time') {
    throw mappingError(`${LOG_TIME} cannot be mapped to ${key}, which holds no time in ${rules.format}.`);
  }
  return value;
}

function isTakenAway(value: ValueSource): boolean {
  return value.kind === 'constant' && value.bytes.length === 0;
}

function compileField(
  {
    key,
    value,
    label,
    ipv6Label,
  }: {
    readonly key: string;
    readonly value: ValueSource;
    readonly label: string | undefined;
    readonly ipv6Label: string | undefined;
  },
  all: ReadonlyMap<string, ValueSource>,
  rules: KeyRules,
): MappedField {
  // A constant is the user's choice, and not checked against the key's type.
  const as = value.kind === 'constant' ? 'text' : rules.typeOf(key);
  const maxCharacters = rules.maxCharacters(key);
  const ipv6 = ipv6Of(key, all, rules);
  const labelKey = rules.labelKey(key);
  return {
    key: utf8(key),
    value,
    as,
    ...(maxCharacters !== undefined && { maxCharacters }),
    ...(ipv6 !== undefined && {
      ipv6: {
        key: utf8(ipv6.key),
        ...(ipv6Label !== undefined && { label: labelField(`${ipv6.key}Label`, ipv6Label, rules) }),
      },
    }),
    ...(label !== undefined && labelKey !== undefined && { label: labelField(labelKey, label, rules) }),
  };
}

/** Adds the ports of addresses under the keys for ports, after the values that the map has for these keys. */
function withPorts(fields: readonly MappedField[], takenAway: ReadonlySet<string>, rules: KeyRules): MappedField[] {
  const all = [...fields];
  for (const { key, value, as, ipv6 } of fields) {
    const portKey = rules.portKey(Buffer.from(key).toString('utf8'));
    if (portKey === undefined || takenAway.has(portKey) || as !== 'ip' || value.kind !== 'fields') continue;
    const ports = value.places.map((place) => ({ ...place, port: { ofIpv6: ipv6 !== undefined } }));
    const at = all.findIndex((field) => Buffer.from(field.key).equals(utf8(portKey)));
    const known = all[at];
    if (known === undefined) {
      const behind = all.findIndex((field) => field.key === key) + 1;
      all.splice(behind, 0, {
        key: utf8(portKey),
        value: { kind: 'fields', places: ports },
        as: rules.typeOf(portKey),
      });
    } else if (known.value.kind === 'fields') {
      all[at] = { ...known, value: { kind: 'fields', places: [...known.value.places, ...ports] } };
    }
  }
  return all;
}

function labelField(key: string, label: string, rules: KeyRules): Uint8Array {
  const text = cutText(label, rules.maxCharacters(key) ?? Number.MAX_SAFE_INTEGER);
  return Uint8Array.from(Buffer.concat([utf8(`${key}=`), escaped(text, rules.valueEscape)]));
}

function madeLabel(key: string, value: ValueSource): string {
  return value.kind === 'fields' ? placeName(value.places[0]!) : key;
}

/** Compiles a field of the head: a text, or a value of the log. */
export function headPart(text: HeadText, maxCharacters: number, table: EscapeTable): HeadPart {
  const orElse = escaped(cutText(text.orElse, maxCharacters), table);
  if (text.places.length === 0) return { kind: 'constant', bytes: orElse };
  return { kind: 'value', value: { kind: 'fields', places: text.places }, escape: table, maxCharacters, orElse };
}

export function mappingError(message: string): AppError {
  return new AppError(message, { code: 'format', action: 'fatal' });
}
