/**
 * What one pull has of what all shards share: bytes of the budget, and a place in the look-ahead.
 *
 *   held      a request may be out, or its answer is somebody's      → paused, released
 *   paused    nothing is out: an attempt has failed, and the next    → held, released
 *             is not due. It has neither bytes nor place, or a
 *             service that throttles a few shards would stop all.
 *   released  it is over. Nothing leaves it, though a turn may come later that was waited for: it is passed on.
 */
import type { BudgetShare, Reservation } from './byte-budget.ts';
import type { Place } from './look-ahead.ts';

export class PullClaim {
  /** Its own from now on: ended with the claim. */
  readonly place: Place;
  readonly #budget: BudgetShare;
  #expectedBytes: number;
  #reservation: Reservation | undefined;
  #isReleased = false;

  /** As it is before its first `hold`: without bytes. */
  constructor(place: Place, budget: BudgetShare, expectedBytes: number) {
    this.place = place;
    this.#budget = budget;
    this.#expectedBytes = expectedBytes;
  }

  /** Takes the bytes that are expected, first come, first served. Rejects with the signal's reason when it aborts first. */
  async hold(signal: AbortSignal): Promise<void> {
    const reservation = await this.#budget.reserve(this.#expectedBytes, signal);
    if (this.#isReleased) reservation.release();
    else this.#reservation = reservation;
  }

  /**
   * Gives bytes and place back. Only while no request is out.
   * @returns takes both again, first come, first served; rejects with the signal's reason when it aborts first
   */
  pause(signal: AbortSignal): () => Promise<void> {
    this.place.park();
    this.releaseBytes();
    return async () => {
      await this.place.resume(signal);
      if (!this.#isReleased) await this.hold(signal);
    };
  }

  /** The size is known before any of it is read. @returns false where there is no room for it */
  grow(bytes: number): boolean {
    return this.#reservation?.grow(bytes) ?? true;
  }

  /** The size is known now. */
  correct(bytes: number): void {
    this.#reservation?.correct(bytes);
  }

  /** Nothing of it was read; waits until there is room for so much. Rejects with the signal's reason. */
  async holdLarger(bytes: number, signal: AbortSignal): Promise<void> {
    this.#expectedBytes = bytes;
    await this.pause(signal)();
  }

  /** There is nothing in memory, but the place is kept. */
  releaseBytes(): void {
    this.#reservation?.release();
    this.#reservation = undefined;
  }

  /** Without effect the second time. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.place.end();
    this.releaseBytes();
  }
}
