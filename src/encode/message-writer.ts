/**
 * A log's fields → a message's text, by a format row.
 *
 * A log is flattened into fields in the official SDKs' order (aliyun-log-python-sdk, `loggroups_to_flattern_list`,
 * which the official syslog example sends; it takes `__time__` out for the header, and so do we):
 *
 *     __topic__, __source__          always, empty where the group has none
 *     __time_ns_part__               where the log has a TimeNs other than 0; in decimal
 *     __tag__:<key>                  one a tag of the group
 *     <key>                          the log's own contents
 *
 * Unlike that dictionary, fields of the same name are all kept, in their order. What the logs of a group have in
 * common is written once, into `#shared`, and copied for each:
 *
 *     prefix lead __topic__… separator __source__… │ separator __time_ns_part__… │ separator __tag__:…  … │ contents  suffix
 *     └───────────────── shared ──────────────────┘                              └────────── shared ─────┘
 */

import { maxExpansion } from '../format/escape-table.ts';
import type { FormatRow } from '../format/format-row.ts';
import { MAX_UTF8_CHARACTER_BYTES, type TextPiece } from './cut-text.ts';
import type { FieldSpans } from './field-spans.ts';
import type { LogWalker } from './log-walker.ts';
import {
  type ByteSource,
  byteSource,
  type CompiledEscape,
  compileEscape,
  decimalDigits,
  escapedLength,
  Output,
} from './output.ts';

const INITIAL_SHARED_BYTES = 4096;

/** Names of the fields that do not come from the log. */
const TOPIC = ascii('__topic__');
const SOURCE = ascii('__source__');
const TIME_NS = ascii('__time_ns_part__');
const TAG_PREFIX = ascii('__tag__:');

/** A format row, prepared; the same for all batches. */
export interface CompiledRow {
  readonly row: FormatRow;
  readonly keyEscape: CompiledEscape;
  readonly valueEscape: CompiledEscape;
  readonly keyExpansion: number;
  readonly valueExpansion: number;
  /** Bytes of the longest piece that a text must not be cut in: an escape, or a UTF-8 character. */
  readonly maxCharacterBytes: number;
  /** Names of the fields that do not come from the log, escaped as keys. */
  readonly topicKey: Uint8Array;
  readonly sourceKey: Uint8Array;
  readonly timeNsKey: Uint8Array;
  readonly tagKeyPrefix: Uint8Array;
}

export function compileRow(row: FormatRow): CompiledRow {
  const keyEscape = compileEscape(row.keyEscape);
  const keyExpansion = maxExpansion(row.keyEscape);
  const valueExpansion = maxExpansion(row.valueEscape);
  const escapedKey = (name: Uint8Array): Uint8Array => {
    const source = byteSource(name);
    const bytes = new Uint8Array(escapedLength(source, 0, source.bytes.length, keyEscape));
    new Output(byteSource(bytes)).escaped(source, 0, source.bytes.length, keyEscape);
    return bytes;
  };
  return {
    row,
    keyEscape,
    valueEscape: compileEscape(row.valueEscape),
    keyExpansion,
    valueExpansion,
    maxCharacterBytes: Math.max(MAX_UTF8_CHARACTER_BYTES, keyExpansion, valueExpansion),
    topicKey: escapedKey(TOPIC),
    sourceKey: escapedKey(SOURCE),
    timeNsKey: escapedKey(TIME_NS),
    tagKeyPrefix: escapedKey(TAG_PREFIX),
  };
}

/** Writes the messages of one batch. */
export class MessageWriter {
  readonly #compiled: CompiledRow;
  readonly #source: ByteSource;
  readonly #walker: LogWalker;
  readonly #shared = new Output(byteSource(new Uint8Array(INITIAL_SHARED_BYTES)));
  /** Where in `#shared` the tags begin. */
  #tagsAt = 0;

  /** @param source the bytes that the walker walks over */
  constructor(compiled: CompiledRow, source: ByteSource, walker: LogWalker) {
    this.#compiled = compiled;
    this.#source = source;
    this.#walker = walker;
  }

  /** Prepares what the walker's present group gives to each of its logs. To be called once a group. */
  beginGroup(): void {
    const compiled = this.#compiled;
    const { row, valueEscape } = compiled;
    const walker = this.#walker;
    const shared = this.#shared;
    this.#ensureShared();
    shared.position = 0;
    shared.text(row.prefix);
    shared.text(row.lead);
    shared.text(compiled.topicKey);
    shared.text(row.keyValueSign);
    shared.escaped(this.#source, walker.topicStart, walker.topicEnd, valueEscape);
    shared.text(row.separator);
    shared.text(compiled.sourceKey);
    shared.text(row.keyValueSign);
    shared.escaped(this.#source, walker.sourceStart, walker.sourceEnd, valueEscape);
    this.#tagsAt = shared.position;
    this.#writeFields(shared, walker.tags, compiled.tagKeyPrefix);
  }

  /** Length of the walker's present log as a message if none of its contents has to be escaped. */
  plainLength(): number {
    const { row } = this.#compiled;
    const { contents } = this.#walker;
    const between = row.separator.length + row.keyValueSign.length;
    const own = contents.count * between + contents.keyBytes + contents.valueBytes;
    return this.#shared.position + this.#timeNsLength() + own + row.suffix.length;
  }

  /** The same if every byte has to be escaped, by the longest replacement: no message is longer. */
  maxLength(): number {
    const { keyExpansion, valueExpansion } = this.#compiled;
    const { keyBytes, valueBytes } = this.#walker.contents;
    return this.plainLength() + keyBytes * (keyExpansion - 1) + valueBytes * (valueExpansion - 1);
  }

  /** Exactly what `write` will write; looks at every byte, so it is for large logs only. */
  exactLength(): number {
    const { keyEscape, valueEscape } = this.#compiled;
    const { offsets, count } = this.#walker.contents;
    let length = this.plainLength();
    for (let at = 0; at < count * 4; at += 4) {
      const keyStart = offsets[at]!;
      const keyEnd = offsets[at + 1]!;
      const valueStart = offsets[at + 2]!;
      const valueEnd = offsets[at + 3]!;
      length += escapedLength(this.#source, keyStart, keyEnd, keyEscape) - (keyEnd - keyStart);
      length += escapedLength(this.#source, valueStart, valueEnd, valueEscape) - (valueEnd - valueStart);
    }
    return length;
  }

  /** Writes the walker's present log. */
  write(output: Output): void {
    const { row, timeNsKey } = this.#compiled;
    const { timeNs, contents } = this.#walker;
    const shared = this.#shared;
    if (timeNs > 0) {
      output.copy(shared, 0, this.#tagsAt);
      output.text(row.separator);
      output.text(timeNsKey);
      output.text(row.keyValueSign);
      output.decimal(timeNs);
      output.copy(shared, this.#tagsAt, shared.position);
    } else {
      output.copy(shared, 0, shared.position);
    }
    this.#writeFields(output, contents, NO_PREFIX);
    output.text(row.suffix);
  }

  /**
   * What `write` would write, in pieces that are not escaped yet, so that it can be cut. Slower, and for messages
   * that are over the limit only. The walker has to stay at the log until the last piece is taken.
   */
  *pieces(): Generator<TextPiece, undefined> {
    const { row, keyEscape, valueEscape } = this.#compiled;
    const { bytes } = this.#source;
    const walker = this.#walker;
    yield plain(row.prefix);
    yield plain(row.lead);
    yield { ...plain(TOPIC), escape: keyEscape };
    yield plain(row.keyValueSign);
    yield { bytes, start: walker.topicStart, end: walker.topicEnd, escape: valueEscape };
    yield plain(row.separator);
    yield { ...plain(SOURCE), escape: keyEscape };
    yield plain(row.keyValueSign);
    yield { bytes, start: walker.sourceStart, end: walker.sourceEnd, escape: valueEscape };
    if (walker.timeNs > 0) {
      yield plain(row.separator);
      yield { ...plain(TIME_NS), escape: keyEscape };
      yield plain(row.keyValueSign);
      yield plain(ascii(String(walker.timeNs)));
    }
    yield* this.#fieldPieces(walker.tags, TAG_PREFIX);
    yield* this.#fieldPieces(walker.contents, NO_PREFIX);
    yield plain(row.suffix);
    return undefined;
  }

  *#fieldPieces({ offsets, count }: FieldSpans, keyPrefix: Uint8Array): Generator<TextPiece> {
    const { row, keyEscape, valueEscape } = this.#compiled;
    const { bytes } = this.#source;
    for (let at = 0; at < count * 4; at += 4) {
      yield plain(row.separator);
      yield { ...plain(keyPrefix), escape: keyEscape };
      yield { bytes, start: offsets[at]!, end: offsets[at + 1]!, escape: keyEscape };
      yield plain(row.keyValueSign);
      yield { bytes, start: offsets[at + 2]!, end: offsets[at + 3]!, escape: valueEscape };
    }
  }

  #writeFields(output: Output, spans: FieldSpans, keyPrefix: Uint8Array): void {
    const { row, keyEscape, valueEscape } = this.#compiled;
    const { separator, keyValueSign } = row;
    const source = this.#source;
    const { offsets, count } = spans;
    for (let at = 0; at < count * 4; at += 4) {
      output.text(separator);
      output.text(keyPrefix);
      output.escaped(source, offsets[at]!, offsets[at + 1]!, keyEscape);
      output.text(keyValueSign);
      output.escaped(source, offsets[at + 2]!, offsets[at + 3]!, valueEscape);
    }
  }

  #timeNsLength(): number {
    if (this.#walker.timeNs <= 0) return 0;
    const { row, timeNsKey } = this.#compiled;
    return row.separator.length + timeNsKey.length + row.keyValueSign.length + decimalDigits(this.#walker.timeNs);
  }

  #ensureShared(): void {
    const { row, keyExpansion, valueExpansion, topicKey, sourceKey, tagKeyPrefix } = this.#compiled;
    const { tags, topicStart, topicEnd, sourceStart, sourceEnd } = this.#walker;
    const constants =
      row.prefix.length + row.lead.length + topicKey.length + sourceKey.length + 2 * row.keyValueSign.length;
    const ownValues = (topicEnd - topicStart + sourceEnd - sourceStart + tags.valueBytes) * valueExpansion;
    const aTag = row.separator.length + tagKeyPrefix.length + row.keyValueSign.length;
    const needed = constants + row.separator.length + ownValues + tags.keyBytes * keyExpansion + tags.count * aTag;
    if (needed > this.#shared.bytes.length) this.#shared.attach(byteSource(new Uint8Array(needed)));
  }
}

const NO_PREFIX = new Uint8Array(0);

function plain(bytes: Uint8Array): TextPiece {
  return { bytes, start: 0, end: bytes.length };
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
