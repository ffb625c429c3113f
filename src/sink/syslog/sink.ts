/**
 * The syslog sink: takes deliveries, and puts their chunks on a connection, in the order in which they came.
 *
 *   new         nothing happens.                                  `start` → connecting; `drain`, `destroy` → closed
 *   connecting  no connection; writes wait, in one queue.         A connection → connected
 *   connected   writes go through while there is room.            The connection is lost: what it carried is reported,
 *                                                                 its writers are told → connecting
 *   draining    from either: deliveries go on to their end, new   All are confirmed or lost → closing;
 *               ones are lost; lost connections are replaced.     the deadline → as before, `destroy` is due
 *   closing     our side is ended, the peer's end awaited.        It, a failure, or the deadline → closed
 *   closed      the end.
 * `destroy` leads from everywhere to closed, at once, and what was not confirmed is lost.
 *
 * A delivery stays with the connection that took its first chunk: what is sent again after a loss is a new delivery,
 * and begins with a whole frame. See `ledger.ts` for a delivery's states.
 */
import type { FrameChunk } from '../../encode/bytes.ts';
import { AppError, DeliveryLostError } from '../../errors.ts';
import type { Delivery, Mark, Sink, SinkEvents, SinkStatus } from '../sink.ts';
import { createDeferred, type Deferred } from './deferred.ts';
import { Dialer, type DialerOptions } from './dialer.ts';
import { type Entry, Ledger } from './ledger.ts';
import type { SinkLog } from './options.ts';
import { Reachability } from './reachability.ts';
import type { Connection, Transport } from './transport.ts';

export interface SinkParts extends DialerOptions {
  readonly transport: Transport;
  readonly peer: string;
  readonly log: SinkLog;
}

interface Waiting<M extends Mark> {
  readonly entry: Entry<M>;
  readonly chunk: FrameChunk;
  readonly taken: Deferred<void>;
}

export class SyslogSink<M extends Mark> implements Sink<M> {
  readonly #peer: string;
  readonly #events: SinkEvents<M>;
  readonly #log: SinkLog;
  readonly #reachability: Reachability;
  readonly #dialer: Dialer;
  readonly #ledger: Ledger<M>;
  readonly #stop = new AbortController();
  readonly #firstConnection = createDeferred<void>();
  readonly #idle = createDeferred<void>();
  #waiting: Waiting<M>[] = [];
  #connection: Connection | undefined;
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
    this.#reachability = new Reachability(parts);
    this.#dialer = new Dialer(parts.transport, parts, this.#reachability);
    this.#ledger = new Ledger((mark) => {
      events.sent(mark);
      events.confirmed(mark);
    });
    // Nobody may be waiting for it when it rejects.
    this.#firstConnection.promise.catch(() => undefined);
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
      this.#dial();
      await this.#firstConnection.promise;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  deliver(mark: M): Delivery {
    if (this.#draining || this.#isDestroyed) return this.#refuse(mark);
    const entry = this.#ledger.open(mark);
    return {
      write: (chunk) => this.#write(entry, chunk),
      end: () => {
        entry.isEnded = true;
        this.#advance(entry);
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
    const timer = setTimeout(() => deadline.resolve('deadline'), deadlineMs);
    try {
      if (!this.#ledger.isEmpty && (await Promise.race([this.#idle.promise, deadline.promise]))) return false;
      if (this.#isDestroyed) return false;
      const connection = this.#connection;
      this.#close(new AppError('the sink is drained', { code: 'drained', action: 'retry' }));
      if (connection === undefined) return true;
      const outcome = await Promise.race([connection.end(), deadline.promise]);
      if (outcome === true) return true;
      if (outcome === 'deadline') {
        this.#log.warn({ peer: this.#peer }, 'the receiver did not close its side of the connection in time');
        connection.destroy(new AppError('no end came in time', { code: 'drain-deadline', action: 'retry' }));
        return false;
      }
      return !this.#isDestroyed;
    } finally {
      clearTimeout(timer);
    }
  }

  destroy(cause = new AppError('the sink was destroyed', { code: 'destroyed', action: 'retry' })): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    const connection = this.#connection;
    this.#close(cause);
    connection?.destroy(cause);
    this.#reportLost(this.#ledger.loseAll(), cause);
  }

  #close(cause: AppError): void {
    this.#stop.abort(cause);
    this.#reachability.closed();
    this.#firstConnection.reject(cause);
  }

  #dial(): void {
    this.#dialer.dial(this.#stop.signal).then(
      (connection) => this.#adopt(connection),
      // Only a sink that is closed does not come to a connection.
      () => undefined,
    );
  }

  #adopt(connection: Connection): void {
    if (this.#stop.signal.aborted) {
      connection.destroy(new AppError('the sink is closed', { code: 'closed', action: 'retry' }));
      return;
    }
    this.#connection = connection;
    connection.attach({ room: () => this.#pump(), lost: (error) => this.#onLost(connection, error) });
    if (this.#connection !== connection) return;
    this.#firstConnection.resolve();
    this.#pump();
  }

  #onLost(connection: Connection, error: AppError): void {
    if (this.#connection === connection) this.#connection = undefined;
    const isClosed = this.#stop.signal.aborted;
    if (!isClosed) this.#dialer.lost(connection, error);
    else if (!this.#isDestroyed)
      this.#log.warn(lossFields(this.#peer, error), 'the connection broke while it was closed');
    this.#reportLost(this.#ledger.lose(connection), error);
    if (!isClosed && !this.#stop.signal.aborted) this.#dial();
  }

  #write(entry: Entry<M>, chunk: FrameChunk): Promise<void> | undefined {
    if (entry.isOver || entry.isEnded) {
      chunk.release();
      return rejected(new DeliveryLostError('this delivery is over'));
    }
    entry.unwritten += 1;
    if (this.#waiting.length === 0 && this.#hand(entry, chunk)) return undefined;
    const taken = createDeferred<void>();
    // A writer that gave up, and does not look at its promise any more, must not end the process.
    taken.promise.catch(() => undefined);
    this.#waiting.push({ entry, chunk, taken });
    return taken.promise;
  }

  /** @returns false when there is no connection, or no room on it */
  #hand(entry: Entry<M>, chunk: FrameChunk): boolean {
    const connection = entry.connection ?? this.#connection;
    if (!connection?.hasRoom) return false;
    entry.connection = connection;
    connection.write(chunk, (framesDropped) => {
      this.#bytesWritten += chunk.bytes.length;
      this.#framesWritten += chunk.frameCount - framesDropped;
      this.#framesDropped += framesDropped;
      entry.unwritten -= 1;
      this.#advance(entry);
    });
    return true;
  }

  #pump(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#hand(next.entry, next.chunk)) return;
      this.#waiting.shift();
      next.taken.resolve();
    }
  }

  #advance(entry: Entry<M>): void {
    if (entry.isOver) return;
    this.#ledger.advance(entry);
    this.#noteIdle();
  }

  #abandon(entry: Entry<M>): void {
    if (entry.isOver) return;
    this.#ledger.abandon(entry);
    this.#dropWaiting(new DeliveryLostError('the delivery was given up'));
    this.#noteIdle();
  }

  /** A delivery that is lost before it begins. */
  #refuse(mark: M): Delivery {
    const cause = new AppError('the sink is closed, or about to be', { code: 'closed', action: 'retry' });
    let isAbandoned = false;
    queueMicrotask(() => {
      if (!isAbandoned) this.#events.lost([mark], cause);
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
        entries.map((entry) => entry.mark),
        cause,
      );
    }
    this.#dropWaiting(new DeliveryLostError(cause.message, cause));
    this.#noteIdle();
  }

  /** Of deliveries that are over. */
  #dropWaiting(error: DeliveryLostError): void {
    const dropped = this.#waiting.filter(({ entry }) => entry.isOver);
    if (dropped.length === 0) return;
    this.#waiting = this.#waiting.filter(({ entry }) => !entry.isOver);
    for (const { chunk, taken } of dropped) {
      chunk.release();
      taken.reject(error);
    }
    this.#pump();
  }

  #noteIdle(): void {
    if (this.#draining && this.#ledger.isEmpty) this.#idle.resolve();
  }
}

function lossFields(peer: string, error: AppError): Readonly<Record<string, unknown>> {
  return { peer, code: error.code, reason: error.message };
}

/** A rejection that its receiver may ignore. */
function rejected(error: Error): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => undefined);
  return promise;
}
