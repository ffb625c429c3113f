/**
 * Reads the protobuf wire format as ../../../encode/wire/wire-reader.ts does, with the same errors at the same places:
 * a position moves over a message, never past its end.
 *
 * After a failure the position is at the end, so that every loop over the message ends.
 */
import { fail } from './fault';
import { Fault } from './interface';

const MAX_DEPTH: u32 = 100;

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;
const GROUP_BEGIN: u32 = 3;
const GROUP_END: u32 = 4;
const FIXED32: u32 = 5;

let at: usize = 0;
let limit: usize = 0;

export function readFrom(start: usize, end: usize): void {
  at = start;
  limit = end;
}

@inline
export function position(): usize {
  return at;
}

@inline
export function seek(to: usize): void {
  at = to;
}

@inline
export function more(): bool {
  return at < limit;
}

function broken(fault: u32, detail: u32 = 0): void {
  fail(fault, at, detail);
  at = limit;
}

/** Reads a tag. @returns 0 after a failure */
export function readTag(): u32 {
  let tag: u32;
  if (at < limit && load<u8>(at) < 0x80) tag = load<u8>(at++);
  else tag = boundedVarint(0x0f, Fault.TAG_TOO_LARGE);
  if (tag >= 8) return tag;
  broken(Fault.ZERO_FIELD);
  return 0;
}

/** Reads a varint's low 32 bits. */
export function readUint32(): u32 {
  let value: u32 = 0;
  for (let index: u32 = 0; index < 10; index++) {
    if (at >= limit) {
      broken(Fault.FIELD_PAST_END);
      return 0;
    }
    const byte: u32 = load<u8>(at++);
    if (index < 5) value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return value;
  }
  broken(Fault.VARINT_TOO_LONG);
  return 0;
}

export function readFixed32(): u32 {
  const start = at;
  advance(4);
  return load<u32>(start);
}

/** Reads a length, and goes to the bytes behind it. @returns where these bytes end */
export function readLengthEnd(): usize {
  let length: u32;
  if (at < limit && load<u8>(at) < 0x80) length = load<u8>(at++);
  else length = boundedVarint(0x07, Fault.LENGTH_TOO_LARGE);
  if (length > <u32>(limit - at)) {
    broken(Fault.LENGTH_PAST_END, length);
    return limit;
  }
  return at + length;
}

/** Skips the value after a tag, as proto2 does for an unknown field. */
export function skip(tag: u32, depth: u32): void {
  if (depth > MAX_DEPTH) {
    broken(Fault.GROUPS_TOO_DEEP);
    return;
  }
  switch (tag & 7) {
    case VARINT:
      readUint32();
      return;
    case FIXED64:
      advance(8);
      return;
    case LENGTH:
      at = readLengthEnd();
      return;
    case GROUP_BEGIN:
      skipGroup(tag >>> 3, depth);
      return;
    case FIXED32:
      advance(4);
      return;
    default:
      broken(Fault.WIRE_TYPE, tag & 7);
  }
}

function skipGroup(fieldNumber: u32, depth: u32): void {
  for (;;) {
    const tag = readTag();
    if (tag == 0) return;
    if ((tag & 7) == GROUP_END) {
      if (tag >>> 3 != fieldNumber) broken(Fault.GROUP_END);
      return;
    }
    skip(tag, depth + 1);
  }
}

function advance(count: u32): void {
  if (count > <u32>(limit - at)) broken(Fault.FIELD_PAST_END);
  else at += count;
}

/** Reads a varint of at most 5 bytes, whose fifth is at most `maxFifth`. */
function boundedVarint(maxFifth: u32, tooLarge: u32): u32 {
  let value: u32 = 0;
  for (let index: u32 = 0; index < 5; index++) {
    if (at >= limit) {
      broken(Fault.FIELD_PAST_END);
      return 0;
    }
    const byte: u32 = load<u8>(at++);
    if (index == 4 && byte > maxFifth) break;
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return value;
  }
  broken(tooLarge);
  return 0;
}
