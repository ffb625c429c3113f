/** Which log each message is: read out of the stream that a receiver gets, in whatever pieces it comes. */

export interface LogIdentity {
  readonly shard: number;
  readonly sequence: number;
}

/** Whether a log begins in a piece of a stream. */
export function holdsLogs(piece: Uint8Array): boolean {
  return Buffer.from(piece.buffer, piece.byteOffset, piece.length).includes(shardKey);
}

const shardKey = Buffer.from('||s=');
const sequenceKey = Buffer.from('||n=');
const lineFeed = 0x0a;
const space = 0x20;
const bar = 0x7c;

export class Deframer {
  readonly #framing: 'octet-counting' | 'lf' | 'datagram';
  #held: Buffer[] = [];
  #bytes = 0;
  /** Fewer are no whole frame. */
  #wanted = 1;
  /** Of the messages up to now. */
  largestBytes = 0;

  constructor(framing: 'octet-counting' | 'lf' | 'datagram') {
    this.#framing = framing;
  }

  /** The messages that are whole now. @throws Error where the stream is no stream of frames */
  push(bytes: Buffer): LogIdentity[] {
    if (this.#framing === 'datagram') return [identityOf(bytes)];
    this.#held.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes < this.#wanted) return [];
    const all = this.#held.length === 1 ? bytes : Buffer.concat(this.#held);
    const found: LogIdentity[] = [];
    let at = 0;
    for (;;) {
      const frame = this.#framing === 'lf' ? lineAt(all, at) : countedAt(all, at);
      if (!frame) break;
      this.largestBytes = Math.max(this.largestBytes, frame.to - frame.from);
      found.push(identityOf(all.subarray(frame.from, frame.to)));
      at = frame.next;
    }
    this.#held = at === all.length ? [] : [all.subarray(at)];
    this.#bytes = all.length - at;
    this.#wanted = this.#framing === 'lf' ? 1 : wantedAt(all, at);
    return found;
  }
}

interface Frame {
  readonly from: number;
  readonly to: number;
  readonly next: number;
}

function lineAt(all: Buffer, at: number): Frame | undefined {
  const end = all.indexOf(lineFeed, at);
  return end < 0 ? undefined : { from: at, to: end, next: end + 1 };
}

function countedAt(all: Buffer, at: number): Frame | undefined {
  let length = 0;
  for (let i = at; i < all.length; i++) {
    const byte = all[i] as number;
    if (byte === space && i > at)
      return i + 1 + length > all.length ? undefined : { from: i + 1, to: i + 1 + length, next: i + 1 + length };
    if (byte < 0x30 || byte > 0x39) throw new Error(`a frame begins with byte ${byte}`);
    length = length * 10 + byte - 0x30;
  }
  return undefined;
}

/** As far as the frame's length is there already. */
function wantedAt(all: Buffer, at: number): number {
  const end = all.indexOf(space, at);
  return end < 0 ? 1 : end + 1 - at + Number(all.toString('latin1', at, end));
}

function identityOf(message: Buffer): LogIdentity {
  return { shard: numberBehind(message, shardKey), sequence: numberBehind(message, sequenceKey) };
}

function numberBehind(message: Buffer, key: Buffer): number {
  const at = message.indexOf(key);
  if (at < 0) throw new Error(`a message without ${key.toString()}: ${message.toString('latin1', 0, 200)}`);
  let value = 0;
  for (let i = at + key.length; i < message.length && message[i] !== bar; i++)
    value = value * 10 + (message[i] as number) - 0x30;
  return value;
}
