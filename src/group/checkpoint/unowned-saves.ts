/**
 * Saves checkpoints of shards that this process has not delivered from: a deleted group's checkpoint that was seen, or
 * the beginning of a new shard. These saves are forced, since the shard may have no owner. A late one would overwrite
 * an owner's newer checkpoint, so it is aborted when it takes long, and when this process saves its own confirmed
 * cursor.
 */
import type { Clock } from '../../core/time/clock.ts';
import { createDeadline } from '../../core/time/deadline.ts';
import type { Cursor, LogService, ShardId } from '../service/log-service.ts';

export type SaveOutcome = 'saved' | 'aborted';

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
      return 'aborted';
    } finally {
      dispose();
      if (this.#underWay.get(shard) === own) this.#underWay.delete(shard);
    }
  }

  /** Aborts the shard's save: this process saves its own confirmed cursor. */
  abort(shard: ShardId): void {
    this.#underWay.get(shard)?.abort();
  }
}
