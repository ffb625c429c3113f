/** Reads a message's bytes for the parsers: a position, and methods for what may come next. */

/** The rule that a message breaks, and where. */
export interface Malformed {
  readonly isValid: false;
  /** Offset from the message's first byte. */
  readonly offset: number;
  readonly rule: string;
}

/** Thrown and caught within a parser where a rule is broken. */
export class BrokenRule extends Error {
  readonly offset: number;
  readonly rule: string;

  constructor(rule: string, offset: number) {
    super(rule);
    this.rule = rule;
    this.offset = offset;
  }
}

const ZERO = 0x30;

export class Scanner {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  readonly #start: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.#start = start;
    this.end = end;
    this.at = start;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  /** The next byte; -1 at the end. */
  peek(): number {
    return this.at < this.end ? (this.bytes[this.at] ?? -1) : -1;
  }

  fail(rule: string, at = this.at): never {
    throw new BrokenRule(rule, at - this.#start);
  }

  /** Reads this character, or fails by the rule. */
  expect(character: string, rule: string): void {
    if (this.peek() !== character.charCodeAt(0)) this.fail(rule);
    this.at += 1;
  }

  /** Reads exactly `digits` digits, as a number within the bounds. */
  number(digits: number, min: number, max: number, rule: string): number {
    const from = this.at;
    let value = 0;
    for (let i = 0; i < digits; i++) {
      if (!isDigit(this.peek())) this.fail(rule);
      value = value * 10 + this.peek() - ZERO;
      this.at += 1;
    }
    if (value < min || value > max) this.fail(rule, from);
    return value;
  }

  /** Reads all characters that `accepts` takes, at least one and at most `max`. */
  word(accepts: (byte: number) => boolean, max: number, rule: string): string {
    const from = this.at;
    while (this.at < this.end && accepts(this.bytes[this.at] ?? 0)) this.at += 1;
    if (this.at === from || this.at - from > max) this.fail(rule, from);
    return text(this.bytes, from, this.at);
  }

  rest(): Uint8Array {
    return this.bytes.subarray(this.at, this.end);
  }
}

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

/** PRINTUSASCII, %d33-126. */
export function isPrintable(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}

export function isAlphanumeric(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

/** Decodes ASCII. */
export function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

/** Reads `<PRI>`: 0 to 191 without leading zeros, in both RFCs. */
export function readPriority(scanner: Scanner): { readonly facility: number; readonly severity: number } {
  scanner.expect('<', 'a message begins with <PRI>');
  const from = scanner.at;
  const digits = scanner.word(isDigit, 3, 'PRI is 1 to 3 digits');
  const priority = Number(digits);
  if (priority > 191) scanner.fail('PRI is at most 191', from);
  if (digits.length > 1 && digits.startsWith('0')) scanner.fail('PRI has no leading zero', from);
  scanner.expect('>', 'PRI ends with >');
  return { facility: priority >> 3, severity: priority & 7 };
}

export function parse<T>(read: () => T): T | Malformed {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BrokenRule)) throw error;
    return { isValid: false, offset: error.offset, rule: error.rule };
  }
}
