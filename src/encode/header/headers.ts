/**
 * Which header a log's message has: the usual one, or one by what rules decide of the log and what its fields give to
 * the header. A writer for each of those that occur, kept as long as there are not too many.
 */
import type { ColumnValue, Decision } from '../../rules/evaluate.ts';
import { latin1 } from '../../rules/field-selection.ts';
import {
  MAX_APP_NAME_LENGTH,
  MAX_HOSTNAME_LENGTH,
  MAX_MSG_ID_LENGTH,
  MAX_PROC_ID_LENGTH,
} from '../../rules/header-fields.ts';
import { type HeaderText, MAX_FIELD_BYTES } from '../../rules/header-text.ts';
import type { ClassRule } from '../../rules/rules.ts';
import type { ColumnNames } from '../text/columns.ts';
import { decodeUtf8 } from '../text/utf8.ts';
import { type HeaderOptions, HeaderWriter } from './header.ts';
import { createTimestamp, type Timestamp } from './timestamp.ts';

/** A header whose fields may come from the log. */
export interface LogHeaderOptions extends Omit<HeaderOptions, TextName> {
  readonly hostname: HeaderText;
  /** APP-NAME, or TAG in RFC 3164; default `-` (in RFC 3164: DEFAULT_TAG). */
  readonly appName?: HeaderText;
  /** Default `-`; in RFC 3164 then left out. */
  readonly procId?: HeaderText;
  /** Default `-`; RFC 3164 has none. */
  readonly msgId?: HeaderText;
}

type TextName = 'hostname' | 'appName' | 'procId' | 'msgId';

const maxLengths: Readonly<Record<TextName, number>> = {
  hostname: MAX_HOSTNAME_LENGTH,
  appName: MAX_APP_NAME_LENGTH,
  procId: MAX_PROC_ID_LENGTH,
  msgId: MAX_MSG_ID_LENGTH,
};
const textNames = Object.keys(maxLengths) as TextName[];

/** A field may have another value in every log. */
const MAX_KEPT_WRITERS = 1024;

type Texts = Partial<Record<TextName, string>>;
type CompiledPart = string | { readonly column: number; readonly orElse: string };

export class Headers {
  /** Without rules, and as if no log had a field that a header asks for. */
  readonly usual: HeaderWriter;
  /** Every message has the usual one. */
  readonly isUsualOnly: boolean;
  /** No header is longer. */
  readonly maxBytes: number;

  readonly #options: LogHeaderOptions;
  readonly #structuredData: 'nil' | 'follows';
  readonly #timestamp: Timestamp;
  readonly #classes: readonly ClassRule[];
  /** The texts that fields have a part in. */
  readonly #fromFields: (readonly [TextName, readonly CompiledPart[]])[] = [];
  readonly #columns: readonly number[];
  readonly #writers = new Map<string, HeaderWriter>();
  /** Of the log before: many in a row have the same. */
  #last: LastHeader | undefined;

  /**
   * @param columns is told which fields are asked for
   * @param rules absent: nothing is decided
   * @throws AppError code `encoder-options`, action `fatal`: as HeaderWriter
   */
  constructor(
    options: LogHeaderOptions,
    structuredData: 'nil' | 'follows',
    columns: ColumnNames,
    rules: { readonly classes: readonly ClassRule[]; readonly severityField?: unknown } | undefined,
  ) {
    this.#options = options;
    this.#structuredData = structuredData;
    this.#timestamp = createTimestamp(options.rfc, options);
    this.#classes = rules?.classes ?? [];
    for (const name of textNames) {
      const text = options[name];
      if (typeof text !== 'object') continue;
      const parts = text.map((part) =>
        typeof part === 'string' ? part : { column: columns.add(part.field), orElse: part.orElse ?? '' },
      );
      this.#fromFields.push([name, parts]);
    }
    const parts = this.#fromFields.flatMap(([, each]) => each);
    this.#columns = [...new Set(parts.flatMap((part) => (typeof part === 'string' ? [] : [part.column])))];
    this.usual = this.#create(undefined, undefined, () => undefined);
    this.isUsualOnly = rules === undefined && this.#fromFields.length === 0;
    this.maxBytes = this.isUsualOnly ? this.usual.maxBytes : this.#longest();
  }

  /** Fields of the log have a part in them. */
  get hasFields(): boolean {
    return this.#fromFields.length > 0;
  }

  /** Below the second; `auto`: six, or none, as the log has them. */
  get timestampDigits(): number | 'auto' {
    return this.#timestamp.digits;
  }

  /** @param value of the fields of the log that the decision is about */
  of(decision: Decision | undefined, value: ColumnValue): HeaderWriter {
    if (this.isUsualOnly) return this.usual;
    if (this.#last !== undefined && this.#isLast(this.#last, decision, value)) return this.#last.writer;
    const writer = this.#kept(decision, value);
    const texts = this.#columns.map((column) => value(column)?.slice(0, MAX_FIELD_BYTES));
    this.#last = { rule: decision?.rule, severity: decision?.severity, texts, writer };
    return writer;
  }

  #kept(decision: Decision | undefined, value: ColumnValue): HeaderWriter {
    const key = this.#keyOf(decision, value);
    const known = this.#writers.get(key);
    if (known !== undefined) return known;
    const writer = this.#create(decision?.rule, decision?.severity, value);
    if (this.#writers.size === MAX_KEPT_WRITERS) this.#writers.clear();
    this.#writers.set(key, writer);
    return writer;
  }

  #isLast(last: LastHeader, decision: Decision | undefined, value: ColumnValue): boolean {
    if (decision?.rule !== last.rule || decision?.severity !== last.severity) return false;
    const columns = this.#columns;
    for (let index = 0; index < columns.length; index++) {
      if (!beginsAlike(value(columns[index]!), last.texts[index])) return false;
    }
    return true;
  }

  #keyOf(decision: Decision | undefined, value: ColumnValue): string {
    const rule = decision?.rule === undefined ? -1 : this.#classes.indexOf(decision.rule);
    let key = `${rule} ${decision?.severity ?? ''}`;
    for (const column of this.#columns) {
      const text = value(column);
      if (text === undefined) key += ' -';
      else key += ` ${Math.min(text.length, MAX_FIELD_BYTES)} ${latin1(text.subarray(0, MAX_FIELD_BYTES))}`;
    }
    return key;
  }

  #create(rule: ClassRule | undefined, severity: number | undefined, value: ColumnValue): HeaderWriter {
    const texts: Texts = {};
    for (const [name, parts] of this.#fromFields) texts[name] = parts.map((part) => partText(part, value)).join('');
    return this.#writer(texts, rule, severity);
  }

  #writer(texts: Texts, rule: ClassRule | undefined, severity: number | undefined): HeaderWriter {
    const fixed = { ...this.#options, ...texts } as HeaderOptions;
    const { facility = fixed.facility, appName = fixed.appName, msgId = fixed.msgId } = rule ?? {};
    const decided = { facility, severity: severity ?? fixed.severity, ...withoutUndefined({ appName, msgId }) };
    return new HeaderWriter({ ...fixed, ...decided }, this.#structuredData, this.#timestamp);
  }

  /** Of all classes, with the longest texts that fields could give, and a priority of three digits. */
  #longest(): number {
    const longest = Object.fromEntries(this.#fromFields.map(([name]) => [name, 'x'.repeat(maxLengths[name])]));
    const rules = [undefined, ...this.#classes];
    return Math.max(...rules.map((rule) => this.#writer(longest, { ...rule, ...HIGHEST }, HIGHEST.severity).maxBytes));
  }
}

interface LastHeader {
  readonly rule: ClassRule | undefined;
  readonly severity: number | undefined;
  /** By column: its first MAX_FIELD_BYTES. */
  readonly texts: readonly (Uint8Array | undefined)[];
  readonly writer: HeaderWriter;
}

/** @param kept of a text, its first MAX_FIELD_BYTES */
function beginsAlike(text: Uint8Array | undefined, kept: Uint8Array | undefined): boolean {
  if (text === undefined || kept === undefined) return text === kept;
  if (Math.min(text.length, MAX_FIELD_BYTES) !== kept.length) return false;
  for (let index = 0; index < kept.length; index++) if (text[index] !== kept[index]) return false;
  return true;
}

const HIGHEST = { when: { kind: 'all', of: [] }, facility: 23, severity: 7 } as const;

function partText(part: CompiledPart, value: ColumnValue): string {
  if (typeof part === 'string') return part;
  const bytes = value(part.column);
  return bytes === undefined || bytes.length === 0 ? part.orElse : decodeUtf8(bytes.subarray(0, MAX_FIELD_BYTES));
}

function withoutUndefined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
