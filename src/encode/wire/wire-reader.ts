/**
 * Reads the protobuf wire format: a position moves over a message, never past its end.
 *
 * A message is a sequence of `tag value`. A tag is a varint, field number << 3 | wire type:
 *
 *     0 varint    1 to 10 bytes, 7 bits each, the lowest first, the top bit set on all but the last
 *     1 fixed64   8 bytes, little-endian
 *     2 length    a varint, and so many bytes
 *     3, 4        begin and end of a group (long deprecated, still to be skipped)
 *     5 fixed32   4 bytes, little-endian
 *
 * (Protocol Buffers documentation, "Encoding".) This reader and protobufjs refuse the same bytes: property tests
 * compare the two.
 */
import { CorruptBatchError } from '../../core/errors.ts';

/** Limit of messages and groups within one another: protobuf's own default. */
const MAX_DEPTH = 100;

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_LENGTH = 2;
export const WIRE_GROUP_BEGIN = 3;
export const WIRE_GROUP_END = 4;
export const WIRE_FIXED32 = 5;

export class WireReader {
  readonly bytes: Uint8Array;
  /** Offset of the next byte. */
  position = 0;
  /** End of the message; no byte at or after it is read. */
  limit: number;
  readonly #shift: number;

  /** @param shift added to the offset where damage is reported */
  constructor(bytes: Uint8Array, shift = 0) {
    this.bytes = bytes;
    this.limit = bytes.length;
    this.#shift = shift;
  }

  get atEnd(): boolean {
    return this.position >= this.limit;
  }

  /** Reads a tag of at most 5 bytes, whose field number is not 0. */
  tag(): number {
    const tag = this.#shortVarint();
    if (tag >= 8) return tag;
    return tag === NOT_SHORT ? this.#longTag() : this.#fail('a field has the number 0');
  }

  /** Reads a varint's low 32 bits, as proto2 does for a uint32. */
  uint32(): number {
    const value = this.#shortVarint();
    return value === NOT_SHORT ? this.#longVarint() : value;
  }

  fixed32(): number {
    const start = this.position;
    this.advance(4);
    const { bytes } = this;
    return (bytes[start]! | (bytes[start + 1]! << 8) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 24)) >>> 0;
  }

  /** Reads a length, and goes to the bytes behind it. @returns where these bytes end */
  lengthEnd(): number {
    let length = this.#shortVarint();
    if (length === NOT_SHORT) length = this.#longLength();
    if (length > this.limit - this.position) this.#fail(`a length of ${length} reaches past the end of its message`);
    return this.position + length;
  }

  /** Moves over bytes, which have to be there. */
  advance(count: number): void {
    if (count > this.limit - this.position) this.#fail('a field reaches past the end of its message');
    this.position += count;
  }

  /**
   * Skips the value after a tag, as proto2 does for an unknown field, and for a known one with another wire type.
   * @param depth how deep the message around the field is nested; 0 is the outermost
   */
  skip(tag: number, depth: number): void {
    if (depth > MAX_DEPTH) this.#fail(`groups are nested more than ${MAX_DEPTH} deep`);
    switch (tag & 7) {
      case WIRE_VARINT:
        this.#longVarint();
        return;
      case WIRE_FIXED64:
        this.advance(8);
        return;
      case WIRE_LENGTH:
        this.position = this.lengthEnd();
        return;
      case WIRE_GROUP_BEGIN:
        this.#skipGroup(tag >>> 3, depth);
        return;
      case WIRE_FIXED32:
        this.advance(4);
        return;
      default:
        this.#fail(`wire type ${tag & 7} cannot begin a field`);
    }
  }

  /** Skips a group, which ends with a tag of its own field number; groups may be nested. */
  #skipGroup(fieldNumber: number, depth: number): void {
    for (;;) {
      const tag = this.tag();
      if ((tag & 7) === WIRE_GROUP_END) {
        if (tag >>> 3 !== fieldNumber) this.#fail('a group ends with another number than it began with');
        return;
      }
      this.skip(tag, depth + 1);
    }
  }

  /** Reads a varint of one byte, as most are; NOT_SHORT where it is longer, or cut off. */
  #shortVarint(): number {
    const { position } = this;
    if (position >= this.limit) return NOT_SHORT;
    const byte = this.bytes[position]!;
    if (byte >= 0x80) return NOT_SHORT;
    this.position = position + 1;
    return byte;
  }

  #longVarint(): number {
    let value = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.#byte();
      if (index < 5) value |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) return value >>> 0;
    }
    return this.#fail('a varint has more than 10 bytes');
  }

  #longTag(): number {
    const tag = this.#boundedVarint(0x0f, 'a tag');
    return tag >= 8 ? tag : this.#fail('a field has the number 0');
  }

  #longLength(): number {
    return this.#boundedVarint(0x07, 'a length');
  }

  /** Reads a varint of at most 5 bytes, whose fifth is at most `maxFifth`. */
  #boundedVarint(maxFifth: number, what: string): number {
    let value = 0;
    for (let index = 0; index < 5; index++) {
      const byte = this.#byte();
      if (index === 4 && byte > maxFifth) break;
      value |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) return value >>> 0;
    }
    return this.#fail(`${what} is too large`);
  }

  #byte(): number {
    if (this.position >= this.limit) this.#fail('a field reaches past the end of its message');
    return this.bytes[this.position++]!;
  }

  #fail(what: string): never {
    throw this.damage(what, this.position);
  }

  damage(what: string, at: number): CorruptBatchError {
    return corruptAt(what, at + this.#shift);
  }
}

const NOT_SHORT = -1;

/** @param offset in the unpacked bytes */
export function corruptAt(what: string, offset: number): CorruptBatchError {
  return new CorruptBatchError(`A batch is not a LogGroupList: ${what}, at byte ${offset}.`, { offset });
}
