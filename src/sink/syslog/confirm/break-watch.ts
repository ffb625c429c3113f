/** Connections that break before what they carried is confirmed: counted, and said when it goes on. */
import type { Log } from '../../../core/log.ts';

export interface BreakWatchOptions {
  readonly peer: string;
  readonly confirmIntervalMs: number;
  readonly log: Log;
}

/** Fewer are a receiver that is restarted. */
export const breaksBeforeTrial = 3;

export class BreakWatch {
  readonly #options: BreakWatchOptions;
  #inARow = 0;

  constructor(options: BreakWatchOptions) {
    this.#options = options;
  }

  /** The last connection was broken, or one before it, and nothing was confirmed since. */
  get isBreaking(): boolean {
    return this.#inARow > 0;
  }

  /** What a connection carried was confirmed. */
  confirmed(): void {
    this.#inARow = 0;
  }

  /**
   * Confirmations are not asked for earlier then: a receiver that crashes over what it reads looks the same.
   * @returns how many connections have broken in a row
   */
  broke(livedMs: number): number {
    if (++this.#inARow === breaksBeforeTrial) this.#logBreaks(livedMs);
    return this.#inARow;
  }

  #logBreaks(livedMs: number): void {
    const { log, peer, confirmIntervalMs } = this.#options;
    log.warn(
      { peer, inARow: this.#inARow, lastLivedMs: Math.round(livedMs), confirmIntervalMs },
      'connections break before what they carried is confirmed. It is sent again in parts, each on a connection of its own, to find a message that the receiver does not take. If the receiver, or something in between, limits how long connections may live, or what they may carry: set --confirm-interval or --confirm-bytes below that. If it resets each connection, whatever it has read: only --confirm off lets checkpoints go on, without the promise',
    );
  }
}
