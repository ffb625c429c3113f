/**
 * A receiver's side of a TLS connection: its library takes one record at a time out of the kernel, when the application
 * reads. What the application does not read stays with the kernel, but for the rest of a record.
 */

import { ByteQueue } from '../kernel/byte-queue.ts';
import type { TcpEndpoint } from '../kernel/tcp-endpoint.ts';
import {
  alertRecord,
  alerts,
  dataRecords,
  handshakeRecord,
  isTls,
  messages,
  plainAlert,
  RecordAssembler,
  readHandshake,
  recordTypes,
  type TlsRecord,
  type TlsVersion,
  unprotected,
} from '../tls-records.ts';
import type { PeerSocket, TcpPeerSocket } from './peer-socket.ts';

export interface TlsServerOptions {
  readonly version: TlsVersion;
  /** Session tickets that it sends after a handshake; 0: none, and no session is resumed. */
  readonly tickets: number;
  /** A resumed session gets a new one, too; OpenSSL's servers do not do that. */
  readonly renewsTickets?: boolean;
  /** It ends its side with a close_notify in front of the FIN. */
  readonly sendsCloseNotify: boolean;
  /**
   * To a client that does not speak TLS, and ends its side: `alert` and its own end, as OpenSSL has rsyslog and syslog-ng
   * answer; `end`, as Node does; `silence`, as Node does with half-open sockets. Whatever it says, the server ends at once.
   * Default: `alert`.
   */
  strangers?: 'alert' | 'end' | 'silence' | undefined;
  /** Told of each client that does not speak TLS, and of its answer: `text` is what was sent, and ended over. */
  onStranger?: (how: 'alert' | 'end' | 'silence' | 'text', from: string) => void;
  /** An alert instead of letting the client in: 116 wants a certificate (TLS 1.3 sends it behind the handshake). */
  refusal?: number | undefined;
}

/** Of one start of a receiver: it knows its own tickets only. */
export class TlsServer {
  readonly options: TlsServerOptions;
  readonly #issued = new Set<number>();
  readonly #firstTicket: number;

  /** @param serial distinguishes the tickets of this start from others' */
  constructor(options: TlsServerOptions, serial: number) {
    this.options = options;
    this.#firstTicket = serial * 100_000 + 1;
  }

  issue(): number {
    const ticket = this.#firstTicket + this.#issued.size;
    this.#issued.add(ticket);
    return ticket;
  }

  knows(ticket: number): boolean {
    return this.#issued.has(ticket);
  }
}

const helloBytes = { full: 1500, resumed: 260 } as const;
const ticketBytes = 250;
const finishedBytes = 80;

export class TlsPeerSocket implements PeerSocket {
  readonly endpoint: TcpEndpoint;
  onReadable: () => void = () => undefined;
  readonly #tcp: TcpPeerSocket;
  readonly #server: TlsServer;
  readonly #onSecure: (peer: TlsPeerSocket) => void;
  readonly #records = new RecordAssembler();
  readonly #plain = new ByteQueue();
  #state: 'hello' | 'finished' | 'up' = 'hello';
  #hasCloseNotify = false;
  #isResumed = false;

  constructor(tcp: TcpPeerSocket, server: TlsServer, onSecure: (peer: TlsPeerSocket) => void) {
    this.endpoint = tcp.endpoint;
    this.#tcp = tcp;
    this.#server = server;
    this.#onSecure = onSecure;
    tcp.onReadable = () => this.#onReadable();
  }

  get id(): number {
    return this.#tcp.id;
  }

  get readable(): number {
    return this.#tcp.readable + this.#plain.length;
  }

  get peerEnded(): boolean {
    return this.#hasCloseNotify || this.#tcp.peerEnded;
  }

  /** The peer said so itself: nobody on the way did. */
  get hasCloseNotify(): boolean {
    return this.#hasCloseNotify;
  }

  read(mostBytes: number): Buffer | 'end' | 'reset' | undefined {
    while (this.#plain.length === 0) {
      if (this.#hasCloseNotify) return 'end';
      const record = this.#readRecord();
      if (record === undefined || typeof record === 'string') return record;
      this.#onRecord(record);
    }
    return this.#plain.take(mostBytes);
  }

  write(bytes: Uint8Array): boolean {
    return this.#tcp.write(Buffer.concat(dataRecords(this.#server.options.version, [bytes])));
  }

  end({ isBare = !this.#server.options.sendsCloseNotify }: { readonly isBare?: boolean } = {}): void {
    if (!isBare) this.closeNotify();
    this.#tcp.end();
  }

  /** Without a FIN behind it. */
  closeNotify(): void {
    this.#tcp.write(alertRecord(this.#server.options.version, 0));
  }

  close(): void {
    this.#tcp.close();
  }

  reset(): void {
    this.#tcp.reset();
  }

  #onReadable(): void {
    while (this.#state !== 'up') {
      const record = this.#readRecord();
      if (record === undefined) return;
      if (typeof record === 'string') {
        this.#onStrangersEnd(record);
        return;
      }
      this.#onRecord(record);
      if (this.#tcp.isClosed) return;
    }
    this.onReadable();
  }

  /** Somebody has connected, and left without a word. */
  #onStrangersEnd(how: 'end' | 'reset'): void {
    const { strangers = 'alert', onStranger } = this.#server.options;
    if (how === 'end') onStranger?.(strangers, this.endpoint.remote.address);
    if (how === 'end' && strangers === 'silence') return;
    if (how === 'end' && strangers === 'alert') this.#tcp.write(plainAlert(alerts.decodeError));
    this.close();
  }

  #readRecord(): TlsRecord | 'end' | 'reset' | undefined {
    for (;;) {
      const piece = this.#tcp.read(this.#records.missing);
      if (piece === undefined || typeof piece === 'string') return piece;
      if (this.#state !== 'up' && this.#records.isAtHead && !isTls(piece)) {
        this.#server.options.onStranger?.('text', this.endpoint.remote.address);
        this.close();
        return undefined;
      }
      const record = this.#records.push(piece);
      if (record) return record;
    }
  }

  #onRecord(record: TlsRecord): void {
    if (record.type === recordTypes.data) this.#plain.push(unprotected(record, this.#server.options.version));
    else if (record.type === recordTypes.alert) this.#hasCloseNotify = true;
    else if (record.type === recordTypes.handshake) this.#onHandshake(record.content);
    // Somebody who does not speak TLS.
    else this.close();
  }

  #onHandshake(content: Buffer): void {
    const { message, ticket } = readHandshake(content);
    const { version, tickets, refusal } = this.#server.options;
    if (message === messages.clientHello) {
      this.#isResumed = tickets > 0 && this.#server.knows(ticket);
      this.#state = 'finished';
      if (refusal !== undefined && version === 'TLSv1.2') {
        this.#refuse(refusal);
        return;
      }
      this.#send(messages.serverHello, 0, this.#isResumed ? helloBytes.resumed : helloBytes.full);
    } else if (message === messages.finished) this.#onFinished();
  }

  #onFinished(): void {
    const { version, tickets, renewsTickets = false, refusal } = this.#server.options;
    if (refusal !== undefined) {
      this.#refuse(refusal);
      return;
    }
    if (version === 'TLSv1.3') {
      const fresh = this.#isResumed && !renewsTickets ? 0 : tickets;
      for (let i = 0; i < fresh; i++) this.#send(messages.ticket, this.#server.issue(), ticketBytes);
    } else if (!this.#isResumed) {
      this.#send(messages.serverDone, tickets > 0 ? this.#server.issue() : 0, finishedBytes + ticketBytes);
    }
    this.#state = 'up';
    this.#onSecure(this);
  }

  #refuse(alert: number): void {
    this.#tcp.write(alertRecord(this.#server.options.version, alert));
    this.#tcp.end();
    this.close();
  }

  #send(message: number, ticket: number, bytes: number): void {
    const { version } = this.#server.options;
    this.#tcp.write(handshakeRecord({ message, version, isResumed: this.#isResumed, ticket }, bytes));
  }
}
