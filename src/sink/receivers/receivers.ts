/**
 * Several receivers as one sink: each delivery goes to one of them, as a sink of its own for each knows how.
 *
 * What becomes of a delivery:
 *  - It is held, its chunks with it, until the receiver of its stream is up: the one that the strategy names among
 *    those that are trusted (`trust.ts`, `placement.ts`). If that one is given up meanwhile, it goes to another; if
 *    there is none, it waits: backpressure.
 *  - A stream goes to another receiver only when nothing of it is open or unconfirmed with the last one, which is
 *    asked to confirm soon: so neither its order nor what is reported of it ever depends on two receivers.
 *  - A receiver that is given up loses at once whatever it has not confirmed: its streams must not wait for it. What
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
import type { Delivery, Mark, OnRefused, Sink, SinkEvents, SinkStatus } from '../sink.ts';
import { Placed } from './placed.ts';
import { placements, type Strategy } from './placement.ts';
import { joinStatus, RouteReport } from './receivers-report.ts';
import { Streams } from './streams.ts';
import { Trust } from './trust.ts';

export interface ReceiversOptions {
  readonly strategy: Strategy;
  /** A receiver that was given up is used again when it has been up for so long. */
  readonly failbackAfterMs: number;
  /** How long a receiver may be down before it is given up. Default 3 s: one that is restarted is back by then. */
  readonly patienceMs?: number;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** A delivery, and the receiver that has it. */
export type PlacedWith<M extends Mark> = Placed<M, Receiver<M>>;

interface Receiver<M extends Mark> {
  readonly sink: Sink<PlacedWith<M>>;
  readonly peer: string;
  readonly trust: Trust;
  /** Its connections take deliveries: a sink that still probes is up as well. */
  isStarted: boolean;
}

/** Makes the sink of one receiver, the first of the list first. */
export type ReceiverFactory<M extends Mark> = (events: SinkEvents<PlacedWith<M>>) => Sink<PlacedWith<M>>;

export function createReceiversSink<M extends Mark>(
  factories: readonly ReceiverFactory<M>[],
  options: ReceiversOptions,
  events: SinkEvents<M>,
): Sink<M> {
  return new ReceiversSink(factories, options, events);
}

/** At start: what the other receivers have from the moment on in which one is up. */
const othersMs = 1_000;

class ReceiversSink<M extends Mark> implements Sink<M> {
  readonly #options: ReceiversOptions;
  readonly #clock: Clock;
  readonly #events: SinkEvents<M>;
  readonly #receivers: readonly Receiver<M>[];
  /** What is not over. */
  readonly #streams = new Streams<PlacedWith<M>>();
  readonly #route: RouteReport;
  readonly #settled = createDeferred<void>();
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
    const { failbackAfterMs, patienceMs = 3_000 } = this.#options;
    const onChange = () => this.#trustChanged(receiver);
    const trust = new Trust({ failbackAfterMs, patienceMs, clock: this.#clock, onChange });
    const sink = create({
      sent: (placed) => {
        if (!placed.isOver) this.#events.sent(placed.mark);
      },
      confirmed: (placed) => this.#confirmed(receiver, placed),
      lost: (placed, cause) => {
        // First: what is held must not go where it is lost again.
        if (this.#isOpen) trust.lost();
        this.#lose(placed, cause);
      },
      stateChanged: () => this.#stateChanged(receiver),
    });
    const receiver: Receiver<M> = { sink, peer: sink.status.peer, trust, isStarted: false };
    return receiver;
  }

  get status(): SinkStatus {
    const members = this.#receivers.map(({ sink }) => sink.status);
    const confirms = this.#started.length > 0 && this.#started.every(({ sink }) => sink.status.confirms);
    return joinStatus(members, { state: this.#state, sinceMs: this.#sinceMs, confirms });
  }

  /** Those that may have been given something. */
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
    const timer = this.#clock.timer(othersMs, enough.resolve);
    await Promise.race([Promise.allSettled(starts), enough.promise]);
    this.#clock.cancel(timer);
    signal.throwIfAborted();
  }

  deliver(mark: M, onRefused?: OnRefused): Delivery {
    const placed: PlacedWith<M> = new Placed(mark, onRefused);
    if (this.#draining || this.#isClosed) {
      const cause = new AppError('the sink is closed, or about to be', { code: 'closed', action: 'retry' });
      queueMicrotask(() => {
        if (placed.isOver) return;
        placed.giveUp(new DeliveryLostError(cause.message, cause));
        this.#events.lost([mark], cause);
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
        this.#noteSettled();
      },
      abandon: () => {
        if (placed.isEnded || placed.isOver) return;
        placed.giveUp(new DeliveryLostError('the delivery was given up'));
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
      if (!this.#isSettled && (await Promise.race([this.#settled.promise, deadline.promise]))) return false;
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
    this.#settled.resolve();
  }

  /** Deliveries can still be given to receivers. */
  get #isOpen(): boolean {
    return !this.#isFinishing && !this.#isClosed;
  }

  #close(): void {
    this.#isClosed = true;
    for (const { trust } of this.#receivers) trust.close();
    this.#enter('closed');
  }

  #stateChanged({ sink, trust, isStarted }: Receiver<M>): void {
    if (!this.#isOpen) return;
    const { state } = sink.status;
    if (state === 'up' && isStarted) trust.up();
    else if (state === 'down') trust.down();
    const isUp = this.#receivers.some((each) => each.trust.isUp);
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

  #trustChanged(receiver: Receiver<M>): void {
    if (!this.#isOpen) return;
    this.#admitIfAlone();
    const { trust, peer, sink } = receiver;
    const statuses = this.#receivers.map((each) => each.sink.status);
    this.#route.tell(trust.isTrusted ? 'info' : 'warn', this.#trustedPeers(), statuses);
    if (!trust.isTrusted) {
      const { lastError } = sink.status;
      const cause = `the receiver ${peer} is given up${lastError === undefined ? '' : `: ${lastError}`}`;
      const there = this.#streams.all().filter((placed) => placed.receiver === receiver);
      this.#lose(there, new AppError(cause, { code: 'receiver-given-up', action: 'retry' }));
    }
    this.#placeAll();
  }

  /** A bad receiver is better than none. */
  #admitIfAlone(): void {
    if (this.#receivers.some(({ trust }) => trust.isTrusted)) return;
    this.#receivers.find(({ trust }) => trust.isUp)?.trust.admit();
  }

  #trustedPeers(): string[] {
    return this.#receivers.filter(({ trust }) => trust.isTrusted).map(({ peer }) => peer);
  }

  #confirmed({ trust }: Receiver<M>, placed: PlacedWith<M>): void {
    trust.confirmed();
    if (placed.isOver) return;
    placed.finish();
    this.#remove(placed);
    this.#events.confirmed(placed.mark);
    this.#placeAll();
  }

  /** These, and what comes after them in their streams. */
  #lose(placed: readonly PlacedWith<M>[], cause: AppError): void {
    const error = new DeliveryLostError(cause.message, cause);
    const lost = placed.flatMap((each) => this.#streams.removeFrom(each));
    for (const each of lost) each.giveUp(error);
    const marks = lost.map(({ mark }) => mark);
    if (marks.length > 0) this.#events.lost(marks, cause);
    this.#noteSettled();
    this.#placeAll();
  }

  #remove(placed: PlacedWith<M>): void {
    this.#streams.remove(placed);
    this.#noteSettled();
  }

  /** A receiver's sink may report while it is given something: that calls for another round, and not one inside it. */
  #placeAll(): void {
    if (this.#placing !== 'no') {
      this.#placing = 'again';
      return;
    }
    do {
      this.#placing = 'yes';
      const trusted = this.#trustedPeers();
      for (const stream of this.#streams.each()) {
        for (const placed of [...stream]) {
          if (placed.receiver === undefined && !this.#place(placed, stream, trusted)) break;
        }
      }
    } while ((this.#placing as string) === 'again');
    this.#placing = 'no';
    this.#noteSettled();
  }

  #place(placed: PlacedWith<M>, stream: readonly PlacedWith<M>[], trusted: readonly string[]): boolean {
    if (placed.isOver || !this.#isOpen) return false;
    const peer = placements[this.#options.strategy](placed.stream, trusted);
    const receiver = this.#receivers.find((each) => each.peer === peer);
    if (!receiver?.trust.isUp || !receiver.trust.isTrusted) return false;
    const last = stream.find((each) => each.receiver !== undefined && each.receiver !== receiver);
    if (last) {
      last.receiver?.sink.confirmSoon();
      return false;
    }
    placed.place(receiver, receiver.sink.deliver(placed, placed.onRefused));
    return true;
  }

  #noteSettled(): void {
    if (this.#draining && this.#isSettled) this.#settled.resolve();
  }

  /** Everything has a receiver, and its end. */
  get #isSettled(): boolean {
    return this.#streams.all().every((placed) => placed.receiver !== undefined && placed.isEnded);
  }
}
