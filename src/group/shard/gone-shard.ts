/** A shard that an error says does not exist: it counts as gone only when the list of shards lacks it too. */
import { type Backoff, createBackoff } from '../../core/backoff.ts';
import type { AppError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { LogService, ShardId } from '../service/log-service.ts';

export interface GoneShardOptions {
  readonly shard: ShardId;
  readonly service: Pick<LogService, 'listShards'>;
  readonly log: Log;
  readonly clock: Clock;
}

/** Pauses while the service denies the shard and lists it. */
const pauses = { minMs: 500, maxMs: 30_000 };

export class GoneShard {
  readonly #options: GoneShardOptions;
  readonly #backoff: Backoff;

  constructor(options: GoneShardOptions) {
    this.#options = options;
    this.#backoff = createBackoff(pauses, options.clock.random);
  }

  /** The service has answered for the shard: it exists. */
  isThere(): void {
    this.#backoff.reset();
  }

  /**
   * Lists the shards. If the list has this shard, waits before the caller tries again.
   * @returns `aborted`: not known
   */
  async ask(error: AppError, signal: AbortSignal): Promise<'gone' | 'listed' | 'aborted'> {
    const { shard, service, clock, log } = this.#options;
    try {
      if ((await service.listShards(signal)).some(({ id }) => id === shard)) {
        const message = 'the service says that the shard does not exist, and lists it: asking again';
        log.debug({ shard, err: error }, message);
        await clock.sleep(this.#backoff.next(), { signal });
        return 'listed';
      }
    } catch {
      if (signal.aborted) return 'aborted';
    }
    log.info({ shard, err: error }, 'the shard is gone; leaving it');
    return 'gone';
  }
}
