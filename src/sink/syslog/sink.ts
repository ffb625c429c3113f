/**
 * The syslog sink: takes deliveries, and puts their chunks on a connection, in the order in which they came.
 *
 *   new         nothing happens.                                  `start` → open; `drain`, `destroy` → closed
 *   open        writes go to the rotation's current connection while there is room there, and wait otherwise, in one
 *               queue. A connection that is lost: what it carried is reported, its writers are told.
 *   draining    deliveries go on to their end, new ones are       All are sent or lost → closing;
 *               lost; lost connections are replaced.              the deadline → as before, `destroy` is due
 *   closing     all connections are ended, their ends awaited.    They came, or failed, or the deadline → closed
 *   closed      the end.
 * `destroy` leads from everywhere to closed, at once, and what was not confirmed is lost.
 *
 * A delivery stays with the connection that took its first chunk: what is sent again after a loss is a new delivery,
 * and begins with a whole frame. See `ledger.ts` for a delivery's states, `rotation.ts` for the connections'.
 */
import type { FrameChunk } from '../../core/bytes.ts';
import { createDeferred } from '../../core/deferred.ts';
import { AppError, DeliveryLostError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import { Ledger } from '../ledger.ts';
import { Reachability } from '../reachability.ts';
import type { Delivery, DeliveryRef, OnRefused, Sink, SinkEvents, SinkStatus } from '../sink.ts';
import { breaksBeforeTrial } from './confirm/break-watch.ts';
import { Rotation } from './confirm/rotation.ts';
import type { RotationOptions } from './confirm/rotation-options.ts';
import { Dialer, type DialerOptions } from './link/dialer.ts';
import type { Entry } from './link/entry.ts';
import type { Connection, Transport } from './link/transport.ts';
import { Suspects } from './suspects/suspects.ts';
import type { SuspectsOptions } from './suspects/suspects-parts.ts';
import { WaitingChunks } from './suspects/waiting-chunks.ts';

export interface SinkParts extends DialerOptions, RotationOptions, SuspectsOptions {
  readonly transport: Transport;
}

export class SyslogSink<M extends DeliveryRef> implements Sink<M> {
  readonly lookUpAgain: () => void;
  readonly #peer: string;
  readonly #events: SinkEvents<M>;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #reachability: Reachability;
  readonly #dialer: Dialer;
  readonly #ledger: Ledger<M, Connection>;
  readonly #rotation: Rotation;
  readonly #suspects: Suspects<M>;
  readonly #waiting = new WaitingChunks<M>(
    (entry) => this.#target(entry),
    (entry, chunk) => this.#hand(entry, chunk),
  );
  /** Connections to which deliveries went, those for trials not included. */
  readonly #used = new WeakSet<Connection>();
  readonly #closed = createDeferred<never>();
  readonly #idle = createDeferred<void>();
  #starting: Promise<void> | undefined;
  #draining: Promise<boolean> | undefined;
  #isDestroyed = false;
  #bytesWritten = 0;
  #framesWritten = 0;
  #framesDropped = 0;

  constructor(parts: SinkParts, events: SinkEvents<M>) {
    this.#peer = parts.peer;
    this.#events = events;
    this.#log = parts.log;
    this.lookUpAgain = () => parts.transport.lookUpAgain?.();
    this.#clock = parts.clock;
    this.#reachability = new Reachability({ ...parts, onChange: () => events.stateChanged?.() });
    this.#dialer = new Dialer(parts.transport, parts, this.#reachability);
    this.#ledger = new Ledger(events);
    this.#rotation = new Rotation(parts, this.#dialer, {
      isOpenOn: (connection) => this.#ledger.isOpenOn(connection),
      isUnconfirmedOn: (connection) => this.#ledger.isUnconfirmedOn(connection),
      isTrial: (connection) => this.#suspects.isTrialOn(connection),
      lingerMs: (connection) => this.#suspects.lingerMs(connection),
      wantsRotation: (connection) => this.#suspects.wantsRotation(connection),
      room: () => {
        this.#suspects.room();
        this.#waiting.pump();
      },
      confirmed: (connection) => {
        this.#suspects.confirmed(connection, this.#ledger.streamsOn(connection));
        this.#ledger.confirm(connection);
        this.#noteIdle();
      },
      lost: (connection, error, breaksInARow) => this.#onLost(connection, error, breaksInARow),
      confirming: (does) => this.#ledger.confirming(does),
    });
    this.#suspects = new Suspects(parts, {
      current: () => this.#rotation.current,
      isUsed: (connection) => this.#used.has(connection),
      confirmSoon: () => this.#rotation.confirmSoon(),
      wrote: (connection, bytes) => this.#rotation.wrote(connection, bytes),
      room: () => this.#waiting.pump(),
      confirmed: (frames, bytes) => this.#count(bytes, frames, 0),
      done: (entry) => this.#taken(entry),
      withdrawn: (entry) => this.#reportLost(this.#ledger.withdraw(entry), withdrawn),
    });
    // Nobody may be waiting for `closed` when it rejects.
    this.#closed.promise.catch(() => undefined);
  }

  get status(): SinkStatus {
    const { state, sinceMs, reconnects, lastError } = this.#reachability;
    return {
      state,
      peer: this.#peer,
      sinceMs,
      bytesWritten: this.#bytesWritten,
      framesWritten: this.#framesWritten,
      framesDropped: this.#framesDropped,
      confirms: this.#ledger.isConfirming,
      reconnects,
      lastError,
    };
  }

  start(signal: AbortSignal): Promise<void> {
    this.#starting ??= this.#start(signal);
    return this.#starting;
  }

  async #start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const onAbort = () => this.destroy(new AppError('the start was given up', { code: 'aborted', action: 'retry' }));
    signal.addEventListener('abort', onAbort);
    try {
      await Promise.race([this.#rotation.start(), this.#closed.promise]);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  deliver(ref: M, onRefused?: OnRefused): Delivery {
    if (this.#draining || this.#isDestroyed) return this.#refuse(ref);
    const entry = this.#ledger.open(ref);
    return {
      write: (chunk) => this.#write(entry, chunk, onRefused),
      end: () => {
        entry.isEnded = true;
        this.#advance(entry);
        this.#rotation.deliveryOver();
      },
      abandon: () => this.#abandon(entry),
    };
  }

  drain(deadlineMs: number): Promise<boolean> {
    this.#draining ??= this.#drain(deadlineMs);
    return this.#draining;
  }

  async #drain(deadlineMs: number): Promise<boolean> {
    const deadline = createDeferred<'deadline'>();
    const timer = this.#clock.timer(deadlineMs, () => deadline.resolve('deadline'));
    try {
      if (!this.#isIdle && (await Promise.race([this.#idle.promise, deadline.promise]))) return false;
      if (this.#isDestroyed) return false;
      this.#reachability.closed();
      this.#closed.reject(new AppError('the sink is drained', { code: 'drained', action: 'retry' }));
      const outcome = await Promise.race([this.#rotation.finish(), deadline.promise]);
      if (outcome !== 'deadline') return !this.#isDestroyed && (outcome || !this.#ledger.isConfirming);
      this.#log.warn({ peer: this.#peer }, 'the receiver did not close its side of the connection in time');
      this.#rotation.destroy(new AppError('no end came in time', { code: 'drain-deadline', action: 'retry' }));
      return false;
    } finally {
      this.#clock.cancel(timer);
    }
  }

  confirmSoon(): void {
    this.#rotation.confirmSoon();
  }

  destroy(cause = new AppError('the sink was destroyed', { code: 'destroyed', action: 'retry' })): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#reachability.closed();
    this.#closed.reject(cause);
    this.#rotation.destroy(cause);
    this.#reportLost(this.#ledger.loseAll(), cause);
  }

  #write(entry: Entry<M>, chunk: FrameChunk, onRefused: OnRefused | undefined): Promise<void> | undefined {
    if (entry.isOver || entry.isEnded) {
      chunk.release();
      return rejected(new DeliveryLostError('this delivery is over'));
    }
    entry.unwritten += 1;
    const isSuspect = this.#suspects.isSuspect(entry);
    if (!isSuspect && !this.#waiting.isSomebodyBefore(entry) && this.#hand(entry, chunk)) return undefined;
    const taken = createDeferred<void>();
    // A writer that gave up, and does not look at its promise any more, must not end the process.
    taken.promise.catch(() => undefined);
    const waiting = { entry, chunk, taken, onRefused };
    if (isSuspect) this.#suspects.add(waiting);
    else this.#waiting.push(waiting);
    return taken.promise;
  }

  /**
   * Undefined where a trial keeps the delivery off the current connection: it waits for another one, and deliveries that are
   * on this one do not wait behind it.
   */
  #target(entry: Entry<M>): Connection | undefined {
    const { current } = this.#rotation;
    return entry.carrier ?? (current && this.#suspects.allowsDelivery(current) ? current : undefined);
  }

  /** @returns false when there is no connection, or no room on it */
  #hand(entry: Entry<M>, chunk: FrameChunk): boolean {
    const connection = this.#target(entry);
    if (!connection?.hasRoom) return false;
    entry.carrier = connection;
    this.#used.add(connection);
    const written = (framesDropped: number) => {
      this.#count(chunk.bytes.length, chunk.frameCount, framesDropped);
      this.#taken(entry);
    };
    connection.write(chunk, written, {
      isWanted: () => !entry.isOver && entry.ref.isWithdrawn?.() !== true,
      dropped: () => this.#reportLost(this.#ledger.withdraw(entry), withdrawn),
    });
    this.#rotation.wrote(connection, chunk.bytes.length);
    return true;
  }

  #count(bytes: number, frames: number, framesDropped: number): void {
    this.#bytesWritten += bytes;
    this.#framesWritten += frames - framesDropped;
    this.#framesDropped += framesDropped;
  }

  /** A chunk of the delivery is the kernel's, or was confirmed by itself. */
  #taken(entry: Entry<M>): void {
    entry.unwritten -= 1;
    this.#advance(entry);
  }

  #onLost(connection: Connection, error: AppError, breaksInARow: number): void {
    this.#suspects.lost(connection, error);
    if (breaksInARow >= breaksBeforeTrial) this.#suspects.suspect(this.#ledger.streamsOn(connection));
    this.#reportLost(this.#ledger.lose(connection), error);
    for (const each of this.#waiting.takeOut((entry) => this.#suspects.isSuspect(entry))) this.#suspects.add(each);
  }

  #advance(entry: Entry<M>): void {
    if (entry.isOver) return;
    this.#ledger.advance(entry);
    this.#noteIdle();
  }

  #abandon(entry: Entry<M>): void {
    if (entry.isOver) return;
    this.#ledger.abandon(entry);
    this.#rotation.deliveryOver();
    this.#dropWaiting(new DeliveryLostError('the delivery was given up'));
    this.#noteIdle();
  }

  /** A delivery that is lost before it begins. */
  #refuse(ref: M): Delivery {
    const cause = new AppError('the sink is closed, or about to be', { code: 'closed', action: 'retry' });
    let isAbandoned = false;
    queueMicrotask(() => {
      if (!isAbandoned) this.#events.lost([ref], cause);
    });
    return {
      write(chunk) {
        chunk.release();
        return rejected(new DeliveryLostError(cause.message, cause));
      },
      end: () => undefined,
      abandon() {
        isAbandoned = true;
      },
    };
  }

  #reportLost(entries: readonly Entry<M>[], cause: AppError): void {
    if (entries.length > 0) {
      this.#log.debug({ peer: this.#peer, deliveries: entries.length, code: cause.code }, 'deliveries lost');
      this.#events.lost(
        entries.map((entry) => entry.ref),
        cause,
      );
    }
    this.#dropWaiting(new DeliveryLostError(cause.message, cause));
    this.#rotation.deliveryOver();
    this.#noteIdle();
  }

  /** Drops the chunks of deliveries that are over. */
  #dropWaiting(error: DeliveryLostError): void {
    this.#suspects.dropOver(error);
    this.#waiting.dropOver(error);
  }

  #noteIdle(): void {
    if (this.#draining && this.#isIdle) this.#idle.resolve();
  }

  /** Nothing more goes out. What is sent may still have to be confirmed, which the end of its connection does. */
  get #isIdle(): boolean {
    return this.#ledger.isSent;
  }
}

const withdrawn = new AppError('another consumer may own the shard by now', {
  code: 'withdrawn',
  action: 'release-shard',
});

/** A rejection that its receiver may ignore. */
function rejected(error: Error): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => undefined);
  return promise;
}
