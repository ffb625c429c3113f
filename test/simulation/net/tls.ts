/**
 * TLS as far as its ends and its bytes on the wire go; nothing is encrypted. A record is a type, a length and its content,
 * padded to what a real one adds:
 *
 *     23 data · 22 handshake (hello, finished, ticket) · 21 close_notify: 24 bytes on the wire (TLS 1.3), or 31 (1.2)
 */
import { EventEmitter } from 'node:events';
import type { SimulatedProcess } from '../process.ts';
import type { ClientSocket } from './client-socket.ts';

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export const recordTypes = { alert: 21, handshake: 22, data: 23 } as const;
const headBytes = 5;
const padBytes = 17;

export function record(type: number, content: Uint8Array): Buffer {
  const bytes = Buffer.alloc(headBytes + content.length + padBytes);
  bytes[0] = type;
  bytes.writeUInt32BE(content.length, 1);
  bytes.set(content, headBytes);
  return bytes;
}

export function closeNotify(version: TlsVersion): Buffer {
  return record(recordTypes.alert, Buffer.alloc((version === 'TLSv1.3' ? 24 : 31) - headBytes - padBytes));
}

/** Takes records out of a stream of bytes. */
export class Records {
  #held: Buffer = Buffer.alloc(0);
  /** What came behind that, while it is no whole record. */
  #more: Buffer[] = [];
  #bytes = 0;
  #wanted = headBytes;

  /** Whole records only; the rest waits for more. */
  *push(bytes: Buffer): Generator<{ readonly type: number; readonly content: Buffer }> {
    this.#bytes += bytes.length;
    this.#more.push(bytes);
    if (this.#bytes < this.#wanted) return;
    this.#held =
      this.#more.length === 1 && this.#held.length === 0 ? bytes : Buffer.concat([this.#held, ...this.#more]);
    this.#more = [];
    this.#wanted = headBytes;
    while (this.#held.length >= headBytes) {
      const length = this.#held.readUInt32BE(1);
      const whole = headBytes + length + padBytes;
      this.#wanted = whole;
      if (this.#held.length < whole) return;
      const one = { type: this.#held[0] as number, content: this.#held.subarray(headBytes, headBytes + length) };
      this.#held = this.#held.subarray(whole);
      this.#bytes = this.#held.length;
      this.#wanted = headBytes;
      yield one;
    }
  }
}

/** A daemon's TLS socket over its TCP socket: what the daemon uses of Node's. */
export class ClientTlsSocket extends EventEmitter {
  destroyed = false;
  readonly authorized = false;
  readonly authorizationError = 'SIMULATED';
  readonly #process: SimulatedProcess;
  readonly #raw: ClientSocket;
  readonly #records = new Records();
  #version: TlsVersion = 'TLSv1.3';
  #isReused = false;
  #hasSeenEnd = false;
  #isEnding = false;
  #isFinished = false;
  #isUp = false;

  constructor(process: SimulatedProcess, raw: ClientSocket, session: Buffer | undefined) {
    super();
    this.#process = process;
    this.#raw = raw;
    this.#isReused = session !== undefined;
    raw.on('data', (bytes: Buffer) => this.#onBytes(bytes));
    raw.on('end', () => this.#onEnd());
    raw.on('error', (error: Error) => this.#gone(error));
    raw.on('close', () => this.#gone());
    raw.on('finish', () => {
      this.#isFinished = true;
      this.emit('finish');
      if (this.#hasSeenEnd) this.destroy();
    });
    raw.send(record(recordTypes.handshake, Buffer.from('hello')), 0);
    raw.resume();
  }

  getProtocol(): TlsVersion {
    return this.#version;
  }

  getCipher(): { readonly standardName: string } {
    return { standardName: 'TLS_SIMULATED' };
  }

  isSessionReused(): boolean {
    return this.#isReused;
  }

  getPeerCertificate(): object {
    return {};
  }

  resume(): this {
    return this;
  }

  write(bytes: Uint8Array, done: (error?: Error) => void): boolean {
    return this.#raw.send(record(recordTypes.data, bytes), bytes.length, done);
  }

  end(): this {
    if (this.#isEnding || this.destroyed) return this;
    this.#isEnding = true;
    if (this.#isUp) this.#raw.send(closeNotify(this.#version), 0);
    this.#raw.end();
    return this;
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#raw.destroy();
    this.#process.post(() => {
      if (error) this.emit('error', error);
      this.emit('close');
    });
    return this;
  }

  #onBytes(bytes: Buffer): void {
    for (const { type, content } of this.#records.push(bytes)) {
      if (this.destroyed) return;
      if (type === recordTypes.alert) this.#onEnd();
      else if (type === recordTypes.handshake) this.#onHandshake(content.toString());
    }
  }

  #onHandshake(message: string): void {
    if (message === 'ticket') this.emit('session', Buffer.from('session'));
    else if (message.startsWith('TLS')) {
      this.#version = message as TlsVersion;
      this.#isUp = true;
      this.#raw.send(record(recordTypes.handshake, Buffer.from('finished')), 0);
      this.emit('secureConnect');
    }
  }

  #onEnd(): void {
    if (this.#hasSeenEnd || this.destroyed) return;
    this.#hasSeenEnd = true;
    this.emit('end');
    if (this.#isFinished) this.destroy();
  }

  #gone(error?: Error): void {
    if (this.destroyed) return;
    this.destroyed = true;
    if (error) this.emit('error', error);
    this.emit('close');
  }
}
