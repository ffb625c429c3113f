/**
 * A receiver's side of a connection: the application reads from its kernel when it likes, ends, closes or resets. Over
 * TLS it reads what is inside, and its library answers the handshake.
 */
import type { SimulatedProcess } from '../process.ts';
import type { TcpEnd } from './tcp.ts';
import { closeNotify, Records, record, recordTypes, type TlsVersion } from './tls.ts';

export interface TlsPeerOptions {
  readonly version: TlsVersion;
  readonly sendsCloseNotify: boolean;
}

export class Peer {
  readonly id: number;
  readonly #end: TcpEnd;
  readonly #tls: TlsPeerOptions | undefined;
  readonly #records = new Records();
  /** Unpacked, and not read by the application yet. */
  #plain: Buffer[] = [];
  #gotCloseNotify = false;
  #hasEnded = false;
  onReadable: () => void = () => undefined;
  onReset: () => void = () => undefined;

  constructor(id: number, end: TcpEnd, process: SimulatedProcess, tls: TlsPeerOptions | undefined) {
    this.id = id;
    this.#end = end;
    this.#tls = tls;
    end.attach({
      readable: () => process.post(() => this.onReadable()),
      writable: () => undefined,
      reset: () => process.post(() => this.onReset()),
    });
    process.onDeath(() => end.close());
  }

  /** Something of it is on its way, in either direction. */
  get hasInFlight(): boolean {
    return this.#end.hasInFlight;
  }

  get unreadBytes(): number {
    return this.#end.unreadBytes;
  }

  get isOver(): boolean {
    return this.#end.state === 'CLOSED' || this.#end.state === 'TIME_WAIT';
  }

  /** What the other side has written; 'end' when it has ended and all of that is read; undefined: nothing now. */
  read(maxBytes: number): Buffer | 'end' | undefined {
    if (!this.#tls) return this.#end.read(maxBytes);
    for (;;) {
      const next = this.#plain.shift();
      if (next) return next;
      if (this.#gotCloseNotify) return 'end';
      const read = this.#end.read(maxBytes);
      if (read === undefined || read === 'end') return read;
      for (const { type, content } of this.#records.push(read)) this.#onRecord(type, content);
    }
  }

  /** In peace: TLS says so first, where this receiver does. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#tls?.sendsCloseNotify) this.#end.write(closeNotify(this.#tls.version));
    this.#end.shutdown();
  }

  close(): void {
    this.#end.close();
  }

  reset(): void {
    this.#end.reset();
  }

  write(bytes: Uint8Array): void {
    this.#end.write(this.#tls ? record(recordTypes.data, bytes) : Buffer.from(bytes));
  }

  /** A bare end, whatever the library would say: what somebody on the way can forge. */
  endBarely(): void {
    this.#hasEnded = true;
    this.#end.shutdown();
  }

  #onRecord(type: number, content: Buffer): void {
    if (type === recordTypes.data) this.#plain.push(content);
    else if (type === recordTypes.alert) this.#gotCloseNotify = true;
    else if (content.toString() === 'hello') this.#say(this.#tls?.version ?? 'TLSv1.3');
    // With TLS 1.2 the ticket comes before the server's own Finished.
    else if (content.toString() === 'finished' && this.#tls?.version === 'TLSv1.3') this.#say('ticket');
  }

  #say(message: string): void {
    this.#end.write(record(recordTypes.handshake, Buffer.from(message)));
  }
}
