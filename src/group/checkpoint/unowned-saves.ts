/**
 * Saves of checkpoints that say nothing of what this process has delivered: what only was seen of a group that was
 * deleted, or where a new shard begins. They are forced, for nobody may own the shard. One that arrives late would put
 * back the checkpoint of somebody who knows better, so a save is given up when it takes long, and when this process
 * saves what it has confirmed of the shard itself.
 */
import type { Clock } from '../../core/time/clock.ts';
import { createDeadline } from '../../core/time/deadline.ts';
import type { Cursor, LogService, ShardId } from '../service/log-service.ts';

/** How a save ended. */
export type SaveOutcome = 'saved' | 'given-up';

export class UnownedSaves {
  readonly #service: Pick<LogService, 'restoreCheckpoint'>;
  readonly #clock: Clock;
  readonly #underWay = new Map<ShardId, AbortController>();

  constructor(service: Pick<LogService, 'restoreCheckpoint'>, clock: Clock) {
    this.#service = service;
    this.#clock = clock;
  }

  /** @throws what the service throws, and the reason of `ending` */
  async save(shard: ShardId, cursor: Cursor, withinMs: number, ending: AbortSignal): Promise<SaveOutcome> {
    const own = new AbortController();
    this.#underWay.set(shard, own);
    const { signal, dispose } = createDeadline([ending, own.signal], withinMs, this.#clock);
    try {
      await this.#service.restoreCheckpoint(shard, cursor, signal);
      return 'saved';
    } catch (error) {
      if (!signal.aborted || ending.aborted) throw error;
      return 'given-up';
    } finally {
      dispose();
      if (this.#underWay.get(shard) === own) this.#underWay.delete(shard);
    }
  }

  /** This process saves what it has confirmed of the shard. */
  giveUp(shard: ShardId): void {
    this.#underWay.get(shard)?.abort();
  }
}
