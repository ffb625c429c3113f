/** The walker's present log as code that formats it sees it: nothing is decoded before it is asked for. */
import type { LogView } from '../format/log-view.ts';
import { type NameAnswers, SOURCE_NAME, TAG_PREFIX, TIME_NS_NAME, TOPIC_NAME } from './field-selection.ts';
import type { FieldSpans } from './field-spans.ts';
import { FlatLog, timeNsText } from './flat-log.ts';
import type { LogWalker } from './log-walker.ts';
import type { ByteSource } from './output.ts';
import { decodeUtf8 } from './utf8.ts';

/** Code may ask for any number of names. */
const MAX_KEPT_NAMES = 1024;
/** A log may say more than there are in a second: that is no time. */
const NANOSECONDS_A_SECOND = 1_000_000_000;

export class BatchLogView implements LogView {
  facility = 0;
  severity = 0;
  readonly #source: ByteSource;
  readonly #walker: LogWalker;
  readonly #log: FlatLog<Uint8Array>;
  readonly #asked = new Map<string, Uint8Array>();

  /** @param source the bytes that the walker walks over */
  constructor(names: NameAnswers<Uint8Array | 'drop'>, source: ByteSource, walker: LogWalker) {
    this.#source = source;
    this.#walker = walker;
    this.#log = new FlatLog(names, source, walker);
  }

  beginGroup(): void {
    this.#log.beginGroup();
  }

  beginLog(facility: number, severity: number): void {
    this.facility = facility;
    this.severity = severity;
  }

  get time(): number {
    return this.#walker.time;
  }

  get timeNs(): number | undefined {
    const { timeNs } = this.#walker;
    return timeNs < 0 || timeNs >= NANOSECONDS_A_SECOND ? undefined : timeNs;
  }

  get(name: string): string | undefined {
    const value = this.bytes(name);
    return value && decodeUtf8(value);
  }

  bytes(name: string): Uint8Array | undefined {
    const { bytes } = this.#source;
    const walker = this.#walker;
    const asked = this.#bytesOf(name);
    if (equals(asked, TOPIC_NAME)) return bytes.subarray(walker.topicStart, walker.topicEnd);
    if (equals(asked, SOURCE_NAME)) return bytes.subarray(walker.sourceStart, walker.sourceEnd);
    if (equals(asked, TIME_NS_NAME) && walker.timeNs > 0) return timeNsText(walker.timeNs);
    const isTag = equals(asked.subarray(0, TAG_PREFIX.length), TAG_PREFIX);
    const tag = isTag ? this.#find(walker.tags, asked.subarray(TAG_PREFIX.length)) : undefined;
    return tag ?? this.#find(walker.contents, asked);
  }

  *fields(): Generator<readonly [name: string, value: string]> {
    const fields: [name: Uint8Array, value: Uint8Array][] = [];
    this.#log.each((name, { bytes }, start, end) => fields.push([name, bytes.subarray(start, end)]));
    for (const [name, value] of fields) yield [decodeUtf8(name), decodeUtf8(value)];
  }

  #bytesOf(name: string): Uint8Array {
    const known = this.#asked.get(name);
    if (known !== undefined) return known;
    if (this.#asked.size === MAX_KEPT_NAMES) this.#asked.clear();
    const bytes = Buffer.from(name, 'utf8');
    this.#asked.set(name, bytes);
    return bytes;
  }

  /** The first with this key. */
  #find({ offsets, count }: FieldSpans, key: Uint8Array): Uint8Array | undefined {
    const { bytes } = this.#source;
    for (let at = 0; at < count * 4; at += 4) {
      const start = offsets[at]!;
      if (offsets[at + 1]! - start !== key.length) continue;
      let same = 0;
      while (same < key.length && bytes[start + same] === key[same]) same++;
      if (same === key.length) return bytes.subarray(offsets[at + 2]!, offsets[at + 3]!);
    }
    return undefined;
  }
}

function equals(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
