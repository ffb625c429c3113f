/** One receiver's sink, that goes up and down, and confirms, as a test tells it. It keeps the promises of sink.ts. */
import type { FrameChunk } from '../../../src/core/bytes.ts';
import { createDeferred, type Deferred } from '../../../src/core/deferred.ts';
import { AppError, DeliveryLostError } from '../../../src/core/errors.ts';
import type { Clock } from '../../../src/core/time/clock.ts';
import type { Delivery, DeliveryRef, Sink, SinkEvents, SinkStatus } from '../../../src/sink/sink.ts';

interface Entry<M extends DeliveryRef> {
  readonly mark: M;
  readonly waiting: { readonly chunk: FrameChunk; readonly taken: Deferred<void> }[];
  /** Something of it was written. */
  isBound: boolean;
  isEnded: boolean;
  isSent: boolean;
}

const gone = new AppError('the connection is gone', { code: 'econnreset', action: 'retry' });

export class ScriptedSink<M extends DeliveryRef> implements Sink<M> {
  readonly #peer: string;
  readonly #events: SinkEvents<M>;
  readonly #clock: Clock;
  readonly #started = createDeferred<void>();
  #entries: Entry<M>[] = [];
  #state: SinkStatus['state'] = 'connecting';
  /** What it has been given, in order, confirmed or not. */
  readonly received: string[] = [];
  readonly confirmed: M[] = [];
  confirmsAsked = 0;
  lookUpsAsked = 0;
  /** Answers `confirmSoon` by itself. */
  confirmsWhenAsked = true;

  constructor(peer: string, events: SinkEvents<M>, clock: Clock) {
    this.#peer = peer;
    this.#events = events;
    this.#clock = clock;
    this.#started.promise.catch(() => undefined);
  }

  get status(): SinkStatus {
    return {
      state: this.#state,
      peer: this.#peer,
      sinceMs: 0,
      bytesWritten: this.received.length,
      framesWritten: this.received.length,
      framesDropped: 0,
      confirms: true,
      reconnects: 0,
      lastError: this.#state === 'down' ? gone.message : undefined,
    };
  }

  start(signal: AbortSignal): Promise<void> {
    const giveUp = () => this.#started.reject(signal.reason);
    signal.addEventListener('abort', giveUp);
    return this.#started.promise.finally(() => signal.removeEventListener('abort', giveUp));
  }

  lookUpAgain(): void {
    this.lookUpsAsked++;
  }

  up(): void {
    if (this.#state === 'closed') return;
    this.#enter('up');
    this.#started.resolve();
    for (const entry of [...this.#entries]) {
      for (const { chunk, taken } of entry.waiting.splice(0)) {
        this.#take(entry, chunk);
        taken.resolve();
      }
    }
    this.#reportSent();
  }

  /** What it has not confirmed is lost; what has not begun waits on, as with a real one. */
  down(): void {
    if (this.#state === 'closed') return;
    this.#enter('down');
    this.#lose((entry) => entry.isBound);
  }

  /** A connection is lost that another has replaced: the oldest delivery was on it, and no other stream. */
  loseOldest(): void {
    const oldest = this.#entries.find((entry) => entry.isBound);
    this.#lose((entry) => entry === oldest);
  }

  confirm(): void {
    if (this.#state !== 'up') return;
    const sent = this.#entries.filter(({ isSent }) => isSent);
    this.#entries = this.#entries.filter(({ isSent }) => !isSent);
    for (const { mark } of sent) {
      this.confirmed.push(mark);
      this.#events.confirmed(mark);
    }
  }

  confirmSoon(): void {
    this.confirmsAsked += 1;
    if (this.confirmsWhenAsked) this.#clock.soon(() => this.confirm());
  }

  deliver(mark: M): Delivery {
    const entry: Entry<M> = { mark, waiting: [], isBound: false, isEnded: false, isSent: false };
    this.#entries.push(entry);
    return {
      write: (chunk) => this.#write(entry, chunk),
      end: () => {
        entry.isEnded = true;
        this.#reportSent();
      },
      abandon: () => {
        if (entry.isEnded || !this.#entries.includes(entry)) return;
        this.#entries = this.#entries.filter((each) => each !== entry);
        this.#refuseWaiting(entry);
      },
    };
  }

  drain(): Promise<boolean> {
    this.confirm();
    const isDrained = this.#entries.length === 0;
    this.#enter('closed');
    return Promise.resolve(isDrained);
  }

  destroy(): void {
    this.#enter('closed');
    this.#started.reject(gone);
    this.#lose(() => true);
  }

  #write(entry: Entry<M>, chunk: FrameChunk): Promise<void> | undefined {
    if (!this.#entries.includes(entry)) {
      chunk.release();
      return Promise.reject(new DeliveryLostError('this delivery is over'));
    }
    if (this.#state === 'up') {
      this.#take(entry, chunk);
      return undefined;
    }
    const taken = createDeferred<void>();
    taken.promise.catch(() => undefined);
    entry.waiting.push({ chunk, taken });
    return taken.promise;
  }

  #take(entry: Entry<M>, chunk: FrameChunk): void {
    entry.isBound = true;
    this.received.push(Buffer.from(chunk.bytes).toString());
    chunk.release();
  }

  /** Of each stream in order: here simply of all. */
  #reportSent(): void {
    if (this.#state !== 'up') return;
    for (const entry of [...this.#entries]) {
      if (!entry.isEnded || entry.isSent) continue;
      entry.isSent = true;
      this.#events.sent(entry.mark);
    }
  }

  #lose(isLost: (entry: Entry<M>) => boolean): void {
    const broken = new Set<string>();
    const lost = this.#entries.filter((entry) => {
      if (isLost(entry)) broken.add(entry.mark.stream);
      return broken.has(entry.mark.stream);
    });
    this.#entries = this.#entries.filter((entry) => !lost.includes(entry));
    for (const entry of lost) this.#refuseWaiting(entry);
    if (lost.length === 0) return;
    this.#events.lost(
      lost.map(({ mark }) => mark),
      gone,
    );
  }

  #refuseWaiting(entry: Entry<M>): void {
    for (const { chunk, taken } of entry.waiting.splice(0)) {
      chunk.release();
      taken.reject(new DeliveryLostError('lost'));
    }
  }

  #enter(state: SinkStatus['state']): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#events.stateChanged?.();
  }
}
