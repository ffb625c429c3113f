/**
 * What Node's TLS sockets stand on (TLSWrap): records over the handle of a TCP socket. A close_notify is the end of what
 * can be read, and the FIN behind it says nothing more; a FIN without one is the same end.
 */
import type { SimulatedProcess } from '../../process.ts';
import {
  alertRecord,
  dataRecords,
  handshakeRecord,
  isTls,
  messages,
  RecordAssembler,
  readHandshake,
  recordTypes,
  type TlsRecord,
  type TlsVersion,
  unprotected,
} from '../tls-records.ts';
import type { SimulatedSocket } from './socket.ts';
import type { Handle, WriteOutcome } from './stream-handle.ts';

export interface TlsHandshakeEvents {
  secure(): void;
  ticket(ticket: number): void;
}

/** OpenSSL's names of alerts that come from a peer. */
const alerts: Readonly<Record<number, string>> = {
  40: 'SSLV3_ALERT_HANDSHAKE_FAILURE',
  42: 'SSLV3_ALERT_BAD_CERTIFICATE',
  45: 'SSLV3_ALERT_CERTIFICATE_EXPIRED',
  48: 'TLSV1_ALERT_UNKNOWN_CA',
  70: 'TLSV1_ALERT_PROTOCOL_VERSION',
  116: 'TLSV13_ALERT_CERTIFICATE_REQUIRED',
};

const helloBytes = 320;
const ticketBytes = 240;
const finishedBytes = 80;

export class TlsHandle implements Handle {
  bytesRead = 0;
  bytesWritten = 0;
  onRead: (what: Buffer | 'end' | Error) => void = () => undefined;
  version: TlsVersion = 'TLSv1.3';
  isResumed = false;
  isSecure = false;
  readonly #process: SimulatedProcess;
  readonly #raw: SimulatedSocket;
  readonly #parent: Handle;
  readonly #events: TlsHandshakeEvents;
  readonly #records = new RecordAssembler();
  /** Written before the handshake was done. */
  #early: (() => void)[] = [];
  #hasEnded = false;

  constructor(process: SimulatedProcess, raw: SimulatedSocket, parent: Handle, events: TlsHandshakeEvents) {
    this.#process = process;
    this.#raw = raw;
    this.#parent = parent;
    this.#events = events;
    parent.onRead = (what) => this.#onRead(what);
  }

  /** @param ticket of a session to resume; 0: none */
  start(ticket: number): void {
    const hello = { message: messages.clientHello, version: this.version, isResumed: ticket !== 0, ticket };
    this.#send([handshakeRecord(hello, helloBytes + (ticket === 0 ? 0 : ticketBytes))]);
  }

  startReading(): void {
    this.#parent.startReading();
  }

  stopReading(): void {
    this.#parent.stopReading();
  }

  write(chunks: readonly Uint8Array[], written: (error?: Error) => void): WriteOutcome {
    if (!this.isSecure) {
      this.#early.push(() => this.write(chunks, written));
      return 'later';
    }
    for (const { length } of chunks) this.bytesWritten += length;
    // Even what was written at once is told later: OpenSSL's writes are not done within a write.
    const outcome = this.#parent.write(dataRecords(this.version, chunks), written);
    if (outcome === 'done') this.#process.post(() => written());
    else if (outcome !== 'later') this.#process.post(() => written(outcome));
    return 'later';
  }

  shutdown(done: () => void): void {
    if (this.isSecure) this.#send([alertRecord(this.version, 0)]);
    this.#parent.shutdown(done);
  }

  close(closed: () => void): void {
    this.#early = [];
    if (!this.#raw.handle) {
      process.nextTick(closed);
      return;
    }
    this.#raw.once('close', closed);
    this.#raw.destroy();
  }

  reset(closed: () => void): void {
    this.#early = [];
    this.#raw.once('close', closed);
    this.#raw.resetAndDestroy();
  }

  #send(parts: readonly Uint8Array[]): void {
    // What cannot be written shows where it is read.
    this.#parent.write(parts, () => undefined);
  }

  #onRead(what: Buffer | 'end' | Error): void {
    if (what instanceof Error) this.onRead(what);
    else if (what === 'end') this.#end();
    else this.#onBytes(what);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.onRead('end');
  }

  #onBytes(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && !this.#raw.destroyed; ) {
      const piece = bytes.subarray(at, at + this.#records.missing);
      if (!this.isSecure && at === 0 && !isTls(piece)) {
        this.#fail('WRONG_VERSION_NUMBER');
        return;
      }
      at += piece.length;
      const record = this.#records.push(piece);
      if (record) this.#onRecord(record);
    }
  }

  #onRecord(record: TlsRecord): void {
    if (record.type === recordTypes.handshake) this.#onHandshake(record.content);
    else if (record.type === recordTypes.alert) this.#onAlert(record.content[1] ?? 0);
    else if (!this.#hasEnded) {
      const content = unprotected(record, this.version);
      this.bytesRead += content.length;
      this.onRead(content);
    }
  }

  #onAlert(code: number): void {
    if (code === 0) this.#end();
    else this.#fail(alerts[code] ?? 'SSLV3_ALERT_UNEXPECTED_MESSAGE');
  }

  #onHandshake(content: Buffer): void {
    const { message, version, isResumed, ticket } = readHandshake(content);
    if (message === messages.serverHello) {
      this.version = version;
      this.isResumed = isResumed;
      const finished = { message: messages.finished, version, isResumed, ticket: 0 };
      this.#send([handshakeRecord(finished, version === 'TLSv1.2' && !isResumed ? 2 * finishedBytes : finishedBytes)]);
      if (version === 'TLSv1.3' || isResumed) this.#secured(ticket);
    } else if (message === messages.serverDone) this.#secured(ticket);
    else if (message === messages.ticket) this.#events.ticket(ticket);
  }

  #secured(ticket: number): void {
    this.isSecure = true;
    this.#events.secure();
    if (ticket !== 0) this.#events.ticket(ticket);
    for (const write of this.#early.splice(0)) write();
  }

  #fail(reason: string): void {
    this.onRead(
      Object.assign(new Error(`error:0A000000:SSL routines::${reason.toLowerCase()}`), {
        code: `ERR_SSL_${reason}`,
        library: 'SSL routines',
      }),
    );
  }
}
