/** What a shard does about data that it cannot get: expired, or not to be read. */
import { type Backoff, createBackoff } from '../backoff.ts';
import type { CorruptBatchError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../time/clock.ts';
import type { LogService, ShardId } from './log-service.ts';
import type { Progress } from './progress.ts';
import { type EndPosition, skipExpired } from './start-position.ts';

export interface RecoveryOptions {
  readonly shard: ShardId;
  readonly service: LogService;
  readonly log: Log;
  readonly clock: Clock;
}

/** A batch that cannot be read is pulled again so many times: the damage may be the transport's. */
const corruptRetries = 3;
/** Between two skips to the earliest data without a batch in between. */
const expiredBackoff = { minMs: 100, maxMs: 10_000 };

export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #expired: Backoff;
  #corruptInARow = 0;
  #lastDataAtMs: number | undefined;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#expired = createBackoff(expiredBackoff, options.clock.random);
  }

  /** @param atMs when a pull brought data, or the checkpoint was saved: the last sign of where the shard was */
  sawData(atMs: number | undefined): void {
    this.#lastDataAtMs = atMs;
  }

  /** A batch was read to its end. */
  delivered(): void {
    this.#corruptInARow = 0;
    this.#expired.reset();
  }

  /** The batch that comes next could not be read, and was pulled again as often as makes sense. */
  get isLastTry(): boolean {
    return this.#corruptInARow >= corruptRetries;
  }

  /** Goes to the earliest data that still exists. Returns without having done so when the signal aborts. */
  async skipExpired(progress: Progress, end: EndPosition, signal: AbortSignal): Promise<void> {
    const { shard, service, log, clock } = this.#options;
    const lastSec = this.#lastDataAtMs === undefined ? undefined : Math.floor(this.#lastDataAtMs / 1000);
    try {
      await clock.sleep(this.#expired.next(), { signal });
      const begin = await skipExpired(service, shard, progress.pulled, lastSec, log, signal);
      // A loss meanwhile has moved the position: pulled again from there, it is found expired, or not.
      signal.throwIfAborted();
      progress.skip(begin);
      end.forget();
    } catch (failure) {
      if (!signal.aborted) throw failure;
    }
  }

  /**
   * Waits a moment before a batch that could not be read is pulled again.
   * @returns false when it has been pulled often enough
   */
  async mayPullAgain(error: CorruptBatchError, progress: Progress, signal: AbortSignal): Promise<boolean> {
    const { shard, log, clock } = this.#options;
    this.#corruptInARow++;
    const facts = { shard, cursor: progress.pulled, err: error, attempt: this.#corruptInARow };
    if (this.#corruptInARow > corruptRetries) {
      log.error(facts, `shard ${shard} is stopped: its next batch cannot be read; the other shards go on`);
      return false;
    }
    log.warn(facts, 'a batch cannot be read; pulling it again');
    await clock.sleep(clock.random() * 1000, { signal }).catch(() => undefined);
    return true;
  }
}
