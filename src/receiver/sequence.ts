/**
 * Counts the numbered logs that arrived: every generated log ends with `seq=<shard>-<n>`, n from 0 without a gap in
 * each shard.
 *
 * Each number takes a bit, in pages of 65,536; a full page is only marked as full. So a complete run needs next to no
 * memory, however long; hostile numbers that lie far apart are limited by `MAX_PAGES`.
 */

export interface SequenceStats {
  readonly unique: number;
  readonly duplicate: number;
  /** Numbers below the highest of their shard that never came; also those from before the receiver was started. */
  readonly missing: number;
  /** Numbers that came for the first time after a higher one of their shard. */
  readonly outOfOrder: number;
  /** Messages without a number, or with one that exceeds the limits. */
  readonly unnumbered: number;
  readonly shards: number;
}

interface ShardRecord {
  highest: number;
  unique: number;
  /** `FULL`, or a bit for each number of the page. */
  readonly pages: Map<number, Page>;
}

type Page = typeof FULL | { readonly bits: Uint32Array; count: number };

const PAGE_BITS = 16;
const PAGE_SIZE = 1 << PAGE_BITS;
/** Pages at most, of 8 KiB each. */
const MAX_PAGES = 8192;
const MAX_SHARDS = 65_536;
const FULL = 'full';
const DASH = 0x2d;
const EQUALS = 0x3d;
/** The generator's numbers are not longer, and numbers below 10^15 are exact. */
const MAX_DIGITS = 15;

export class SequenceCounter {
  readonly #shards = new Map<number, ShardRecord>();
  #pages = 0;
  #duplicate = 0;
  #outOfOrder = 0;
  #unnumbered = 0;

  /** Counts a message by the number in its last bytes; reads nothing else of it. */
  count(bytes: Uint8Array, start: number, end: number): void {
    const dash = digitsBefore(bytes, start, end);
    const equals = dash > start && bytes[dash - 1] === DASH ? digitsBefore(bytes, start, dash - 1) : end;
    // `dash` and `equals` are where the digits begin.
    const isNumbered =
      dash < end &&
      equals < dash - 1 &&
      equals - start >= 4 &&
      isSeqBefore(bytes, equals) &&
      isApart(bytes, start, equals - 4);
    if (!isNumbered) {
      this.#unnumbered += 1;
      return;
    }
    this.add(readDigits(bytes, equals, dash - 1), readDigits(bytes, dash, end));
  }

  add(shard: number, number: number): void {
    const record = this.#shardRecord(shard);
    const isNew = record === undefined ? undefined : this.#set(record, number);
    if (record === undefined || isNew === undefined) {
      this.#unnumbered += 1;
      return;
    }
    if (!isNew) {
      this.#duplicate += 1;
      return;
    }
    record.unique += 1;
    if (number > record.highest) record.highest = number;
    else this.#outOfOrder += 1;
  }

  stats(): SequenceStats {
    let unique = 0;
    let missing = 0;
    for (const record of this.#shards.values()) {
      unique += record.unique;
      missing += record.highest + 1 - record.unique;
    }
    return {
      unique,
      duplicate: this.#duplicate,
      missing,
      outOfOrder: this.#outOfOrder,
      unnumbered: this.#unnumbered,
      shards: this.#shards.size,
    };
  }

  #shardRecord(shard: number): ShardRecord | undefined {
    const known = this.#shards.get(shard);
    if (known !== undefined || this.#shards.size >= MAX_SHARDS) return known;
    const record: ShardRecord = { highest: -1, unique: 0, pages: new Map() };
    this.#shards.set(shard, record);
    return record;
  }

  /** @returns whether the number was new; undefined when it cannot be kept */
  #set(record: ShardRecord, number: number): boolean | undefined {
    const index = Math.floor(number / PAGE_SIZE);
    const page = record.pages.get(index) ?? this.#createPage(record, index);
    if (page === undefined) return undefined;
    if (page === FULL) return false;
    const bit = number % PAGE_SIZE;
    const mask = 1 << (bit & 31);
    const word = page.bits[bit >>> 5] ?? 0;
    if ((word & mask) !== 0) return false;
    page.bits[bit >>> 5] = word | mask;
    page.count += 1;
    if (page.count === PAGE_SIZE) {
      record.pages.set(index, FULL);
      this.#pages -= 1;
    }
    return true;
  }

  #createPage(record: ShardRecord, index: number): Page | undefined {
    if (this.#pages >= MAX_PAGES) return undefined;
    this.#pages += 1;
    const page = { bits: new Uint32Array(PAGE_SIZE / 32), count: 0 };
    record.pages.set(index, page);
    return page;
  }
}

/** Index at which the digits before `end` begin; `end` itself when there are none, or too many. */
function digitsBefore(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && isDigit(bytes[at - 1] ?? 0)) at -= 1;
  return end - at > MAX_DIGITS ? end : at;
}

function readDigits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (bytes[at] ?? 0) - 0x30;
  return value;
}

function isSeqBefore(bytes: Uint8Array, at: number): boolean {
  return bytes[at - 4] === 0x73 && bytes[at - 3] === 0x65 && bytes[at - 2] === 0x71 && bytes[at - 1] === EQUALS;
}

/** Whether the key is `seq`, and not the end of a longer one: `||seq=`, not `subseq=`. */
function isApart(bytes: Uint8Array, start: number, at: number): boolean {
  const before = bytes[at - 1] ?? 0;
  const isLetter = (before | 0x20) >= 0x61 && (before | 0x20) <= 0x7a;
  return at === start || !(isLetter || isDigit(before) || before === 0x5f || before === DASH);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
