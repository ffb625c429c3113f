/**
 * When a connection is confirmed: by a clock, by bytes, or because somebody asks. What it takes, the sink does.
 *
 *   resting    nothing on the connection waits for confirmation.       Something was written → counting
 *   counting   the interval runs.                                      It is over, enough bytes are unconfirmed, or
 *                                                                      somebody asks → due: `onDue`
 *   due        until the sink has turned to another connection (`turned`) → resting
 *
 * A receiver that takes long to answer is asked less often: never again before it has had twice that time.
 */
export interface ConfirmationOptions {
  readonly intervalMs: number;
  readonly bytes: number;
}

export class ConfirmationClock {
  readonly #options: ConfirmationOptions;
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
  #unconfirmedBytes = 0;
  #isDue = false;
  #lastAnswerMs = 0;

  constructor(options: ConfirmationOptions, onDue: () => void) {
    this.#options = options;
    this.#onDue = onDue;
  }

  get isDue(): boolean {
    return this.#isDue;
  }

  /** Bytes of a delivery went to the connection. */
  wrote(bytes: number): void {
    this.#unconfirmedBytes += bytes;
    this.#timer ??= setTimeout(() => this.ask(), Math.max(this.#options.intervalMs, 2 * this.#lastAnswerMs));
    if (this.#unconfirmedBytes >= this.#options.bytes) this.ask();
  }

  /** As soon as may be. */
  ask(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#onDue();
  }

  /** The connection was replaced, or lost: what is counted begins anew. */
  turned(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unconfirmedBytes = 0;
    this.#isDue = false;
  }

  answered(afterMs: number): void {
    this.#lastAnswerMs = afterMs;
  }
}
