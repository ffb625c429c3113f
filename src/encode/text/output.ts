/**
 * Writes bytes into a buffer without asking for room: the encoder first reserves the room for a whole frame, by
 * `maxLength` of message-writer.ts.
 *
 * Bytes are copied four at a time. Measured (Node 20, values of 8 to 200,000 bytes): 0.75 to 1.85 GB/s against 0.35 to
 * 0.4 for one at a time; `Buffer.copy` is slower for all but the longest values, and makes an object each time.
 */
import type { ByteSource } from '../../core/byte-source.ts';
import { type EscapeTable, maxExpansion } from '../../format/parts/escape-table.ts';

/** An escape table, prepared. */
export interface CompiledEscape {
  readonly classes: Uint8Array;
  /** Indexed by two bytes as a little-endian number: 0 where both pass unchanged. */
  readonly pairs: Uint8Array;
  readonly replacements: readonly Uint8Array[];
  /** Bytes that one byte can become at most. */
  readonly expansion: number;
}

export class Output {
  bytes: Uint8Array;
  view: DataView;
  position = 0;

  constructor(target: ByteSource) {
    this.bytes = target.bytes;
    this.view = target.view;
  }

  /** Goes on at the start of another buffer. */
  attach(target: ByteSource): void {
    this.bytes = target.bytes;
    this.view = target.view;
    this.position = 0;
  }

  byte(value: number): void {
    this.bytes[this.position++] = value;
  }

  /** A few bytes, such as a separator. */
  text(source: Uint8Array): void {
    const { bytes } = this;
    let to = this.position;
    for (let from = 0; from < source.length; from++) bytes[to++] = source[from]!;
    this.position = to;
  }

  /** A number of 0 to 2^32 - 1 in decimal, with leading zeros up to `minDigits`. */
  decimal(value: number, minDigits = 1): void {
    const digits = Math.max(minDigits, decimalDigits(value));
    let rest = value;
    for (let at = this.position + digits - 1; at >= this.position; at--) {
      const tenth = Math.floor(rest / 10);
      this.bytes[at] = 0x30 + (rest - tenth * 10);
      rest = tenth;
    }
    this.position += digits;
  }

  copy(source: ByteSource, start: number, end: number): void {
    const { view, bytes } = this;
    let from = start;
    let to = this.position;
    for (; from + 4 <= end; from += 4, to += 4) view.setUint32(to, source.view.getUint32(from, true), true);
    for (; from < end; from++, to++) bytes[to] = source.bytes[from]!;
    this.position = to;
  }

  escaped(source: ByteSource, start: number, end: number, table: CompiledEscape): void {
    const { view, bytes } = this;
    const { classes, pairs, replacements } = table;
    const sourceView = source.view;
    const sourceBytes = source.bytes;
    let from = start;
    let to = this.position;
    while (from < end) {
      while (from + 4 <= end) {
        const word = sourceView.getUint32(from, true);
        if ((pairs[word & 0xffff]! | pairs[word >>> 16]!) !== 0) break;
        view.setUint32(to, word, true);
        from += 4;
        to += 4;
      }
      // The last bytes, or four with at least one to be escaped among them.
      const stop = Math.min(from + 4, end);
      for (; from < stop; from++) {
        const byte = sourceBytes[from]!;
        const escapeClass = classes[byte]!;
        if (escapeClass === 0) {
          bytes[to++] = byte;
        } else {
          const replacement = replacements[escapeClass]!;
          for (let index = 0; index < replacement.length; index++) bytes[to++] = replacement[index]!;
        }
      }
    }
    this.position = to;
  }
}

/** Bytes that `Output.escaped` would write. */
export function escapedLength(source: ByteSource, start: number, end: number, table: CompiledEscape): number {
  const { classes, pairs, replacements } = table;
  let length = end - start;
  let at = start;
  while (at < end) {
    while (at + 4 <= end) {
      const word = source.view.getUint32(at, true);
      if ((pairs[word & 0xffff]! | pairs[word >>> 16]!) !== 0) break;
      at += 4;
    }
    for (const stop = Math.min(at + 4, end); at < stop; at++) {
      const escapeClass = classes[source.bytes[at]!]!;
      if (escapeClass !== 0) length += replacements[escapeClass]!.length - 1;
    }
  }
  return length;
}

/** A compiled table has 64 KiB, and names and values of a format often share one. */
const compiledEscapes = new WeakMap<EscapeTable, CompiledEscape>();

export function compileEscape(table: EscapeTable): CompiledEscape {
  const known = compiledEscapes.get(table);
  if (known !== undefined) return known;
  const pairs = new Uint8Array(0x10000);
  for (let pair = 0; pair < pairs.length; pair++) {
    pairs[pair] = table.classes[pair & 0xff]! | table.classes[pair >>> 8]!;
  }
  const { classes, replacements } = table;
  const compiled = { classes, replacements, pairs, expansion: maxExpansion(table) };
  compiledEscapes.set(table, compiled);
  return compiled;
}

/** Decimal digits of 0 to 2^32 - 1. */
export function decimalDigits(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}
