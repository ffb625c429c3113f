/**
 * How often a shard is pulled.
 *
 * A shard with more data than a pull brings is pulled without a pause. A shard with little data is pulled once a fetch
 * interval: every pull costs the same quota, and a shard has 100 a second. A shard whose quota is used up nevertheless
 * is pulled less often for a while, and no other shard is. What was lost is pulled again as fast as the quota allows.
 *
 * A shard that is read to its end is pulled again after a pause of a twentieth of the time without data, within bounds:
 * a log that comes after a silence waits for 5% of the silence at most, and a shard with a log every few seconds is
 * pulled as often as a busy one. A shard that is started counts as silent for 40 s at most, so it is pulled every 2 s
 * at first.
 *
 * An idle shard's cost is more in waking up than in the pull: long pauses end at multiples of `alignMs`, so that idle
 * shards are pulled together.
 */
import { type Clock, systemClock } from '../../core/time/clock.ts';

/** A pull that brings so many log groups, or so many bytes, is followed by the next without a pause. */
const manyLogGroups = 100;
const manyBytes = 1 << 20;
/** Share of the fetch interval, where the service says that there is more, or brought nothing and does not say. */
const shareWhereMore = 1 / 4;
/** Least time between two pulls: 90 a second, since the service counts them as they arrive. */
const closestMs = 11;
const slowdown = { minMs: 100, maxMs: 2_000, easing: 0.95 };

/** What a pull brought. */
export interface PullResult {
  readonly logGroups: number;
  readonly bytes: number;
  /** The pull brought as much as was asked for. */
  readonly isFull: boolean;
  /** Whether the shard has no data behind it; undefined where the service does not say. */
  readonly isAll: boolean | undefined;
}

/**
 * Pure.
 * @returns milliseconds from the beginning of the pull to that of the next
 */
export function spacingMs(fetchIntervalMs: number, { logGroups, bytes, isFull, isAll }: PullResult): number {
  if (isFull || logGroups >= manyLogGroups || bytes >= manyBytes) return 0;
  const mayHaveMore = isAll === false || (isAll === undefined && logGroups === 0);
  return mayHaveMore ? fetchIntervalMs * shareWhereMore : fetchIntervalMs;
}

const shareOfSilence = 1 / 20;
const longestMs = 3_000;
const longestSilenceBeforeMs = 40_000;
const alignMs = 500;

/**
 * Pure.
 * @param firstMs the pause while logs keep coming
 * @param silentMs how long no logs have come
 * @param nowMs by any clock that does not jump; long pauses end at multiples of `alignMs` on it
 * @returns milliseconds
 */
export function idlePauseMs(firstMs: number, silentMs: number, nowMs: number): number {
  const pauseMs = Math.max(firstMs, Math.min(silentMs * shareOfSilence, longestMs));
  // A pause that the user has set is not moved to a multiple.
  if (pauseMs === firstMs || pauseMs < 2 * alignMs) return pauseMs;
  return Math.max(firstMs, Math.floor((nowMs + pauseMs) / alignMs) * alignMs - nowMs);
}

export class IdlePause {
  readonly #firstMs: number;
  readonly #clock: Clock;
  /** When the last data came, on the monotonic clock. */
  #dataAtMs: number;
  #idle = false;
  /** When the last pull began, and how long after that the next one may begin. */
  #pulledAtMs = Number.NEGATIVE_INFINITY;
  #spacingMs = 0;
  /** The least time between two pulls while the shard's quota is short. */
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

  /** The shard is started. @param savedAtMs when its checkpoint was saved, unix milliseconds; undefined: not known */
  since(savedAtMs: number | undefined): void {
    if (savedAtMs === undefined) return;
    // The service's clock may be ahead of ours.
    const silentMs = Math.max(0, this.#clock.now() - savedAtMs);
    this.#dataAtMs = Math.max(this.#dataAtMs, this.#clock.monotonic() - silentMs);
  }

  /**
   * Waits until the shard may be pulled again. Rejects with the signal's reason when it aborts.
   * @param isAgain the pull was made before: only the quota counts
   */
  async beforePull(signal: AbortSignal, isAgain = false): Promise<void> {
    const spacingMs = Math.max(isAgain ? 0 : this.#spacingMs, this.#slowdownMs, closestMs);
    const leftMs = this.#pulledAtMs + spacingMs - this.#clock.monotonic();
    if (leftMs > 0) await this.#clock.sleep(leftMs, { signal });
    this.#pulledAtMs = this.#clock.monotonic();
  }

  /** A pull was answered. */
  pulled(brought: PullResult): void {
    this.#spacingMs = spacingMs(this.#firstMs, brought);
    this.#slowdownMs = this.#slowdownMs < slowdown.minMs / 4 ? 0 : this.#slowdownMs * slowdown.easing;
  }

  /**
   * The service says that the shard is read too often.
   * @returns false while the shard is slowed down already
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

  /** Waits at the shard's end. Rejects with the signal's reason when it aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    this.#idle = true;
    const nowMs = this.#clock.monotonic();
    const pauseMs = idlePauseMs(this.#firstMs, nowMs - this.#dataAtMs, nowMs);
    this.#spacingMs = 0; // this pause replaces the spacing
    await this.#clock.sleep(pauseMs, { signal });
  }
}
