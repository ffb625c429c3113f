/**
 * Writes a LogGroup's bytes without an object per log: generating has to be faster than the daemon under test.
 *
 *     LogGroup  0a len Log … 1a len Topic 22 len Source 32 len LogTag …
 *     Log       08 Time, 12 len Content …, 25 TimeNs (4 bytes, little-endian)
 *     Content   0a len Key 12 len Value
 */
export type FieldBytes = string | Uint8Array;

export interface GroupMeta {
  readonly topic?: FieldBytes;
  readonly source?: FieldBytes;
  readonly tags?: readonly (readonly [FieldBytes, FieldBytes])[];
}

export interface LogGroupWriter {
  /** @param timeS unix seconds, 0 to 2^32-1 @param timeNs nanoseconds within the second */
  beginLog(timeS: number, timeNs?: number): void;
  /** A string is written as UTF-8, bytes as they are. */
  field(key: FieldBytes, value: FieldBytes): void;
  endLog(): void;
  /** Returns a copy of the group's bytes, and empties the writer. */
  finish(meta: GroupMeta): Uint8Array;
}

/** Room for tags, lengths and numbers around the bytes that a call writes. */
const OVERHEAD_BYTES = 32;

export function createLogGroupWriter(): LogGroupWriter {
  const group = createByteBuffer(128 * 1024);
  const log = createByteBuffer(8 * 1024);
  let logTimeNs: number | undefined;

  return {
    beginLog(timeS, timeNs) {
      log.length = 0;
      log.reserve(OVERHEAD_BYTES);
      log.byte(0x08);
      log.varint(timeS);
      logTimeNs = timeNs;
    },
    field(key, value) {
      writePair(log, 0x12, key, value);
    },
    endLog() {
      if (logTimeNs !== undefined) log.fixed32(0x25, logTimeNs);
      group.reserve(log.length + OVERHEAD_BYTES);
      group.byte(0x0a);
      group.varint(log.length);
      group.append(log);
    },
    finish({ topic, source, tags = [] }) {
      if (topic !== undefined) writeField(group, 0x1a, topic);
      if (source !== undefined) writeField(group, 0x22, source);
      for (const [key, value] of tags) writePair(group, 0x32, key, value);
      return group.take();
    },
  };
}

/** Writes a key and its value: a content of a log, or a tag of the group. */
function writePair(out: ByteBuffer, tag: number, key: FieldBytes, value: FieldBytes): void {
  const keyLength = byteLength(key);
  const valueLength = byteLength(value);
  out.reserve(keyLength + valueLength + OVERHEAD_BYTES);
  out.byte(tag);
  out.varint(2 + varintLength(keyLength) + keyLength + varintLength(valueLength) + valueLength);
  out.byte(0x0a);
  out.varint(keyLength);
  out.write(key, keyLength);
  out.byte(0x12);
  out.varint(valueLength);
  out.write(value, valueLength);
}

function writeField(out: ByteBuffer, tag: number, value: FieldBytes): void {
  const length = byteLength(value);
  out.reserve(length + OVERHEAD_BYTES);
  out.byte(tag);
  out.varint(length);
  out.write(value, length);
}

interface ByteBuffer {
  length: number;
  readonly bytes: Buffer;
  /** Makes room for `extra` bytes; the other calls do not check. */
  reserve(extra: number): void;
  byte(value: number): void;
  varint(value: number): void;
  fixed32(tag: number, value: number): void;
  write(value: FieldBytes, length: number): void;
  append(other: ByteBuffer): void;
  take(): Uint8Array;
}

function createByteBuffer(initialBytes: number): ByteBuffer {
  let bytes = Buffer.allocUnsafeSlow(initialBytes);
  return {
    length: 0,
    get bytes() {
      return bytes;
    },
    reserve(extra) {
      if (this.length + extra <= bytes.length) return;
      const larger = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, this.length + extra));
      bytes.copy(larger, 0, 0, this.length);
      bytes = larger;
    },
    byte(value) {
      bytes[this.length++] = value;
    },
    varint(value) {
      let rest = value;
      for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes[this.length++] = (rest & 0x7f) | 0x80;
      bytes[this.length++] = rest;
    },
    fixed32(tag, value) {
      this.reserve(OVERHEAD_BYTES);
      bytes[this.length++] = tag;
      this.length = bytes.writeUInt32LE(value, this.length);
    },
    write(value, length) {
      if (typeof value === 'string') bytes.write(value, this.length, length, 'utf8');
      else bytes.set(value, this.length);
      this.length += length;
    },
    append(other) {
      other.bytes.copy(bytes, this.length, 0, other.length);
      this.length += other.length;
    },
    take() {
      const taken = Uint8Array.prototype.slice.call(bytes, 0, this.length);
      this.length = 0;
      return taken;
    },
  };
}

function byteLength(value: FieldBytes): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length++;
  return length;
}
