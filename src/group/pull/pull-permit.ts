/**
 * A pull's permit holds shared resources: bytes of the budget, and a slot of the limiter.
 *
 *   held      a request is under way, or its answer is in use        → paused, released
 *   paused    no request is under way: an attempt has failed, and    → held, released
 *             the next is not due. It holds neither bytes nor slot,
 *             or a service that throttles a few shards would stop all.
 *   released  the pull is over. Bytes that are granted later are given back at once.
 */
import type { BudgetShare, Reservation } from './byte-budget.ts';
import type { PullSlot } from './pull-limiter.ts';

export class PullPermit {
  /** Ended by `release`. */
  readonly slot: PullSlot;
  readonly #budget: BudgetShare;
  #expectedBytes: number;
  #reservation: Reservation | undefined;
  #isReleased = false;

  /** A claim without bytes, until `reserve`. */
  constructor(slot: PullSlot, budget: BudgetShare, expectedBytes: number) {
    this.slot = slot;
    this.#budget = budget;
    this.#expectedBytes = expectedBytes;
  }

  /** Takes the expected bytes, first come, first served. Rejects with the signal's reason when it aborts first. */
  async reserve(signal: AbortSignal): Promise<void> {
    const reservation = await this.#budget.reserve(this.#expectedBytes, signal);
    if (this.#isReleased) reservation.release();
    else this.#reservation = reservation;
  }

  /**
   * Gives bytes and slot back. Only while no request is under way.
   * @returns takes both again, first come, first served; rejects with the signal's reason when it aborts first
   */
  pause(signal: AbortSignal): () => Promise<void> {
    this.slot.suspend();
    this.releaseBytes();
    return async () => {
      await this.slot.resume(signal);
      if (!this.#isReleased) await this.reserve(signal);
    };
  }

  /** The answer's size is known, and its body not read yet. @returns false where there is no room for it */
  grow(bytes: number): boolean {
    return this.#reservation?.grow(bytes) ?? true;
  }

  /** The answer's size is known. */
  correct(bytes: number): void {
    this.#reservation?.correct(bytes);
  }

  /** Waits until there is room for `bytes`; the answer was not read. Rejects with the signal's reason. */
  async reserveLarger(bytes: number, signal: AbortSignal): Promise<void> {
    this.#expectedBytes = bytes;
    await this.pause(signal)();
  }

  /** Gives the bytes back, as nothing is in memory, and keeps the slot. */
  releaseBytes(): void {
    this.#reservation?.release();
    this.#reservation = undefined;
  }

  /** Without effect the second time. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.slot.end();
    this.releaseBytes();
  }
}
