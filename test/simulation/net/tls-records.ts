/**
 * TLS as far as its records and their bytes on the wire go; nothing is encrypted. A record is as long as a real one: five
 * bytes of head, the content, and what protects it (TLS 1.3: 17 bytes; TLS 1.2: 24). So a close_notify has 24, or 31.
 *
 * A handshake costs the messages, and so the round trips, of a real one:
 *
 *   TLS 1.3            hello →, ← hello and finished, finished → (up here), ← tickets
 *   TLS 1.2            hello →, ← hello, finished →, ← finished and ticket (up here)
 *   TLS 1.2, resumed   hello →, ← hello and finished, finished → (up here)
 */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export const recordTypes = { alert: 21, handshake: 22, data: 23 } as const;
export const messages = { clientHello: 1, serverHello: 2, ticket: 4, serverDone: 14, finished: 20 } as const;

export const alerts = { decodeError: 50 } as const;

export interface TlsRecord {
  readonly type: number;
  readonly content: Buffer;
}

export interface Handshake {
  readonly message: number;
  readonly version: TlsVersion;
  readonly isResumed: boolean;
  /** 0: none. */
  readonly ticket: number;
}

const headBytes = 5;
const mostContentBytes = 16_384;
const protectionBytes: Readonly<Record<TlsVersion, number>> = { 'TLSv1.2': 24, 'TLSv1.3': 17 };
const protections: Readonly<Record<TlsVersion, Buffer>> = { 'TLSv1.2': Buffer.alloc(24), 'TLSv1.3': Buffer.alloc(17) };

/** @returns the parts, the content's own memory among them */
export function dataRecords(version: TlsVersion, chunks: readonly Uint8Array[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += mostContentBytes) {
      const content = chunk.length <= mostContentBytes ? chunk : chunk.subarray(at, at + mostContentBytes);
      parts.push(head(recordTypes.data, content.length + protectionBytes[version]), content, protections[version]);
    }
  }
  return parts;
}

/** @param code 0: close_notify, a warning; all others are fatal */
export function alertRecord(version: TlsVersion, code: number): Buffer {
  const content = Buffer.from([code === 0 ? 1 : 2, code]);
  return Buffer.concat([head(recordTypes.alert, 2 + protectionBytes[version]), content, protections[version]]);
}

/** Before there are keys: nothing protects it. */
export function plainAlert(code: number): Buffer {
  return Buffer.concat([head(recordTypes.alert, 2), Buffer.from([2, code])]);
}

export function handshakeRecord({ message, version, isResumed, ticket }: Handshake, bytes: number): Buffer {
  const content = Buffer.alloc(bytes - headBytes);
  content[0] = message;
  content[1] = version === 'TLSv1.3' ? 3 : 2;
  content[2] = isResumed ? 1 : 0;
  content.writeUInt32BE(ticket, 3);
  return Buffer.concat([head(recordTypes.handshake, content.length), content]);
}

export function readHandshake(content: Buffer): Handshake {
  const version = content[1] === 3 ? 'TLSv1.3' : 'TLSv1.2';
  return { message: content[0] ?? 0, version, isResumed: content[2] === 1, ticket: content.readUInt32BE(3) };
}

/** What is in a record of data, or an alert. */
export function unprotected({ content }: TlsRecord, version: TlsVersion): Buffer {
  return content.subarray(0, content.length - protectionBytes[version]);
}

/** Puts records together, from pieces of which none is longer than it asks for. */
export class RecordAssembler {
  #head: Buffer | undefined;
  #pieces: Buffer[] = [];
  #missing = headBytes;

  /** So many bytes at most are taken next. */
  get missing(): number {
    return this.#missing;
  }

  /** What comes next begins a record. */
  get isAtHead(): boolean {
    return this.#head === undefined && this.#missing === headBytes;
  }

  push(piece: Buffer): TlsRecord | undefined {
    this.#pieces.push(piece);
    this.#missing -= piece.length;
    if (this.#missing > 0) return undefined;
    const whole = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces);
    this.#pieces = [];
    if (!this.#head) {
      this.#head = whole;
      this.#missing = whole.readUInt16BE(3);
      return undefined;
    }
    const type = this.#head[0] ?? 0;
    this.#head = undefined;
    this.#missing = headBytes;
    return { type, content: whole };
  }
}

/** Whether these bytes, the first of a record, can be its beginning. */
export function isTls(first: Buffer): boolean {
  return first.length === 0 || ((first[0] ?? 0) >= recordTypes.alert && (first[0] ?? 0) <= recordTypes.data);
}

function head(type: number, length: number): Buffer {
  return Buffer.from([type, 3, 3, length >> 8, length & 255]);
}
