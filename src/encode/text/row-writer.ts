/**
 * Writes a log's text by a format row.
 *
 * A log is flattened into fields in the official SDKs' order (aliyun-log-python-sdk, `loggroups_to_flattern_list`,
 * which the official syslog example sends; it takes `__time__` out for the header, and so do we):
 *
 *     __topic__, __source__          always, empty where the group has none
 *     __time_ns_part__               where the log has a TimeNs other than 0; in decimal
 *     __tag__:<key>                  one a tag of the group
 *     <key>                          the log's own contents
 *
 * Unlike in that dictionary, all fields of one name are kept, in their order; where names have to be unique, another
 * writer is used (checked-writer.ts). A selection (field-selection.ts) may leave out or rename fields; `firstSeparator`
 * stands before the first field that is written. The fields of a group are written once, into `#shared`, and copied for
 * each log (`first`, `sep`: the separators):
 *
 *     prefix first __topic__… sep __source__… │ sep __time_ns_part__… sep │ __tag__:…  … │ sep contents  trail suffix
 *     └─────────────── shared ────────────────┘                           └─── shared ───┘
 */
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import { TAG_PREFIX } from '../../rules/field-selection.ts';
import { FieldSpans } from '../wire/field-spans.ts';
import type { LogWalker } from '../wire/log-walker.ts';
import type { CompiledRow, OwnField } from './compiled-row.ts';
import { type FieldPieces, rowPieces, writeCutRow } from './cut-row.ts';
import { plainPiece, type TextPiece } from './cut-text.ts';
import type { MessageWriter } from './message-writer.ts';
import { decimalDigits, escapedLength, Output } from './output.ts';

const INITIAL_SHARED_BYTES = 4096;
const NO_PREFIX = new Uint8Array(0);

export class RowWriter implements MessageWriter {
  readonly #compiled: CompiledRow;
  readonly #source: ByteSource;
  readonly #walker: LogWalker;
  readonly #shared = new Output(byteSource(new Uint8Array(INITIAL_SHARED_BYTES)));
  /** Where in `#shared` the tags begin. */
  #tagsAt = 0;
  /** Whether the group's own fields, topic, source or both, come first. */
  readonly #hasGroupFields: boolean;
  /** Spans of the fields that are written; the walker's own where there is no selection. */
  readonly #tags: FieldSpans;
  readonly #contents: FieldSpans;
  /** Always 0: logs with renamed fields are another writer's. */
  readonly renamedFields = 0;

  /** @param source the bytes that the walker walks over */
  constructor(compiled: CompiledRow, source: ByteSource, walker: LogWalker) {
    this.#compiled = compiled;
    this.#source = source;
    this.#walker = walker;
    this.#hasGroupFields = (compiled.topic ?? compiled.source) !== undefined;
    this.#tags = compiled.choices ? new FieldSpans() : walker.tags;
    this.#contents = compiled.choices ? new FieldSpans() : walker.contents;
  }

  beginGroup(): void {
    const { row, topic, source, valueEscape, tagKeyPrefix, choices } = this.#compiled;
    const walker = this.#walker;
    const shared = this.#shared;
    if (choices) this.#tags.select(walker.tags, choices, this.#source.bytes, TAG_PREFIX);
    this.#ensureShared();
    shared.position = 0;
    shared.text(row.prefix);
    if (topic) {
      shared.text(row.firstSeparator);
      shared.text(topic.key);
      shared.text(row.keyValueSign);
      shared.escaped(this.#source, walker.topicStart, walker.topicEnd, valueEscape);
    }
    if (source) {
      shared.text(topic ? row.separator : row.firstSeparator);
      shared.text(source.key);
      shared.text(row.keyValueSign);
      shared.escaped(this.#source, walker.sourceStart, walker.sourceEnd, valueEscape);
    }
    this.#tagsAt = shared.position;
    this.#writeFields(shared, this.#tags, tagKeyPrefix);
  }

  beginLog(): void {
    const { choices } = this.#compiled;
    if (choices) this.#contents.select(this.#walker.contents, choices, this.#source.bytes, NO_PREFIX);
  }

  plainLength(): number {
    const { row, trail } = this.#compiled;
    const { count, keyBytes, valueBytes } = this.#contents;
    const own = count * row.keyValueSign.length + keyBytes + valueBytes;
    const end = (this.#hasTrail() ? trail.length : 0) + row.suffix.length;
    return this.#shared.position + this.#timeNsLength() + own + this.#betweenLength() + end;
  }

  /** The length if every byte had to be escaped, by the longest replacement. */
  maxLength(): number {
    const { keyExpansion, valueExpansion } = this.#compiled;
    const { keyBytes, valueBytes } = this.#contents;
    return this.plainLength() + keyBytes * (keyExpansion - 1) + valueBytes * (valueExpansion - 1);
  }

  exactLength(): number {
    const { keyEscape, valueEscape } = this.#compiled;
    const { offsets, count, newNames, keyBytes, valueBytes } = this.#contents;
    let length = this.plainLength() - keyBytes - valueBytes;
    for (let field = 0; field < count; field++) {
      const at = field * 4;
      const newName = newNames?.[field];
      if (newName) length += escapedLength(newName, 0, newName.bytes.length, keyEscape);
      else length += escapedLength(this.#source, offsets[at]!, offsets[at + 1]!, keyEscape);
      length += escapedLength(this.#source, offsets[at + 2]!, offsets[at + 3]!, valueEscape);
    }
    return length;
  }

  write(output: Output): void {
    const { row, timeNs, trail } = this.#compiled;
    const shared = this.#shared;
    let between = this.#hasGroupFields ? row.separator : row.firstSeparator;
    output.copy(shared, 0, this.#tagsAt);
    if (timeNs && this.#walker.timeNs > 0) {
      output.text(between);
      output.text(timeNs.key);
      output.text(row.keyValueSign);
      output.decimal(this.#walker.timeNs);
      between = row.separator;
    }
    if (this.#tags.count > 0) {
      output.text(between);
      output.copy(shared, this.#tagsAt, shared.position);
      between = row.separator;
    }
    if (this.#contents.count > 0) output.text(between);
    this.#writeFields(output, this.#contents, NO_PREFIX);
    if (this.#hasTrail()) output.text(trail);
    output.text(row.suffix);
  }

  pieces(): Iterator<TextPiece> {
    const { row } = this.#compiled;
    return rowPieces([plainPiece(row.prefix)], this.#fields(), row);
  }

  writeCut(output: Output, limit: number): void {
    const { row } = this.#compiled;
    writeCutRow(output, limit, [plainPiece(row.prefix)], this.#fields(), row);
  }

  /** The fields that are written. */
  *#fields(): Generator<FieldPieces, undefined> {
    let between = this.#compiled.row.firstSeparator;
    for (const { key, value } of this.#keysAndValues()) {
      yield { opening: [plainPiece(between), ...key, plainPiece(this.#compiled.row.keyValueSign)], value };
      between = this.#compiled.row.separator;
    }
    return undefined;
  }

  *#keysAndValues(): Generator<{ key: TextPiece[]; value: TextPiece }> {
    const { topic, source, timeNs, keyEscape, valueEscape } = this.#compiled;
    const { bytes } = this.#source;
    const walker = this.#walker;
    const own = ({ name }: OwnField, value: TextPiece) => ({
      key: [{ ...plainPiece(name), escape: keyEscape }],
      value,
    });
    if (topic) yield own(topic, { bytes, start: walker.topicStart, end: walker.topicEnd, escape: valueEscape });
    if (source) yield own(source, { bytes, start: walker.sourceStart, end: walker.sourceEnd, escape: valueEscape });
    if (timeNs && walker.timeNs > 0) yield own(timeNs, plainPiece(Buffer.from(String(walker.timeNs))));
    yield* this.#spanPieces(this.#tags, TAG_PREFIX);
    yield* this.#spanPieces(this.#contents, NO_PREFIX);
  }

  *#spanPieces(
    { offsets, count, newNames }: FieldSpans,
    keyPrefix: Uint8Array,
  ): Generator<{ key: TextPiece[]; value: TextPiece }> {
    const { keyEscape, valueEscape } = this.#compiled;
    const { bytes } = this.#source;
    for (let field = 0; field < count; field++) {
      const at = field * 4;
      const newName = newNames?.[field];
      const key: TextPiece[] = newName
        ? [plainPiece(newName.bytes)]
        : [plainPiece(keyPrefix), { bytes, start: offsets[at]!, end: offsets[at + 1]! }];
      yield {
        key: key.map((piece) => ({ ...piece, escape: keyEscape })),
        value: { bytes, start: offsets[at + 2]!, end: offsets[at + 3]!, escape: valueEscape },
      };
    }
  }

  /** Writes fields with separators between them. */
  #writeFields(output: Output, { offsets, count, newNames }: FieldSpans, keyPrefix: Uint8Array): void {
    const { row, keyEscape, valueEscape } = this.#compiled;
    const { separator, keyValueSign } = row;
    const source = this.#source;
    for (let field = 0; field < count; field++) {
      const at = field * 4;
      const newName = newNames?.[field];
      if (field > 0) output.text(separator);
      if (newName) {
        output.escaped(newName, 0, newName.bytes.length, keyEscape);
      } else {
        output.text(keyPrefix);
        output.escaped(source, offsets[at]!, offsets[at + 1]!, keyEscape);
      }
      output.text(keyValueSign);
      output.escaped(source, offsets[at + 2]!, offsets[at + 3]!, valueEscape);
    }
  }

  /** Bytes of the TimeNs field without its separator; 0 where it is not written. */
  #timeNsLength(): number {
    const { row, timeNs } = this.#compiled;
    if (timeNs === undefined || this.#walker.timeNs <= 0) return 0;
    return timeNs.key.length + row.keyValueSign.length + decimalDigits(this.#walker.timeNs);
  }

  /** Number of separators outside `#shared`: before TimeNs, before the tags as one, and before each content. */
  get #ownCount(): number {
    return (this.#timeNsLength() > 0 ? 1 : 0) + (this.#tags.count > 0 ? 1 : 0) + this.#contents.count;
  }

  /** Bytes of the separators outside `#shared`. */
  #betweenLength(): number {
    const { firstSeparator, separator } = this.#compiled.row;
    const count = this.#ownCount;
    const hasFirst = count > 0 && !this.#hasGroupFields;
    return count * separator.length + (hasFirst ? firstSeparator.length - separator.length : 0);
  }

  /** Whether the trail is written: there is one, and at least one field. */
  #hasTrail(): boolean {
    return this.#compiled.trail.length > 0 && (this.#hasGroupFields || this.#ownCount > 0);
  }

  #ensureShared(): void {
    const { row, keyExpansion, valueExpansion, topic, source, tagKeyPrefix } = this.#compiled;
    const { topicStart, topicEnd, sourceStart, sourceEnd } = this.#walker;
    const tags = this.#tags;
    const own = (topic?.key.length ?? 0) + (source?.key.length ?? 0) + 2 * row.keyValueSign.length;
    const constants = row.prefix.length + row.firstSeparator.length + row.separator.length + own;
    const ownValues = (topicEnd - topicStart + sourceEnd - sourceStart + tags.valueBytes) * valueExpansion;
    const aTag = row.separator.length + tagKeyPrefix.length + row.keyValueSign.length;
    const needed = constants + ownValues + tags.keyBytes * keyExpansion + tags.count * aTag;
    if (needed > this.#shared.bytes.length) this.#shared.attach(byteSource(new Uint8Array(needed)));
  }
}
