/**
 * How often a shard is pulled.
 *
 * One that has more than a pull brings is pulled without a pause. One that has little is pulled once a fetch interval:
 * each pull costs the service the same, and a shard has 100 a second. One whose quota is used up all the same is pulled
 * less often for a while, and no other shard is.
 *
 * One that has been read to its end is asked the sooner, the later logs have come.
 * It is a twentieth of the time without data, within bounds: a log that comes after a silence waits for 5% of that
 * at most, and a shard that gets something every few seconds is asked as often as a busy one. A shard that is taken up
 * has been silent for 40 s at most, whatever is known of it: so it is asked every 2 s at first.
 *
 * What an idle shard costs is waking up for it, more than asking: long pauses end on the same beats, so that shards
 * that are idle together are asked together.
 */
import { type Clock, systemClock } from '../../core/time/clock.ts';

/** What a service gives that has more: so many log groups, or bytes, and it is no pull of little. */
const manyLogGroups = 100;
const manyBytes = 1 << 20;
/** Of the fetch interval, where the service says that there is more, or does not say, and has brought nothing. */
const shareWhereMore = 1 / 4;
const slowdown = { minMs: 100, maxMs: 2_000, easing: 0.95 };

/** What a pull brought. */
export interface Brought {
  readonly logGroups: number;
  readonly bytes: number;
  /** It was asked for no more than that. */
  readonly isFull: boolean;
  /** Whether there was nothing behind it; undefined where the service does not say. */
  readonly isAll: boolean | undefined;
}

/**
 * Pure.
 * @returns milliseconds from the beginning of the pull to that of the next
 */
export function spacingMs(fetchIntervalMs: number, { logGroups, bytes, isFull, isAll }: Brought): number {
  if (isFull || logGroups >= manyLogGroups || bytes >= manyBytes) return 0;
  const mayHaveMore = isAll === false || (isAll === undefined && logGroups === 0);
  return mayHaveMore ? fetchIntervalMs * shareWhereMore : fetchIntervalMs;
}

const shareOfSilence = 1 / 20;
const longestMs = 3_000;
const longestSilenceBeforeMs = 40_000;
const beatMs = 500;

/**
 * Pure.
 * @param firstMs the pause while logs keep coming
 * @param silentMs how long none have come
 * @param nowMs of any clock that does not jump; beats are multiples of `beatMs` on it
 * @returns milliseconds
 */
export function idlePauseMs(firstMs: number, silentMs: number, nowMs: number): number {
  const pauseMs = Math.max(firstMs, Math.min(silentMs * shareOfSilence, longestMs));
  // What was chosen by hand is kept to.
  if (pauseMs === firstMs || pauseMs < 2 * beatMs) return pauseMs;
  return Math.max(firstMs, Math.floor((nowMs + pauseMs) / beatMs) * beatMs - nowMs);
}

export class IdlePause {
  readonly #firstMs: number;
  readonly #clock: Clock;
  /** On the monotonic clock. */
  #dataAtMs: number;
  #idle = false;
  /** When the last pull was begun, and how long after that the next one may be. */
  #pulledAtMs = Number.NEGATIVE_INFINITY;
  #spacingMs = 0;
  /** Added to that while the shard's quota is short. */
  #slowdownMs = 0;

  constructor(fetchIntervalMs: number, clock: Clock = systemClock) {
    this.#firstMs = fetchIntervalMs;
    this.#clock = clock;
    this.#dataAtMs = clock.monotonic() - longestSilenceBeforeMs;
  }

  /** The last pull found the end of the shard. */
  get idle(): boolean {
    return this.#idle;
  }

  /** What is known of the time before: when the checkpoint was saved, in unix milliseconds; undefined: nothing. */
  since(savedAtMs: number | undefined): void {
    if (savedAtMs === undefined) return;
    // Another machine's clock: it may be ahead of ours.
    const silentMs = Math.max(0, this.#clock.now() - savedAtMs);
    this.#dataAtMs = Math.max(this.#dataAtMs, this.#clock.monotonic() - silentMs);
  }

  /** Waits until the shard may be pulled again. Rejects with the signal's reason when it aborts. */
  async beforePull(signal: AbortSignal): Promise<void> {
    const spacingMs = Math.max(this.#spacingMs, this.#slowdownMs);
    const leftMs = this.#pulledAtMs + spacingMs - this.#clock.monotonic();
    if (leftMs > 0) await this.#clock.sleep(leftMs, { signal });
    this.#pulledAtMs = this.#clock.monotonic();
  }

  /** A pull was answered. */
  pulled(brought: Brought): void {
    this.#spacingMs = spacingMs(this.#firstMs, brought);
    this.#slowdownMs = this.#slowdownMs < slowdown.minMs / 4 ? 0 : this.#slowdownMs * slowdown.easing;
  }

  /**
   * The service says that the shard is read too often.
   * @returns whether that is news
   */
  slowDown(): boolean {
    const isNews = this.#slowdownMs === 0;
    this.#slowdownMs = Math.min(slowdown.maxMs, Math.max(slowdown.minMs, this.#slowdownMs * 2));
    return isNews;
  }

  /** A pull brought data. */
  data(): void {
    this.#idle = false;
    this.#dataAtMs = this.#clock.monotonic();
  }

  /** Rejects with the signal's reason when it aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    this.#idle = true;
    const nowMs = this.#clock.monotonic();
    const pauseMs = idlePauseMs(this.#firstMs, nowMs - this.#dataAtMs, nowMs);
    this.#spacingMs = 0; // it has waited for that
    await this.#clock.sleep(pauseMs, { signal });
  }
}
