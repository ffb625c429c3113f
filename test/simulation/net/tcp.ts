/**
 * One end of a TCP connection, as the kernel has it: buffers, states, and segments to the other end. An end belongs to a
 * socket of a process until that closes it; the kernel goes on by itself then.
 *
 *   SYN_SENT     → ESTABLISHED                                   our end: `shutdown`, or `close` with nothing unread
 *   ESTABLISHED  our end → FIN_WAIT1; the peer's → CLOSE_WAIT
 *   FIN_WAIT1    our end is acknowledged → FIN_WAIT2; the peer's end came first → CLOSING
 *   FIN_WAIT2    the peer's end → TIME_WAIT
 *   CLOSING      our end is acknowledged → TIME_WAIT
 *   CLOSE_WAIT   our end → LAST_ACK; that is acknowledged → CLOSED
 *   TIME_WAIT    after a minute → CLOSED
 *   A reset, sent or received, leads from everywhere to CLOSED.
 *
 * Coarser than the kernel: segments are as large as what is written, nothing is lost but by a link that is cut (then all
 * waits until it is mended), acknowledgements come for each segment, windows do not shrink, and no connection ever times
 * out by itself.
 */
import type { Link } from './link.ts';

export type TcpState =
  | 'SYN_SENT'
  | 'ESTABLISHED'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'CLOSING'
  | 'TIME_WAIT'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'CLOSED';

/** What the socket of an end hears from its kernel; at once, the process hears of it when it comes to it. */
export interface EndEvents {
  /** There is something to read: bytes, or the peer's end. */
  readable(): void;
  /** The send buffer has room again. */
  writable(): void;
  reset(): void;
}

export interface EndAddress {
  readonly address: string;
  readonly port: number;
}

const timeWaitMs = 60_000;
const noEvents: EndEvents = { readable: () => undefined, writable: () => undefined, reset: () => undefined };

export class TcpEnd {
  readonly local: EndAddress;
  readonly remote: EndAddress;
  readonly #link: Link;
  readonly #sendLimit: number;
  readonly #receiveLimit: number;
  #other: TcpEnd | undefined;
  #events: EndEvents = noEvents;
  #state: TcpState = 'SYN_SENT';
  /** Written, and not on its way yet. */
  #unsent: Buffer[] = [];
  #unsentBytes = 0;
  #unacknowledgedBytes = 0;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  /** On the way to here. */
  #incomingBytes = 0;
  #finToSend = false;
  #finSent = false;
  #finAcknowledged = false;
  #peerEnded = false;
  #isReset = false;
  /** No process has it any more. */
  #isOrphan = false;

  constructor(local: EndAddress, remote: EndAddress, link: Link, limits: { send: number; receive: number }) {
    this.local = local;
    this.remote = remote;
    this.#link = link;
    this.#sendLimit = limits.send;
    this.#receiveLimit = limits.receive;
  }

  get state(): TcpState {
    return this.#state;
  }

  get hasRoom(): boolean {
    return this.#unsentBytes + this.#unacknowledgedBytes < this.#sendLimit;
  }

  get unreadBytes(): number {
    return this.#receivedBytes;
  }

  /** Bytes are on their way, or wait to be: in either direction something may still come. */
  get hasInFlight(): boolean {
    return this.#unsentBytes > 0 || this.#unacknowledgedBytes > 0 || this.#incomingBytes > 0;
  }

  get isReset(): boolean {
    return this.#isReset;
  }

  attach(events: EndEvents): void {
    this.#events = events;
  }

  /** Both ends are up. */
  establish(other: TcpEnd): void {
    this.#other = other;
    this.#state = 'ESTABLISHED';
  }

  /** @param bytes are the end's own from now on */
  write(bytes: Buffer): void {
    if (this.#state !== 'ESTABLISHED' && this.#state !== 'CLOSE_WAIT') return;
    this.#unsent.push(bytes);
    this.#unsentBytes += bytes.length;
    this.#transmit();
  }

  /** @returns bytes; 'end' when the peer has ended and all is read; undefined when there is nothing now */
  read(maxBytes: number): Buffer | 'end' | undefined {
    const first = this.#received[0];
    if (!first) return this.#peerEnded ? 'end' : undefined;
    const part = first.length <= maxBytes ? first : first.subarray(0, maxBytes);
    if (part === first) this.#received.shift();
    else this.#received[0] = first.subarray(maxBytes);
    this.#receivedBytes -= part.length;
    // The window is open again: the other end hears of it.
    this.#toOther(() => this.#other?.transmitAgain());
    return part;
  }

  /** Our end, behind all that was written. */
  shutdown(): void {
    if (this.#state === 'ESTABLISHED') this.#state = 'FIN_WAIT1';
    else if (this.#state === 'CLOSE_WAIT') this.#state = 'LAST_ACK';
    else return;
    this.#finToSend = true;
    this.#transmit();
  }

  /** The process lets go of it. What it has not read makes a reset of it. */
  close(): void {
    if (this.#isOrphan) return;
    this.#isOrphan = true;
    this.#events = noEvents;
    if (this.#receivedBytes > 0) this.reset();
    else this.shutdown();
  }

  reset(): void {
    if (this.#state === 'CLOSED') return;
    const isConnected = this.#other !== undefined && this.#state !== 'TIME_WAIT';
    this.#die();
    if (isConnected) this.#toOther(() => this.#other?.onReset());
  }

  transmitAgain(): void {
    this.#transmit();
  }

  onReset(): void {
    if (this.#state === 'CLOSED' || this.#state === 'TIME_WAIT') return;
    const events = this.#events;
    this.#isReset = true;
    this.#die();
    events.reset();
  }

  onData(bytes: Buffer): void {
    this.#incomingBytes -= bytes.length;
    if (this.#state === 'CLOSED' || this.#isOrphan) {
      // Nobody will ever read it.
      this.#die();
      this.#toOther(() => this.#other?.onReset());
      return;
    }
    this.#received.push(bytes);
    this.#receivedBytes += bytes.length;
    this.#toOther(() => this.#other?.onAcknowledged(bytes.length));
    this.#events.readable();
  }

  onFin(): void {
    if (this.#state === 'CLOSED') {
      this.#toOther(() => this.#other?.onReset());
      return;
    }
    this.#peerEnded = true;
    if (this.#state === 'ESTABLISHED') this.#state = 'CLOSE_WAIT';
    else if (this.#state === 'FIN_WAIT1') this.#state = this.#finAcknowledged ? 'TIME_WAIT' : 'CLOSING';
    else if (this.#state === 'FIN_WAIT2') this.#timeWait();
    this.#toOther(() => this.#other?.onFinAcknowledged());
    this.#events.readable();
  }

  onAcknowledged(bytes: number): void {
    if (this.#state === 'CLOSED') return;
    this.#unacknowledgedBytes -= bytes;
    this.#transmit();
    if (this.hasRoom) this.#events.writable();
  }

  onFinAcknowledged(): void {
    this.#finAcknowledged = true;
    if (this.#state === 'FIN_WAIT1') this.#state = 'FIN_WAIT2';
    else if (this.#state === 'CLOSING') this.#timeWait();
    else if (this.#state === 'LAST_ACK') this.#state = 'CLOSED';
  }

  #transmit(): void {
    const other = this.#other;
    if (!other || this.#state === 'CLOSED') return;
    while (this.#unsent.length > 0) {
      const room = other.#receiveLimit - other.#receivedBytes - other.#incomingBytes;
      if (room <= 0) return;
      const first = this.#unsent[0] as Buffer;
      const part = first.length <= room ? first : first.subarray(0, room);
      if (part === first) this.#unsent.shift();
      else this.#unsent[0] = first.subarray(room);
      this.#unsentBytes -= part.length;
      this.#unacknowledgedBytes += part.length;
      other.#incomingBytes += part.length;
      this.#toOther(() => other.onData(part));
    }
    if (this.#finToSend && !this.#finSent) {
      this.#finSent = true;
      this.#toOther(() => other.onFin());
    }
  }

  #timeWait(): void {
    this.#state = 'TIME_WAIT';
    this.#link.later(timeWaitMs, () => {
      if (this.#state === 'TIME_WAIT') this.#state = 'CLOSED';
    });
  }

  #die(): void {
    this.#state = 'CLOSED';
    this.#unsent = [];
    this.#unsentBytes = 0;
    this.#unacknowledgedBytes = 0;
  }

  #toOther(arrive: () => void): void {
    this.#link.send(this, arrive);
  }
}
