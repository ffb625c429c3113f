/**
 * When a connection is confirmed: by a clock, by bytes, or because somebody asks. What it takes, the sink does.
 *
 *   resting    nothing on the connection waits for confirmation.       Something was written → counting
 *   counting   the interval runs.                                      It is over, enough bytes are unconfirmed, or
 *                                                                      somebody asks → due: `onDue`
 *   due        until the sink has turned to another connection (`turned`) → resting
 *
 * A receiver that takes long to answer is asked less often: never again before it has had twice that time, or twice the
 * timeout. And it is waited for twice that time: one that reads more slowly than the kernels' buffers (some MB) empty
 * within the timeout would otherwise be sent the same again for ever. A time-out counts as an answer of that length, and
 * so the next is twice as long. A quick answer to little does not make that forgotten: what took long is remembered with
 * its bytes, until as many are answered sooner.
 */
import type { Clock, Timer } from '../../../core/time/clock.ts';

/** What an answer was waited for with. */
export interface Asked {
  /** Bytes that the connection has carried. */
  readonly bytes: number;
  /** How long it stood behind them before it was asked. */
  readonly stoodMs: number;
}

export interface ConfirmationOptions {
  readonly intervalMs: number;
  readonly bytes: number;
  /** How long an answer may take, where none took long before. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** 10 MiB in both kernels' buffers at 10 KB/s take 17 minutes; of a receiver that is gone we hear earlier. */
const longestTimeoutMs = 20 * 60_000;

const minLingerMs = 50;
const maxLingerMs = 2_000;

export class ConfirmationClock {
  readonly #options: ConfirmationOptions;
  readonly #onDue: () => void;
  #timer: Timer | undefined;
  #unconfirmedBytes = 0;
  #isDue = false;
  #lastAnswerMs = 0;
  /** The longest time that an answer took, counted from the last byte, and what the connection had carried. */
  #longest = { bytes: 0, tookMs: 0 };

  constructor(options: ConfirmationOptions, onDue: () => void) {
    this.#options = options;
    this.#onDue = onDue;
  }

  get isDue(): boolean {
    return this.#isDue;
  }

  /** How long the answer of a connection may take that has carried so many bytes: less than took long, its share of that. */
  timeoutMs(bytes: number): number {
    const { timeoutMs } = this.#options;
    const share = bytes < this.#longest.bytes ? bytes / this.#longest.bytes : 1;
    const expectedMs = Math.max(this.#lastAnswerMs, share * this.#longest.tookMs);
    return Math.max(timeoutMs, Math.min(2 * expectedMs, longestTimeoutMs));
  }

  /**
   * How long a connection stands behind what it carried, before its end, while connections break: a receiver that reads a
   * message, and ends the connection over it, seems to answer our end where that has come already. A busy one needs some
   * time to read, as it does to answer.
   */
  get lingerMs(): number {
    return Math.min(Math.max(2 * this.#lastAnswerMs, minLingerMs), maxLingerMs);
  }

  /** Bytes of a delivery went to the connection. */
  wrote(bytes: number): void {
    this.#unconfirmedBytes += bytes;
    this.#timer ??= this.#options.clock.timer(this.#intervalMs, () => this.ask());
    if (this.#unconfirmedBytes >= this.#options.bytes) this.ask();
  }

  /** Makes confirmation due as soon as possible. */
  ask(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#onDue();
  }

  /** The connection was replaced, or lost: what is counted begins anew. */
  reset(): void {
    this.#options.clock.cancel(this.#timer);
    this.#timer = undefined;
    this.#unconfirmedBytes = 0;
    this.#isDue = false;
  }

  /** Bounded: one that has stood still for long is not left unasked for as long once it is well again. */
  get #intervalMs(): number {
    const { intervalMs, timeoutMs } = this.#options;
    return Math.max(intervalMs, 2 * Math.min(this.#lastAnswerMs, timeoutMs));
  }

  /**
   * @param afterMs how long it took, or until it was given up
   * @param asked undefined where the connection broke: that says nothing of how long an answer takes
   */
  answered(afterMs: number, asked: Asked | undefined): void {
    this.#lastAnswerMs = afterMs;
    if (!asked) return;
    const tookMs = asked.stoodMs + afterMs;
    if (asked.bytes >= this.#longest.bytes || tookMs >= this.#longest.tookMs)
      this.#longest = { bytes: asked.bytes, tookMs };
  }
}
