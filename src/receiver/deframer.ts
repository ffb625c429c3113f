/**
 * Cuts the byte stream of a connection into messages, by RFC 6587:
 *
 *     octet counting   3.4.1   MSG-LEN SP MSG        MSG-LEN: bytes, decimal, no leading zero
 *     LF               3.4.2   MSG LF
 *
 * A connection has one framing: `auto` takes octet counting if the first byte is a digit, else LF. A stream that breaks
 * the rules cannot be read any further, as it is not known where the next message begins.
 *
 * Linear in the input: a message within one piece is not copied; a message in several pieces is collected in a buffer
 * that doubles, and no byte is read twice.
 */

export type Framing = 'octet-counting' | 'lf';

export interface DeframerOptions {
  readonly framing: Framing | 'auto';
  /** A longer message is an error. */
  readonly maxMessageBytes: number;
}

/** The message is `bytes[start..end)`, valid during the call. */
export type MessageHandler = (bytes: Uint8Array, start: number, end: number) => void;

export class FramingError extends Error {
  override readonly name = 'FramingError';
  /** Offset from the connection's first byte. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message}, at byte ${offset} of the connection`);
    this.offset = offset;
  }
}

const LF = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const FIRST_CAPACITY = 4096;

export class Deframer {
  readonly #onMessage: MessageHandler;
  readonly #maxMessageBytes: number;
  readonly #maxDigits: number;
  #framing: Framing | 'auto';
  /** Stream offset of the first byte of the piece that is being read. */
  #offset = 0;
  /** Octet counting: the length read so far, and how many digits it has; `#digits` -1: the length is complete. */
  #length = 0;
  #digits = 0;
  /** The beginning of a message whose end is in a later piece. */
  #partial = new Uint8Array(0);
  #partialBytes = 0;
  #isBroken = false;

  constructor(options: DeframerOptions, onMessage: MessageHandler) {
    this.#onMessage = onMessage;
    this.#framing = options.framing;
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#maxDigits = String(options.maxMessageBytes).length;
  }

  /** The given framing, or the one that `auto` has found; undefined before the first byte. */
  get framing(): Framing | undefined {
    return this.#framing === 'auto' ? undefined : this.#framing;
  }

  /** @throws FramingError, from then on at each call */
  push(piece: Uint8Array): void {
    if (this.#isBroken) throw new FramingError('the framing was broken before', this.#offset);
    const first = piece[0];
    if (first === undefined) return;
    if (this.#framing === 'auto') this.#framing = first >= ZERO && first <= NINE ? 'octet-counting' : 'lf';
    if (this.#framing === 'octet-counting') this.#pushCounted(piece);
    else this.#pushLines(piece);
    this.#offset += piece.length;
  }

  /** A message, or its length, has begun and not ended. */
  get isWithinMessage(): boolean {
    return this.#digits !== 0 || this.#partialBytes > 0;
  }

  #pushCounted(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#digits >= 0) {
        at = this.#readLength(piece, at);
        if (this.#digits >= 0) return;
      }
      const missing = this.#length - this.#partialBytes;
      if (piece.length - at < missing) {
        this.#keep(piece, at, piece.length);
        return;
      }
      this.#emit(piece, at, at + missing);
      at += missing;
      this.#length = 0;
      this.#digits = 0;
    }
  }

  #readLength(piece: Uint8Array, from: number): number {
    let at = from;
    for (; at < piece.length; at++) {
      const byte = piece[at] ?? 0;
      if (byte === SPACE && this.#digits > 0) {
        if (this.#length > this.#maxMessageBytes) this.#fail(`a message of ${this.#length} bytes is too long`, at);
        this.#digits = -1;
        return at + 1;
      }
      if (byte < ZERO || byte > NINE) this.#fail(`${show(byte)} where a message's length should be`, at);
      if (byte === ZERO && this.#digits === 0) this.#fail("a message's length begins with 0", at);
      if (this.#digits === this.#maxDigits) {
        this.#fail(`a message's length has more than ${this.#maxDigits} digits`, at);
      }
      this.#length = this.#length * 10 + byte - ZERO;
      this.#digits += 1;
    }
    return at;
  }

  #pushLines(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) {
      const end = piece.indexOf(LF, at);
      const until = end < 0 ? piece.length : end;
      if (this.#partialBytes + until - at > this.#maxMessageBytes) {
        this.#fail(`no line end within ${this.#maxMessageBytes} bytes`, at);
      }
      if (end < 0) {
        this.#keep(piece, at, until);
        return;
      }
      this.#emit(piece, at, until);
      at = end + 1;
    }
  }

  #emit(piece: Uint8Array, start: number, end: number): void {
    if (this.#partialBytes === 0) {
      this.#onMessage(piece, start, end);
      return;
    }
    this.#keep(piece, start, end);
    const bytes = this.#partialBytes;
    this.#partialBytes = 0;
    this.#onMessage(this.#partial, 0, bytes);
  }

  #keep(piece: Uint8Array, start: number, end: number): void {
    const needed = this.#partialBytes + end - start;
    if (needed > this.#partial.length) {
      let capacity = Math.max(FIRST_CAPACITY, this.#partial.length);
      while (capacity < needed) capacity *= 2;
      const larger = new Uint8Array(capacity);
      larger.set(this.#partial.subarray(0, this.#partialBytes));
      this.#partial = larger;
    }
    this.#partial.set(piece.subarray(start, end), this.#partialBytes);
    this.#partialBytes = needed;
  }

  #fail(message: string, at: number): never {
    this.#isBroken = true;
    throw new FramingError(message, this.#offset + at);
  }
}

function show(byte: number): string {
  const hex = byte.toString(16).padStart(2, '0');
  return byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}' (0x${hex})` : `0x${hex}`;
}
