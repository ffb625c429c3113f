/**
 * IBM QRadar's Log Event Extended Format, 1.0 and 2.0 ("QRadar Log Event Extended Format (LEEF) Guide"):
 *
 *     LEEF:1.0|Alibaba Cloud|ActionTrail|1.0|ConsoleSignin|sev=2⇥devTime=1795515072000⇥src=192.0.2.7⇥…
 *     LEEF:2.0|Alibaba Cloud|ActionTrail|1.0|ConsoleSignin|^|sev=2^devTime=1795515072000^src=192.0.2.7^…
 *
 * - LEEF has no escapes. In the head, `|` becomes `/`, and control characters a space. In values, control characters
 *   become a space (also TAB and line breaks), and the delimiter becomes `_` if it is not a control character.
 * - EventID has at most 255 characters. `sev` is 1 to 10, from the message's severity: see `leefSeverities`; `devTime`
 *   is the log's time in epoch milliseconds, which needs no `devTimeFormat`. A mapping may set either otherwise.
 * - The keys of the mapping come first, in its order, then the log's other fields under their own names: see `leefKey`.
 *   Keys are unique (encode/text/written-names.ts). Text is UTF-8: invalid UTF-8 becomes U+FFFD.
 */
import { AppError } from '../../core/errors.ts';
import { controlEntries, NOTHING, shortHash, utf8 } from '../parts/bytes.ts';
import { createEscapeTable } from '../parts/escape-table.ts';
import type { FormatRow } from '../parts/format-row.ts';
import type { HeadPart, Mapped } from '../parts/mapped.ts';
import { caseObjection, compileMap, type FieldMap, headPart, type KeyRules, mappingError } from '../parts/mapping.ts';
import { LOG_TIME, parseHeadText, type ValueText } from '../parts/value-place.ts';
import { DEFAULT_EVENT, DEFAULT_PRODUCT, DEFAULT_VENDOR, DEFAULT_VERSION } from './cef.ts';
import { leefAttributes, leefPortKeys } from './leef-attributes.ts';

export type LeefVersion = '1.0' | '2.0';

export interface LeefOptions {
  /** Default `1.0`. */
  readonly leefVersion?: LeefVersion;
  /** 2.0 only: one character, or `x` or `0x` and its code in hex; default TAB. */
  readonly leefDelimiter?: string;
  /** Default `Alibaba Cloud`. */
  readonly vendor?: ValueText;
  /** Default `Log Service`. */
  readonly product?: ValueText;
  /** Default `1.0`. */
  readonly version?: ValueText;
  /** EventID; default: the topic, or `log` where there is none. */
  readonly eventClassId?: ValueText;
  readonly map?: FieldMap;
  /** The log's other fields: default `keep`. */
  readonly unmapped?: 'keep' | 'drop';
}

/** LEEF severities for emerg to debug, never 0. */
export const leefSeverities: readonly number[] = [10, 9, 8, 7, 5, 3, 2, 1];

const otherCase = caseObjection(leefAttributes.keys());

const TAB = 0x09;
const MAX_EVENT_ID = 255;
/** CEF's limit for vendor, product and version, as LEEF's guide has none. */
const MAX_NAME = 63;

const headEscape = createEscapeTable([...controlEntries(() => ' '), [0x7c, '/']]);

/** @throws AppError with code `format` and action `fatal`: an option or the mapping is invalid */
export function createLeefFormat(options: LeefOptions = {}): FormatRow {
  const version = options.leefVersion ?? '1.0';
  const delimiter = version === '1.0' ? TAB : parseDelimiter(options.leefDelimiter ?? 'x09');
  const valueEscape = createEscapeTable([
    ...(isControl(delimiter) ? [] : [[delimiter, '_'] as const]),
    ...controlEntries(() => ' '),
  ]);
  const map: FieldMap = { devTime: LOG_TIME, ...options.map };
  const severity = options.map?.sev;
  if (typeof severity === 'string' && /^=(?!(?:[1-9]|10)$)./s.test(severity)) {
    throw mappingError(`The constant ${JSON.stringify(severity)} of sev is none of "=1" to "=10", as LEEF wants it.`);
  }
  const hasSeverity = severity !== undefined;
  const keys = Object.keys(map);
  return {
    name: 'leef',
    prefix: NOTHING,
    // The head ends with `sev` as the first attribute, and a delimiter has to follow, unless `sev` is mapped.
    firstSeparator: hasSeverity ? NOTHING : Uint8Array.of(delimiter),
    separator: Uint8Array.of(delimiter),
    keyEscape: createEscapeTable(controlEntries(() => '_')),
    keyValueSign: utf8('='),
    valueEscape,
    suffix: NOTHING,
    invalidUtf8: 'replace',
    spell: createSpelling(keys, delimiter),
    mapped: createMapped(options, { version, map, hasSeverity, delimiter, rules: keyRules(valueEscape, delimiter) }),
  };
}

function createMapped(
  options: LeefOptions,
  {
    version,
    map,
    hasSeverity,
    delimiter,
    rules,
  }: {
    readonly version: LeefVersion;
    readonly map: FieldMap;
    readonly hasSeverity: boolean;
    readonly delimiter: number;
    readonly rules: KeyRules;
  },
): Mapped {
  const head = (text: ValueText | undefined, usual: string, maxCharacters: number): HeadPart =>
    headPart(parseHeadText(text ?? usual, parseHeadText(usual, '').orElse), maxCharacters, headEscape);
  const constant = (text: string): HeadPart => ({ kind: 'constant', bytes: utf8(text) });
  const severity: HeadPart = { kind: 'severity', texts: leefSeverities.map((each) => utf8(String(each))) };
  return {
    head: [
      constant(`LEEF:${version}|`),
      head(options.vendor, DEFAULT_VENDOR, MAX_NAME),
      constant('|'),
      head(options.product, DEFAULT_PRODUCT, MAX_NAME),
      constant('|'),
      head(options.version, DEFAULT_VERSION, MAX_NAME),
      constant('|'),
      head(options.eventClassId, DEFAULT_EVENT, MAX_EVENT_ID),
      constant(version === '1.0' ? '|' : `|${delimiterText(delimiter)}|`),
      ...(hasSeverity ? [] : [constant('sev='), severity]),
    ],
    fields: compileMap(map, rules),
    rest: options.unmapped !== 'drop',
  };
}

function keyRules(valueEscape: KeyRules['valueEscape'], delimiter: number): KeyRules {
  return {
    format: 'leef',
    valueEscape,
    objection(key) {
      const isKey = [...utf8(key)].every((byte) => isKeyByte(byte, delimiter));
      return isKey
        ? otherCase(key)
        : 'has a character that no key of LEEF may have: use letters, digits, ".", "_" and "-"';
    },
    typeOf: (key) => leefAttributes.get(key) ?? 'text',
    maxCharacters: () => undefined,
    // IPv4 and IPv6 addresses have the same key.
    ipv6: (key) => ({ key }),
    portKey: (key) => leefPortKeys[key],
    labelKey: () => undefined,
  };
}

/** @returns the delimiter's byte */
function parseDelimiter(text: string): number {
  const hex = /^0?x([0-9a-f]{1,4})$/i.exec(text)?.[1];
  const code = hex === undefined ? text.charCodeAt(0) : Number.parseInt(hex, 16);
  if (hex === undefined && text.length !== 1) {
    throw unusable(text, 'is not one character; give one, or x and its code in hex, such as x09 for TAB');
  }
  if (code === 0 || code === 0x0a || code === 0x0d) throw unusable(text, 'would end the message at many receivers');
  if (code >= 0x7f) throw unusable(text, 'is not an ASCII character; give one, such as ^ or x09');
  if (/[A-Za-z0-9=| ._-]/.test(String.fromCharCode(code))) {
    throw unusable(text, 'occurs in keys, between head fields or in most values; give another, such as ^ or x09');
  }
  return code;
}

function delimiterText(delimiter: number): string {
  return isControl(delimiter) ? `x${delimiter.toString(16).padStart(2, '0')}` : String.fromCharCode(delimiter);
}

function createSpelling(mappedKeys: readonly string[], delimiter: number): (name: Uint8Array) => Uint8Array {
  const taken = new Set([...leefAttributes.keys(), ...mappedKeys].map((key) => key.toLowerCase()));
  return (name) => leefKey(name, taken, delimiter);
}

const PREFIX = 'sls_';
const MAX_KEY_BYTES = 255;

/**
 * The key for a field's name: the name itself, where it is printable ASCII without space, `=`, `|` and the delimiter.
 * Other bytes become `_`, and the name then gets `~` and eight digits of its hash, as does a name that is too long. A
 * key that is predefined or in the mapping, in any case, gets the prefix `sls_`, as does a key that already begins with
 * it.
 * @param taken keys in lower case
 * @param delimiter its byte
 */
export function leefKey(name: Uint8Array, taken: ReadonlySet<string>, delimiter: number): Uint8Array {
  const isClean = name.length > 0 && name.length <= MAX_KEY_BYTES && name.every((byte) => isKeyByte(byte, delimiter));
  const bytes = Uint8Array.from(name.subarray(0, MAX_KEY_BYTES), (byte) => (isKeyByte(byte, delimiter) ? byte : 0x5f));
  const text = Buffer.from(bytes).toString('latin1');
  const key = isClean ? text : `${text}${delimiter === 0x7e ? '-' : '~'}${shortHash(name)}`;
  const isShadowing = taken.has(key.toLowerCase()) || key.toLowerCase().startsWith(PREFIX);
  return utf8(isShadowing ? PREFIX + key : key);
}

function isKeyByte(byte: number, delimiter: number): boolean {
  return byte > 0x20 && byte < 0x7f && byte !== 0x3d && byte !== 0x7c && byte !== delimiter;
}

function isControl(byte: number): boolean {
  return byte < 0x20 || byte === 0x7f;
}

function unusable(delimiter: string, why: string): AppError {
  return new AppError(`The delimiter ${JSON.stringify(delimiter)} ${why}.`, { code: 'format', action: 'fatal' });
}
