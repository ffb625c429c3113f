/**
 * Watches from outside whether a receiver goes on: what it was given is confirmed (or, where nothing confirms, taken by the
 * network) in its time. A receiver that is frozen still has connections: only this tells it from one that is well.
 *
 *   going     nothing waits, or nothing has waited for long.          Something waits for `overdueMs` → stalled
 *   stalled   shown by the status; told once, while the receiver      Something is confirmed → going, told with how long it
 *             is up (of one that is down, the log has told already).  took. Nothing waits any more → going
 *
 * A sink waits for two things: a delivery from its end to its confirmation, and a chunk that has no room. What is lost is to
 * be sent again, and so its time goes on, unless nothing comes any more: then its shard is somebody else's.
 */
import type { AppError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Clock, Timer } from '../../core/time/clock.ts';
import type { Delivery, DeliveryRef, OnRefused, Sink, SinkEvents, SinkStatus } from '../sink.ts';

export interface WatchOptions {
  /** The time that a confirmation takes in peace, and a bit. */
  readonly overdueMs: number;
  readonly log: Log;
  readonly clock: Clock;
}

/** What is lost is sent again within this time, or never by us. */
const sentAgainWithinMs = 30_000;

/** @param create makes the sink that is watched, with events that pass through here */
export function watchSink<M extends DeliveryRef>(
  create: (events: SinkEvents<M>) => Sink<M>,
  events: SinkEvents<M>,
  options: WatchOptions,
): Sink<M> {
  return new WatchedSink(create, events, options);
}

class WatchedSink<M extends DeliveryRef> implements Sink<M> {
  readonly #options: WatchOptions;
  readonly #sink: Sink<M>;
  /** Since when each delivery waits, on the monotonic clock. */
  readonly #waiting = new Map<M, number>();
  /** Since when something waits that was lost, and is to come again. */
  #lostSinceMs: number | undefined;
  /** When nothing waited any more. */
  #emptySinceMs = 0;
  #lossReason: string | undefined;
  #lastConfirmedAtMs: number | undefined;
  #isLogged = false;
  #timer: Timer | undefined;

  constructor(create: (events: SinkEvents<M>) => Sink<M>, events: SinkEvents<M>, options: WatchOptions) {
    this.#options = options;
    this.#sink = create({
      sent: (ref) => events.sent(ref),
      confirmed: (ref) => {
        this.#confirmed(ref);
        events.confirmed(ref);
      },
      lost: (refs, cause) => {
        this.#lost(refs, cause);
        events.lost(refs, cause);
      },
      stateChanged: () => events.stateChanged?.(),
    });
  }

  get status(): SinkStatus {
    const sinceMs = this.#waitsSinceMs;
    const { clock, overdueMs } = this.#options;
    const forMs = sinceMs === undefined ? 0 : clock.monotonic() - sinceMs;
    const status = this.#sink.status;
    return {
      ...status,
      lastConfirmedAtMs: this.#lastConfirmedAtMs,
      stalled: forMs < overdueMs ? undefined : { sinceMs: clock.now() - forMs, reason: this.#describe(status) },
    };
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#sink.start(signal);
  }

  deliver(ref: M, onRefused?: OnRefused): Delivery {
    const delivery = this.#sink.deliver(ref, onRefused);
    let isEnded = false;
    return {
      write: (chunk) => {
        const taken = delivery.write(chunk);
        if (!taken) return undefined;
        this.#waits(ref);
        const over = () => {
          if (!isEnded) this.#forget(ref);
        };
        taken.then(over, over);
        return taken;
      },
      end: () => {
        isEnded = true;
        this.#waiting.delete(ref);
        this.#waits(ref);
        delivery.end();
      },
      abandon: () => {
        if (!isEnded) this.#forget(ref);
        delivery.abandon();
      },
    };
  }

  confirmSoon(): void {
    this.#sink.confirmSoon();
  }

  lookUpAgain(): void {
    this.#sink.lookUpAgain();
  }

  drain(deadlineMs: number): Promise<boolean> {
    return this.#sink.drain(deadlineMs);
  }

  destroy(cause?: AppError): void {
    this.#options.clock.cancel(this.#timer);
    this.#timer = undefined;
    this.#sink.destroy(cause);
  }

  get #waitsSinceMs(): number | undefined {
    const nowMs = this.#options.clock.monotonic();
    if (this.#waiting.size === 0 && nowMs - this.#emptySinceMs > sentAgainWithinMs) this.#lostSinceMs = undefined;
    const all = [...this.#waiting.values(), ...(this.#lostSinceMs === undefined ? [] : [this.#lostSinceMs])];
    return all.length > 0 ? Math.min(...all) : undefined;
  }

  #forget(ref: M): void {
    if (this.#waiting.delete(ref) && this.#waiting.size === 0) this.#emptySinceMs = this.#options.clock.monotonic();
  }

  #waits(ref: M): void {
    const { clock, overdueMs } = this.#options;
    // Nothing has come for long: what was lost before is somebody else's.
    if (this.#waiting.size === 0) void this.#waitsSinceMs;
    if (!this.#waiting.has(ref)) this.#waiting.set(ref, clock.monotonic());
    if (this.#timer) return;
    this.#timer = clock.timer(overdueMs, () => this.#look());
    this.#timer.unref();
  }

  #look(): void {
    const { clock, overdueMs, log } = this.#options;
    this.#timer = undefined;
    const sinceMs = this.#waitsSinceMs;
    if (sinceMs === undefined) {
      this.#isLogged = false;
      return;
    }
    const forMs = clock.monotonic() - sinceMs;
    const { status } = this;
    if (forMs >= overdueMs && !this.#isLogged && status.state === 'up') {
      this.#isLogged = true;
      const facts = { peer: status.peer, forSeconds: Math.round(forMs / 1000) };
      log.warn(
        { ...facts, ...(this.#lossReason !== undefined && { reason: this.#lossReason }) },
        status.confirms
          ? 'the receiver takes connections and confirms nothing: it is stuck, or very slow; checkpoints wait'
          : 'the receiver takes nothing any more: it is stuck, or very slow',
      );
    }
    // At the moment when it becomes overdue, and as often as it may take.
    this.#timer = clock.timer(forMs < overdueMs ? Math.max(1, overdueMs - forMs) : overdueMs, () => this.#look());
    this.#timer.unref();
  }

  #confirmed(ref: M): void {
    const { clock, log } = this.#options;
    const sinceMs = this.#waitsSinceMs;
    this.#forget(ref);
    this.#lostSinceMs = undefined;
    this.#lossReason = undefined;
    this.#lastConfirmedAtMs = clock.now();
    if (!this.#isLogged) return;
    this.#isLogged = false;
    const { peer, confirms } = this.#sink.status;
    const forSeconds = Math.round((clock.monotonic() - (sinceMs ?? clock.monotonic())) / 1000);
    log.info({ peer, forSeconds }, confirms ? 'the receiver confirms again' : 'the receiver takes data again');
  }

  #lost(refs: readonly M[], cause: AppError): void {
    const sinces = refs.flatMap((ref) => this.#waiting.get(ref) ?? []);
    for (const ref of refs) this.#forget(ref);
    // Held back for our own reasons: nothing that the receiver did.
    if (cause.action !== 'retry') return;
    this.#lossReason = cause.message;
    if (sinces.length > 0) this.#lostSinceMs = Math.min(this.#lostSinceMs ?? Number.POSITIVE_INFINITY, ...sinces);
  }

  #describe({ confirms }: SinkStatus): string {
    if (this.#lossReason !== undefined) return this.#lossReason;
    return confirms ? 'it has not confirmed what it was sent' : 'it takes nothing any more';
  }
}
