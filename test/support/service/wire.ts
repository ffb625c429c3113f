/** Protobuf by hand: what no well-behaved serializer writes. */

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

export function tag(field: number, wireType: number): Buffer {
  return varint(field * 8 + wireType);
}

/** A field with a length: a string, bytes, or a message of these parts. */
export function message(field: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return Buffer.concat([tag(field, 2), varint(body.length), body]);
}

export function time(seconds: number | bigint): Buffer {
  return Buffer.concat([tag(1, 0), varint(seconds)]);
}

export function timeNs(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return Buffer.concat([tag(4, 5), bytes]);
}

export function content(key: string, value: string): Buffer {
  return message(2, message(1, key), message(2, value));
}

export function logTag(key: string, value: string): Buffer {
  return message(6, message(1, key), message(2, value));
}

export const log = (...parts: readonly Uint8Array[]): Buffer => message(1, ...parts);
export const topic = (text: string): Buffer => message(3, text);
export const source = (text: string): Buffer => message(4, text);
/** A group as it stands in a list. */
export const group = (...parts: readonly Uint8Array[]): Buffer => message(1, ...parts);
