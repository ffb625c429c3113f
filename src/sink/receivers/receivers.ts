/**
 * Several receivers as one sink: each delivery goes to one of them, as a sink of its own for each knows how.
 *
 * What becomes of a delivery:
 *  - It is held, its chunks with it, until the receiver of its stream is up: the one that the strategy names among
 *    those that are healthy (`health.ts`, `placement.ts`). If that one is ejected meanwhile, it goes to another; if
 *    there is none, it waits: backpressure.
 *  - A stream goes to another receiver only when nothing of it is open or unconfirmed with the last one, which is
 *    asked to confirm soon: so neither its order nor what is reported of it ever depends on two receivers.
 *  - A receiver that is ejected loses at once whatever it has not confirmed: its streams must not wait for it. What
 *    it confirms later is not reported; those logs were sent twice.
 *  - When a delivery is lost, so are the later ones of its stream, held ones included: they would follow a gap.
 *
 * States: `new` → `start` → open → `drain`: new deliveries are lost, those that there are go on to their end, then
 * every receiver's sink is drained → closed. `destroy` leads there from everywhere.
 */
import { createDeferred } from '../../core/deferred.ts';
import { AppError, DeliveryLostError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { type Clock, systemClock } from '../../core/time/clock.ts';
import type { Delivery, DeliveryRef, OnRefused, Sink, SinkEvents, SinkStatus } from '../sink.ts';
import { ReceiverHealth } from './health.ts';
import { PlacedDelivery } from './placed-delivery.ts';
import { placements, type Strategy } from './placement.ts';
import { joinStatus, RouteReport } from './receivers-report.ts';
import { Streams } from './streams.ts';

export interface ReceiversOptions {
  readonly strategy: Strategy;
  /** A receiver that was ejected is used again when it has been up for so long. */
  readonly failbackAfterMs: number;
  /** How long a receiver may be down before it is ejected. Default 3 s: one that is restarted is back by then. */
  readonly ejectAfterMs?: number;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** A delivery, and the receiver that has it. */
export type Placed<M extends DeliveryRef> = PlacedDelivery<M, Receiver<M>>;

interface Receiver<M extends DeliveryRef> {
  readonly sink: Sink<Placed<M>>;
  readonly peer: string;
  readonly health: ReceiverHealth;
  /** Its connections take deliveries: a sink that still probes is up as well. */
  isStarted: boolean;
}

/** Makes the sink of one receiver, the first of the list first. */
export type ReceiverFactory<M extends DeliveryRef> = (events: SinkEvents<Placed<M>>) => Sink<Placed<M>>;

export function createReceiversSink<M extends DeliveryRef>(
  factories: readonly ReceiverFactory<M>[],
  options: ReceiversOptions,
  events: SinkEvents<M>,
): Sink<M> {
  return new ReceiversSink(factories, options, events);
}

/** At start: what the other receivers have from the moment on in which one is up. */
const otherReceiversMs = 1_000;

class ReceiversSink<M extends DeliveryRef> implements Sink<M> {
  readonly #options: ReceiversOptions;
  readonly #clock: Clock;
  readonly #events: SinkEvents<M>;
  readonly #receivers: readonly Receiver<M>[];
  /** What is not over. */
  readonly #streams = new Streams<Placed<M>>();
  readonly #route: RouteReport;
  readonly #allEnded = createDeferred<void>();
  #state: SinkStatus['state'] = 'connecting';
  #sinceMs: number;
  #starting: Promise<void> | undefined;
  #draining: Promise<boolean> | undefined;
  #isFinishing = false;
  #isClosed = false;
  #placing: 'no' | 'yes' | 'again' = 'no';

  constructor(factories: readonly ReceiverFactory<M>[], options: ReceiversOptions, events: SinkEvents<M>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#sinceMs = this.#clock.now();
    this.#events = events;
    this.#route = new RouteReport(options.strategy, options.log);
    this.#receivers = factories.map((create) => this.#createReceiver(create));
  }

  #createReceiver(create: ReceiverFactory<M>): Receiver<M> {
    const { failbackAfterMs, ejectAfterMs = 3_000 } = this.#options;
    const onChange = () => this.#healthChanged(receiver);
    const health = new ReceiverHealth({ failbackAfterMs, ejectAfterMs, clock: this.#clock, onChange });
    const sink = create({
      sent: (placed) => {
        if (!placed.isOver) this.#events.sent(placed.ref);
      },
      confirmed: (placed) => this.#confirmed(receiver, placed),
      lost: (placed, cause) => {
        // First: what is held must not go where it is lost again.
        if (this.#isOpen) health.lost();
        this.#lose(placed, cause);
      },
      stateChanged: () => this.#stateChanged(receiver),
    });
    const receiver: Receiver<M> = { sink, peer: sink.status.peer, health, isStarted: false };
    return receiver;
  }

  get status(): SinkStatus {
    const members = this.#receivers.map(({ sink }) => sink.status);
    const confirms = this.#started.length > 0 && this.#started.every(({ sink }) => sink.status.confirms);
    return joinStatus(members, { state: this.#state, sinceMs: this.#sinceMs, confirms });
  }

  /** Receivers that may have been given a delivery. */
  get #started(): readonly Receiver<M>[] {
    return this.#receivers.filter(({ isStarted }) => isStarted);
  }

  start(signal: AbortSignal): Promise<void> {
    this.#starting ??= this.#start(signal);
    return this.#starting;
  }

  async #start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const starts = this.#receivers.map(async (receiver) => {
      await receiver.sink.start(signal);
      receiver.isStarted = true;
      this.#stateChanged(receiver);
    });
    try {
      await Promise.any(starts);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof AggregateError ? error.errors[0] : error;
    }
    // Or everything would go to whichever is quickest, and have to move a moment later.
    const enough = createDeferred<void>();
    const timer = this.#clock.timer(otherReceiversMs, enough.resolve);
    await Promise.race([Promise.allSettled(starts), enough.promise]);
    this.#clock.cancel(timer);
    signal.throwIfAborted();
  }

  deliver(ref: M, onRefused?: OnRefused): Delivery {
    const placed: Placed<M> = new PlacedDelivery(ref, onRefused);
    if (this.#draining || this.#isClosed) {
      const cause = new AppError('the sink is closed, or about to be', { code: 'closed', action: 'retry' });
      queueMicrotask(() => {
        if (placed.isOver) return;
        placed.discard(new DeliveryLostError(cause.message, cause));
        this.#events.lost([ref], cause);
      });
    } else {
      this.#streams.add(placed);
    }
    return {
      write: (chunk) => {
        if (placed.receiver === undefined) this.#placeAll();
        return placed.write(chunk);
      },
      end: () => {
        placed.end();
        if (placed.receiver === undefined) this.#placeAll();
        this.#noteAllEnded();
      },
      abandon: () => {
        if (placed.isEnded || placed.isOver) return;
        placed.discard(new DeliveryLostError('the delivery was given up'));
        this.#remove(placed);
        this.#placeAll();
      },
    };
  }

  confirmSoon(): void {
    for (const { sink } of this.#receivers) sink.confirmSoon();
  }

  lookUpAgain(): void {
    for (const { sink } of this.#receivers) sink.lookUpAgain();
  }

  drain(deadlineMs: number): Promise<boolean> {
    this.#draining ??= this.#drain(deadlineMs);
    return this.#draining;
  }

  async #drain(deadlineMs: number): Promise<boolean> {
    const deadlineAtMs = this.#clock.monotonic() + deadlineMs;
    const deadline = createDeferred<'deadline'>();
    const timer = this.#clock.timer(deadlineMs, () => deadline.resolve('deadline'));
    try {
      if (!this.#isAllEnded && (await Promise.race([this.#allEnded.promise, deadline.promise]))) return false;
    } finally {
      this.#clock.cancel(timer);
    }
    if (this.#isClosed) return false;
    this.#isFinishing = true;
    const leftMs = Math.max(0, deadlineAtMs - this.#clock.monotonic());
    const outcomes = await Promise.all(this.#receivers.map(({ sink }) => sink.drain(leftMs)));
    if (this.#isClosed) return false;
    const isDrained = outcomes.every((outcome) => outcome);
    if (isDrained) this.#close();
    return isDrained;
  }

  destroy(cause = new AppError('the sink was destroyed', { code: 'destroyed', action: 'retry' })): void {
    if (this.#isClosed) return;
    this.#close();
    for (const { sink } of this.#receivers) sink.destroy(cause);
    this.#lose(this.#streams.all(), cause);
    this.#allEnded.resolve();
  }

  /** Deliveries can still be given to receivers. */
  get #isOpen(): boolean {
    return !this.#isFinishing && !this.#isClosed;
  }

  #close(): void {
    this.#isClosed = true;
    for (const { health } of this.#receivers) health.close();
    this.#enter('closed');
  }

  #stateChanged({ sink, health, isStarted }: Receiver<M>): void {
    if (!this.#isOpen) return;
    const { state } = sink.status;
    if (state === 'up' && isStarted) health.up();
    else if (state === 'down') health.down();
    const isUp = this.#receivers.some((each) => each.health.isUp);
    const isDown = this.#receivers.every((each) => each.sink.status.state === 'down');
    this.#enter(isUp ? 'up' : isDown ? 'down' : 'connecting');
    this.#admitIfAlone();
    this.#placeAll();
  }

  #enter(state: SinkStatus['state']): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#sinceMs = this.#clock.now();
    this.#events.stateChanged?.();
  }

  #healthChanged(receiver: Receiver<M>): void {
    if (!this.#isOpen) return;
    this.#admitIfAlone();
    const { health, peer, sink } = receiver;
    const statuses = this.#receivers.map((each) => each.sink.status);
    this.#route.report(health.isHealthy ? 'info' : 'warn', this.#healthyPeers(), statuses);
    if (!health.isHealthy) {
      const { lastError } = sink.status;
      const cause = `the receiver ${peer} is ejected${lastError === undefined ? '' : `: ${lastError}`}`;
      const there = this.#streams.all().filter((placed) => placed.receiver === receiver);
      this.#lose(there, new AppError(cause, { code: 'receiver-ejected', action: 'retry' }));
    }
    this.#placeAll();
  }

  /** A bad receiver is better than none. */
  #admitIfAlone(): void {
    if (this.#receivers.some(({ health }) => health.isHealthy)) return;
    this.#receivers.find(({ health }) => health.isUp)?.health.admit();
  }

  #healthyPeers(): string[] {
    return this.#receivers.filter(({ health }) => health.isHealthy).map(({ peer }) => peer);
  }

  #confirmed({ health }: Receiver<M>, placed: Placed<M>): void {
    health.confirmed();
    if (placed.isOver) return;
    placed.finish();
    this.#remove(placed);
    this.#events.confirmed(placed.ref);
    this.#placeAll();
  }

  /** These, and what comes after them in their streams. */
  #lose(placed: readonly Placed<M>[], cause: AppError): void {
    const error = new DeliveryLostError(cause.message, cause);
    const lost = placed.flatMap((each) => this.#streams.removeFrom(each));
    for (const each of lost) each.discard(error);
    const refs = lost.map(({ ref }) => ref);
    if (refs.length > 0) this.#events.lost(refs, cause);
    this.#noteAllEnded();
    this.#placeAll();
  }

  #remove(placed: Placed<M>): void {
    this.#streams.remove(placed);
    this.#noteAllEnded();
  }

  /** A receiver's sink may report while it is given something: that calls for another round, and not one inside it. */
  #placeAll(): void {
    if (this.#placing !== 'no') {
      this.#placing = 'again';
      return;
    }
    do {
      this.#placing = 'yes';
      const healthy = this.#healthyPeers();
      for (const stream of this.#streams.each()) {
        for (const placed of [...stream]) {
          if (placed.receiver === undefined && !this.#place(placed, stream, healthy)) break;
        }
      }
    } while ((this.#placing as string) === 'again');
    this.#placing = 'no';
    this.#noteAllEnded();
  }

  #place(placed: Placed<M>, stream: readonly Placed<M>[], healthy: readonly string[]): boolean {
    if (placed.isOver || !this.#isOpen) return false;
    const peer = placements[this.#options.strategy](placed.stream, healthy);
    const receiver = this.#receivers.find((each) => each.peer === peer);
    if (!receiver?.health.isUp || !receiver.health.isHealthy) return false;
    const last = stream.find((each) => each.receiver !== undefined && each.receiver !== receiver);
    if (last) {
      last.receiver?.sink.confirmSoon();
      return false;
    }
    placed.place(receiver, receiver.sink.deliver(placed, placed.onRefused));
    return true;
  }

  #noteAllEnded(): void {
    if (this.#draining && this.#isAllEnded) this.#allEnded.resolve();
  }

  /** Everything has a receiver, and its end. */
  get #isAllEnded(): boolean {
    return this.#streams.all().every((placed) => placed.receiver !== undefined && placed.isEnded);
  }
}
