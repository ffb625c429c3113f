/**
 * One end of a TCP connection, as a Linux kernel has it: states, both buffers, windows, acknowledgements, ends, resets.
 * What a process does with it are system calls; it is told (`onEvent`) that there may be something to poll for.
 *
 *   close() with bytes that nobody has read → a reset, at once, and what was to be sent is thrown away.
 *   close() otherwise                       → what was written is still sent, then our end; nobody has it open any more.
 *   a reset from the peer                   → what was to be sent is thrown away; what had arrived can still be read.
 *   data for an end that nobody has open    → a reset.
 */
import type { Scheduler } from '../../scheduler.ts';
import type { Flow } from './path.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { Address, Segment } from './segment.ts';
import { type Part, SendWindow } from './send-window.ts';
import { TcpTimers } from './tcp-timers.ts';

export type TcpState =
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'ESTABLISHED'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'CLOSING'
  | 'TIME_WAIT'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'CLOSE';

/** What a system call says instead. */
export type Errno = 'ECONNREFUSED' | 'ECONNRESET' | 'EPIPE' | 'ETIMEDOUT' | 'ENOTCONN';

/** The kernel that it belongs to. */
export interface TcpKernel {
  readonly scheduler: Scheduler;
  send(segment: Segment, flow: Flow): void;
  roundTripMs(remote: Address): number;
  /** It is over, and no longer listed. */
  forget(endpoint: TcpEndpoint): void;
  /** @returns false where there are too many of them: it is forgotten at once */
  keepTimeWait(): boolean;
}

export interface BufferSizes {
  readonly sendBytes: number;
  readonly receiveBytes: number;
}

export const timeWaitMs = 60_000;
const nothing: Part = { seq: 0, bytes: 0, fin: false };

export class TcpEndpoint implements Flow {
  readonly local: Address;
  readonly remote: Address;
  lastArrivalMs = 0;
  /** There may be something to poll for. */
  onEvent: (() => void) | undefined;
  /** Of one that a listener has made: it is up. */
  onEstablished: (() => void) | undefined;
  /** No process has it open any more. */
  onReleased: (() => void) | undefined;
  readonly #kernel: TcpKernel;
  readonly #timers: TcpTimers;
  readonly #out: SendWindow;
  readonly #in: ReceiveWindow;
  #state: TcpState;
  #error: Errno | undefined;
  #wantsRoom = false;
  #hasPeerFin = false;
  #isOpen = true;

  constructor(kernel: TcpKernel, local: Address, remote: Address, sizes: BufferSizes, state: 'SYN_SENT' | 'SYN_RECV') {
    this.local = local;
    this.remote = remote;
    this.#kernel = kernel;
    this.#out = new SendWindow(sizes.sendBytes);
    this.#in = new ReceiveWindow(sizes.receiveBytes);
    this.#state = state;
    this.#timers = new TcpTimers(kernel.scheduler, kernel.roundTripMs(remote), {
      retransmit: () => this.#retransmit(),
      probe: () => this.#ask(),
      timedOut: () => this.#timedOut(),
      lingered: () => this.#gone(),
    });
    // A SYN-ACK answers the SYN, which is received next.
    if (state === 'SYN_RECV') this.#timers.mostRetries = 5;
    else this.#greet();
  }

  get state(): TcpState {
    return this.#state;
  }

  /** A process has it open. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get unreadBytes(): number {
    return this.#in.length;
  }

  /** Written, and not acknowledged by the peer's kernel. */
  get unacknowledgedBytes(): number {
    return this.#out.length;
  }

  get hasPeerFin(): boolean {
    return this.#hasPeerFin;
  }

  get isConnected(): boolean {
    return this.#state !== 'SYN_SENT' && this.#state !== 'SYN_RECV' && this.#error === undefined;
  }

  /** What poll() says. */
  get isReadable(): boolean {
    return this.#in.length > 0 || this.#hasPeerFin || this.isBroken;
  }

  get isWritable(): boolean {
    return this.isBroken || this.#out.hasRoom;
  }

  get isHungUp(): boolean {
    return this.#isDown || (this.#hasPeerFin && this.#out.hasFin);
  }

  get isBroken(): boolean {
    return this.#error !== undefined || this.#state === 'CLOSE';
  }

  /** @returns the error of the connection, which is told once */
  takeError(): Errno | undefined {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }

  /** Bytes; 'end' at the peer's end, or where the connection is over; undefined when there is nothing now. */
  read(mostBytes: number): Buffer | 'end' | Errno | undefined {
    if (this.#in.length > 0) {
      const bytes = this.#in.take(mostBytes);
      if (this.#in.hasGrown && !this.#hasPeerFin && !this.#isDown) this.#acknowledge();
      return bytes;
    }
    if (this.#hasPeerFin) return 'end';
    return this.takeError() ?? (this.#isDown ? 'end' : undefined);
  }

  /** @returns how many bytes there was room for: those are copied, and sent together */
  write(chunks: readonly Uint8Array[]): number | Errno {
    if (this.isBroken || this.#out.hasFin || this.#isDown) return this.takeError() ?? 'EPIPE';
    const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
    const taken = Math.min(bytes, this.#out.room);
    this.#wantsRoom = taken < bytes;
    if (taken === 0) return 0;
    this.#out.write(chunks, taken);
    this.#transmit();
    return taken;
  }

  shutdown(): Errno | undefined {
    if (this.#isDown || this.#state === 'SYN_SENT') return 'ENOTCONN';
    this.#endOurSide();
    return undefined;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#release();
    this.#timers.mostRetries = 8;
    if (this.#isDown) return;
    if (this.#state === 'SYN_SENT') this.#gone();
    else if (this.#in.length > 0 || this.#state === 'SYN_RECV') this.#reset();
    else {
      this.#endOurSide();
      if (this.#state === 'FIN_WAIT2') this.#timers.linger(timeWaitMs);
    }
  }

  /** close() with SO_LINGER of 0. */
  abort(): void {
    if (!this.#isOpen) return;
    this.#release();
    if (this.#state === 'SYN_SENT') this.#gone();
    else if (!this.#isDown) this.#reset();
  }

  keepAlive(afterMs: number): void {
    this.#timers.keepAlive(afterMs);
  }

  /** Its kernel is gone, without a word. */
  vanish(): void {
    this.#release();
    this.#gone();
  }

  /** A segment that somebody on the way has made. */
  forge(kind: 'FIN' | 'RST'): void {
    const { remote: from, local: to } = this;
    const flag = kind === 'RST' ? 'RST' : undefined;
    this.receive({
      from,
      to,
      seq: this.#in.expected,
      ack: this.#out.unacknowledged,
      window: this.#out.limit - this.#out.unacknowledged,
      data: [],
      bytes: 0,
      flag,
      fin: kind === 'FIN',
    });
  }

  receive(segment: Segment): void {
    if (this.#state === 'CLOSE') return;
    this.#timers.heard();
    if (segment.flag === 'RST') this.#onReset();
    else if (segment.flag) this.#onGreeting(segment);
    else if (segment.ack <= this.#out.sent && this.#state !== 'SYN_SENT') {
      if (this.#state === 'SYN_RECV') this.#established();
      this.#onAcknowledgement(segment);
      if (this.#is('CLOSE')) return;
      if (segment.bytes > 0) this.#onData(segment);
      if (segment.fin) this.#onFin(segment);
      // A question, asked with a byte from before: answered with where we are.
      else if (segment.bytes === 0 && segment.seq < this.#in.expected) this.#acknowledge();
    }
  }

  #release(): void {
    this.#isOpen = false;
    this.onEvent = undefined;
    this.onReleased?.();
  }

  /** For the process it is over: what TIME_WAIT lists has no socket any more. */
  get #isDown(): boolean {
    return this.#state === 'CLOSE' || this.#state === 'TIME_WAIT';
  }

  /** (A comparison behind a call that may change the state.) */
  #is(state: TcpState): boolean {
    return this.#state === state;
  }

  #onGreeting({ flag, window }: Segment): void {
    if (this.#state === 'SYN_SENT' && flag === 'SYN-ACK') {
      this.#out.open(window);
      this.#established();
      this.#acknowledge();
      this.onEvent?.();
    } else if (flag === 'SYN-ACK') this.#acknowledge();
    else if (this.#state === 'SYN_RECV') {
      this.#out.open(window);
      this.#greet();
    }
  }

  #established(): void {
    this.#state = 'ESTABLISHED';
    this.#timers.isUp = true;
    this.#timers.mostRetries = 15;
    this.#timers.progress(false);
    this.onEstablished?.();
  }

  #onAcknowledgement({ ack, window }: Segment): void {
    if (ack < this.#out.unacknowledged) return;
    const wasShut = this.#out.isShut;
    this.#out.open(ack + window);
    if (ack > this.#out.unacknowledged) {
      const isFinAcknowledged = this.#out.acknowledge(ack);
      this.#timers.progress(this.#out.isInFlight);
      if (isFinAcknowledged) this.#onFinAcknowledged();
      if (this.#state === 'CLOSE') return;
    } else if (wasShut && !this.#out.isShut) this.#timers.progress(this.#out.isInFlight);
    else this.#timers.answered();
    this.#transmit();
    if (this.#wantsRoom && this.isWritable) {
      this.#wantsRoom = false;
      this.onEvent?.();
    }
  }

  #onFinAcknowledged(): void {
    if (this.#state === 'FIN_WAIT1') {
      this.#state = 'FIN_WAIT2';
      if (!this.#isOpen) this.#timers.linger(timeWaitMs);
    } else if (this.#state === 'CLOSING') this.#timeWait();
    else if (this.#state === 'LAST_ACK') this.#gone();
  }

  #onData(segment: Segment): void {
    const fresh = this.#in.fresh(segment);
    if (fresh === 0 || this.#hasPeerFin) {
      this.#acknowledge();
      return;
    }
    if (!this.#isOpen) {
      this.#reset();
      return;
    }
    this.#in.accept(segment, fresh);
    if (!segment.fin) this.#acknowledge();
    this.onEvent?.();
  }

  #onFin(segment: Segment): void {
    if (this.#is('CLOSE')) return;
    if (this.#hasPeerFin || segment.seq + segment.bytes !== this.#in.expected) {
      this.#acknowledge();
      return;
    }
    this.#hasPeerFin = true;
    this.#in.acceptFin();
    if (this.#state === 'ESTABLISHED') this.#state = 'CLOSE_WAIT';
    else if (this.#state === 'FIN_WAIT1') this.#state = 'CLOSING';
    else if (this.#state === 'FIN_WAIT2') this.#timeWait();
    this.#acknowledge();
    this.onEvent?.();
  }

  #onReset(): void {
    if (this.#state === 'SYN_SENT') this.#error = 'ECONNREFUSED';
    else if (this.#state !== 'TIME_WAIT') this.#error = this.#state === 'CLOSE_WAIT' ? 'EPIPE' : 'ECONNRESET';
    this.#gone();
    this.onEvent?.();
  }

  #timedOut(): void {
    if (this.#isOpen) this.#error = 'ETIMEDOUT';
    if (this.#state !== 'SYN_SENT' && this.#state !== 'SYN_RECV') this.#send(nothing, 'RST');
    this.#gone();
    this.onEvent?.();
  }

  #reset(): void {
    this.#send(nothing, 'RST');
    this.#gone();
  }

  #gone(): void {
    this.#state = 'CLOSE';
    this.#out.clear();
    this.#timers.end();
    this.#kernel.forget(this);
  }

  #timeWait(): void {
    this.#state = 'TIME_WAIT';
    if (this.#kernel.keepTimeWait()) this.#timers.linger(timeWaitMs);
    else this.#gone();
  }

  #endOurSide(): void {
    if (this.#out.hasFin) return;
    this.#out.finish();
    if (this.#state === 'ESTABLISHED') this.#state = 'FIN_WAIT1';
    else if (this.#state === 'CLOSE_WAIT') this.#state = 'LAST_ACK';
    this.#transmit();
  }

  /** As much as the peer has room for. */
  #transmit(): void {
    if (this.#state === 'SYN_SENT' || this.#state === 'SYN_RECV') return;
    // What is sent again is sent one by one.
    do {
      const part = this.#out.take();
      if (!part) break;
      this.#send(part);
    } while (!this.#timers.isRetransmitting);
    if (this.#out.isInFlight || this.#out.hasUnsent) this.#timers.waits();
  }

  #retransmit(): void {
    if (!this.#timers.isUp) this.#greet();
    else if (this.#out.isInFlight) {
      this.#out.rewind();
      this.#transmit();
    } else if (this.#out.length > 0) this.#ask();
  }

  #greet(): void {
    this.#send(nothing, this.#state === 'SYN_SENT' ? 'SYN' : 'SYN-ACK');
    this.#timers.waits();
  }

  #acknowledge(): void {
    this.#send({ seq: this.#out.next, bytes: 0, fin: false });
  }

  /** Something from before the window: whoever gets it says where it is. */
  #ask(): void {
    this.#send({ seq: this.#out.unacknowledged - 1, bytes: 0, fin: false });
  }

  #send(part: Part, flag?: Segment['flag']): void {
    const { local: from, remote: to } = this;
    const window = this.#in.announce();
    const data = this.#out.slices(part);
    this.#kernel.send({ from, to, ack: this.#in.expected, window, data, flag, ...part }, this);
  }
}
