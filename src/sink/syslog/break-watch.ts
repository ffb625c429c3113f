/** Connections that break before what they carried is confirmed: said when it goes on. */
import type { SinkLog } from './options.ts';

export interface BreakWatchOptions {
  readonly peer: string;
  readonly confirmIntervalMs: number;
  readonly log: SinkLog;
}

/** Fewer are a receiver that is restarted. */
const breaksThatTell = 4;

export class BreakWatch {
  readonly #options: BreakWatchOptions;
  #inARow = 0;

  constructor(options: BreakWatchOptions) {
    this.#options = options;
  }

  /** What a connection carried was confirmed. */
  confirmed(): void {
    this.#inARow = 0;
  }

  /** It would be wrong to confirm earlier then: a receiver that crashes over what it reads looks the same. */
  broke(livedMs: number): void {
    if (++this.#inARow !== breaksThatTell) return;
    const { log, peer, confirmIntervalMs } = this.#options;
    log.warn(
      { peer, inARow: this.#inARow, lastLivedMs: Math.round(livedMs), confirmIntervalMs },
      'connections break before what they carried is confirmed, and the same is sent again and again. If the receiver, or something in between, limits how long they may live, or what they may carry: set --confirm-interval or --confirm-bytes below that. If it resets each connection, whatever it has read: only --confirm off lets checkpoints go on, without the promise',
    );
  }
}
