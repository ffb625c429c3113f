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
 * so the next is twice as long.
 *
 * One that breaks every connection before it is asked is asked earlier, or the same logs would go round for ever: from
 * the second break in a row on, interval and bytes are halved each time. They are doubled, up to what is configured,
 * when as many confirmations in a row have come as tell that the receiver is another now.
 */
export interface ConfirmationOptions {
  readonly intervalMs: number;
  readonly bytes: number;
  /** How long an answer may take, where none took long before. */
  readonly timeoutMs: number;
}

/** 10 MiB in both kernels' buffers at 10 KB/s take 17 minutes; of a receiver that is gone we hear earlier. */
const longestTimeoutMs = 20 * 60_000;
/** One break is an accident: a receiver that was restarted. */
const breaksThatTell = 2;
const confirmationsThatTell = 8;
/** 1/128 of 10 s is 78 ms, and of 64 MiB 512 KiB. */
const smallestShare = 1 / 128;

export class ConfirmationClock {
  readonly #options: ConfirmationOptions;
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
  #unconfirmedBytes = 0;
  #isDue = false;
  #lastAnswerMs = 0;
  #breaks = 0;
  #confirmations = 0;
  /** Of the interval and the bytes that are configured. */
  #share = 1;

  constructor(options: ConfirmationOptions, onDue: () => void) {
    this.#options = options;
    this.#onDue = onDue;
  }

  get isDue(): boolean {
    return this.#isDue;
  }

  /** How long the next answer may take. */
  get timeoutMs(): number {
    const { timeoutMs } = this.#options;
    return Math.max(timeoutMs, Math.min(2 * this.#lastAnswerMs, longestTimeoutMs));
  }

  /** Bytes of a delivery went to the connection. */
  wrote(bytes: number): void {
    this.#unconfirmedBytes += bytes;
    this.#timer ??= setTimeout(() => this.ask(), this.#intervalMs);
    if (this.#unconfirmedBytes >= this.#options.bytes * this.#share) this.ask();
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

  /** Bounded: one that has stood still for long is not left unasked for as long once it is well again. */
  get #intervalMs(): number {
    const { intervalMs, timeoutMs } = this.#options;
    return Math.max(intervalMs * this.#share, 2 * Math.min(this.#lastAnswerMs, timeoutMs));
  }

  /** @param afterMs how long it took, or until it was given up */
  answered(afterMs: number): void {
    this.#lastAnswerMs = afterMs;
  }

  /** What a connection carried is confirmed. */
  confirmed(): void {
    this.#breaks = 0;
    this.#confirmations += 1;
    if (this.#confirmations < confirmationsThatTell) return;
    this.#confirmations = 0;
    this.#share = Math.min(1, this.#share * 2);
  }

  /** A connection broke with something unconfirmed on it. */
  broke(): void {
    this.#confirmations = 0;
    this.#breaks += 1;
    if (this.#breaks >= breaksThatTell) this.#share = Math.max(smallestShare, this.#share / 2);
  }
}
