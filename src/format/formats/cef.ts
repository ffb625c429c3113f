/**
 * ArcSight's Common Event Format, version 0 ("Implementing ArcSight Common Event Format (CEF)", version 25):
 *
 *     CEF:0|Alibaba Cloud|ActionTrail|1.0|ConsoleSignin|ConsoleSignin|2|rt=1795515072000 src=192.0.2.7 suser=alice …
 *           vendor        product     version event class name        severity  extension
 *
 * - Head: `\` and `|` are escaped with `\`; control characters become a space. The fields are cut to 63, 63, 31, 1023
 *   and 512 characters. The severity comes from the message's: see `cefSeverities`.
 * - Extension: first the keys of the mapping, in its order, with `rt` first by default; then the log's other fields
 *   under keys of their own. In values `\`, `=`, LF and CR are written `\\`, `\=`, `\n` and `\r`; other control
 *   characters become a space. Text is UTF-8: invalid UTF-8 becomes U+FFFD.
 * - `src`, `dst` and `dvc` are IPv4 addresses; an IPv6 address goes to `c6a2`, `c6a3` and `c6a1`, with their labels.
 *
 * Own keys are alphanumeric: see `cefKey`.
 */
import { controlEntries, NOTHING, shortHash, utf8 } from '../parts/bytes.ts';
import { createEscapeTable } from '../parts/escape-table.ts';
import type { FormatRow } from '../parts/format-row.ts';
import type { HeadPart } from '../parts/mapped.ts';
import { caseObjection, compileMap, type FieldMap, headPart, type KeyRules } from '../parts/mapping.ts';
import { LOG_TIME, parseHeadText, type ValueText } from '../parts/value-place.ts';
import { type CefKey, cefConsumerKeys, cefDictionary, ipv6Keys, portKeys } from './cef-dictionary.ts';

export interface CefOptions {
  /** Default `Alibaba Cloud`. */
  readonly vendor?: ValueText;
  /** Default `Log Service`. */
  readonly product?: ValueText;
  /** Default `1.0`. */
  readonly version?: ValueText;
  /** Default: the topic, or `log` where there is none. */
  readonly eventClassId?: ValueText;
  /** Default: the topic, or `log` where there is none. */
  readonly eventName?: ValueText;
  readonly map?: FieldMap;
  /** The log's other fields: default `keep`. */
  readonly unmapped?: 'keep' | 'drop';
}

export const DEFAULT_VENDOR = 'Alibaba Cloud';
export const DEFAULT_PRODUCT = 'Log Service';
export const DEFAULT_VERSION = '1.0';
export const DEFAULT_EVENT = '{__topic__|log}';

/** CEF severities for emerg to debug: 0 to 3 is low, 4 to 6 medium, 7 and 8 high, 9 and 10 very high. */
export const cefSeverities: readonly number[] = [10, 9, 8, 7, 5, 3, 2, 0];

const headEscape = createEscapeTable([...controlEntries(() => ' '), [0x5c, '\\\\'], [0x7c, '\\|']]);

const valueEscape = createEscapeTable([
  ...controlEntries(() => ' '),
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x3d, '\\='],
  [0x5c, '\\\\'],
]);

const labelled = /^(?:c[ns][1-6]|cfp[1-4]|c6a[1-4]|flex(?:Date|Number|String)[12]|deviceCustomDate[12])$/;

const otherCase = caseObjection(cefDictionary.keys());

const rules: KeyRules = {
  format: 'cef',
  valueEscape,
  objection: (key) => (/^[A-Za-z0-9]+$/.test(key) ? otherCase(key) : 'is not alphanumeric, as the keys of CEF are'),
  typeOf: (key) => dictionaryKey(key)?.type ?? 'text',
  maxCharacters: (key) => dictionaryKey(key)?.maxCharacters,
  ipv6: (key) => ipv6Keys[key],
  portKey: (key) => portKeys[key],
  labelKey: (key) => (labelled.test(key) && cefDictionary.has(key) ? `${key}Label` : undefined),
};

function dictionaryKey(key: string): CefKey | undefined {
  return cefDictionary.get(key);
}

/** @throws AppError with code `format` and action `fatal`: an option or the mapping is invalid */
export function createCefFormat(options: CefOptions = {}): FormatRow {
  const map: FieldMap = { rt: LOG_TIME, ...options.map };
  const head = (text: ValueText | undefined, usual: string, maxCharacters: number): HeadPart =>
    headPart(parseHeadText(text ?? usual, parseHeadText(usual, '').orElse), maxCharacters, headEscape);
  const bar: HeadPart = { kind: 'constant', bytes: utf8('|') };
  return {
    name: 'cef',
    prefix: NOTHING,
    firstSeparator: NOTHING,
    separator: utf8(' '),
    keyEscape: createEscapeTable(controlEntries(() => '_')),
    keyValueSign: utf8('='),
    valueEscape,
    suffix: NOTHING,
    invalidUtf8: 'replace',
    spell: createSpelling(Object.keys(map)),
    otherName: cefOtherKey,
    isTagName: (key) => /^tag[A-Z0-9]/.test(Buffer.from(key).toString('latin1')),
    mapped: {
      head: [
        { kind: 'constant', bytes: utf8('CEF:0|') },
        head(options.vendor, DEFAULT_VENDOR, 63),
        bar,
        head(options.product, DEFAULT_PRODUCT, 63),
        bar,
        head(options.version, DEFAULT_VERSION, 31),
        bar,
        head(options.eventClassId, DEFAULT_EVENT, 1023),
        bar,
        head(options.eventName, DEFAULT_EVENT, 512),
        bar,
        { kind: 'severity', texts: cefSeverities.map((severity) => utf8(String(severity))) },
        bar,
      ],
      fields: compileMap(map, rules),
      rest: options.unmapped !== 'drop',
    },
  };
}

const PREFIX = 'sls';
const MAX_KEY_LENGTH = 255;

function createSpelling(mappedKeys: readonly string[]): (name: Uint8Array) => Uint8Array {
  const taken = new Set([...cefDictionary.keys(), ...cefConsumerKeys, ...mappedKeys].map((key) => key.toLowerCase()));
  return (name) => utf8(cefKey(name, taken));
}

/**
 * An alphanumeric key from the words of a field's name: `remote_addr` → `remoteAddr`, `__topic__` → `topic`,
 * `__tag__:__hostname__` → `tagHostname`, `User-Agent` → `UserAgent`.
 *
 * - Names that differ in more than the characters between their words get different keys: a name with other characters
 *   than ASCII letters, digits, `_ - . : / @` and space, or a too long one, gets `X` and eight digits of its hash.
 *   (`user_agent`, `user-agent` and `userAgent` in one log would get one key: see `cefOtherKey`.)
 * - A key that is in the dictionary or the mapping, in any case, gets the prefix `sls`: an unmapped field `src` becomes
 *   `slsSrc`. A key that already begins with the prefix gets it too.
 */
export function cefKey(name: Uint8Array, taken: ReadonlySet<string>): string {
  const text = Buffer.from(name).toString('latin1');
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const key = words.map((word, index) => (index === 0 ? word : capitalised(word))).join('');
  const isPlain = key !== '' && key.length <= MAX_KEY_LENGTH && /^[\w\-.:/@ ]+$/.test(text);
  const unlike = isPlain ? key : `${key.slice(0, MAX_KEY_LENGTH) || 'field'}X${shortHash(name)}`;
  const isShadowing = taken.has(unlike.toLowerCase()) || /^sls(?:[A-Z0-9]|$)/.test(unlike);
  return isShadowing ? `${PREFIX}${capitalised(unlike)}` : unlike;
}

/**
 * The key of a log's own field when one of the service's fields, or another field, already has the key of its name:
 * `_source_` → `slsSource`, `userAgent` → `slsUserAgent`, then `slsUserAgent2`.
 */
function cefOtherKey(key: Uint8Array, number: number): Uint8Array {
  const text = Buffer.from(key).toString('latin1');
  return utf8(`${PREFIX}${capitalised(text)}${number > 1 ? number : ''}`);
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
