/** Where a shard is started, and where it goes on when the service refuses its position. */
import type { AppError } from '../../core/errors.ts';
import type { Progress } from '../checkpoint/progress.ts';
import { findStart, type StartPosition } from '../pull/start-position.ts';
import type { Cursor } from '../service/log-service.ts';
import type { RefusedCursor } from './refused-cursor.ts';
import type { ShardConsumerOptions } from './shard-consumer-options.ts';
import type { ShardEvent } from './shard-life.ts';

export type BeginOptions = Pick<
  ShardConsumerOptions,
  'shard' | 'service' | 'from' | 'isNewShard' | 'recovery' | 'knownCheckpoint' | 'unsavedStart' | 'clock'
>;

/** Waits for other consumers to save the checkpoint where it is missing. @param on called with the shard's events */
export async function beginShard(
  options: BeginOptions,
  on: (event: ShardEvent) => void,
  signal: AbortSignal,
): Promise<StartPosition> {
  const { shard, recovery, knownCheckpoint, clock } = options;
  const formerCursor: Cursor | undefined = knownCheckpoint();
  const found = await findStart(options, signal);
  // The shard's end has moved on since this process began it: what came meanwhile is not left out.
  const unsaved = found.checkpointed === undefined ? options.unsavedStart?.() : undefined;
  const start = unsaved === undefined ? found : { ...found, cursor: unsaved };
  if (start.checkpointed !== undefined) {
    recovery.noteCheckpoints(new Map([[shard, { cursor: start.checkpointed, updatedAtMs: start.savedAtMs ?? 0 }]]));
    return start;
  }
  const waitMs = recovery.waitMs(shard, { wasOurs: formerCursor !== undefined, isNewShard: start.isNewShard });
  if (waitMs === 0) return start;
  on('others-first');
  await clock.sleep(waitMs, { signal });
  const again = await findStart(options, signal);
  on('others-done');
  if (again.checkpointed !== undefined) return again;
  // The first start, not `again`'s: logs that came during the wait are not left out.
  return formerCursor === undefined ? start : { ...start, cursor: formerCursor, isRemembered: true };
}

export interface RefusalOptions extends Pick<ShardConsumerOptions, 'shard' | 'service' | 'log'> {
  readonly refused: RefusedCursor;
}

/**
 * The service refuses the shard's position.
 * @param start where the shard was started
 * @returns `expired`: the shard goes on at its beginning; a position: the checkpoint was set right; undefined: the pull
 * is tried again
 */
export async function goOnBehindRefusal(
  { shard, service, refused, log }: RefusalOptions,
  error: AppError,
  start: StartPosition | undefined,
  progress: Progress,
  signal: AbortSignal,
): Promise<StartPosition | 'expired' | undefined> {
  const { pulled: cursor } = progress;
  const isCheckpoint = start?.checkpointed === cursor;
  const savedAtMs = isCheckpoint ? start.savedAtMs : undefined;
  const wasServed = !isCheckpoint || start.savedBy !== '';
  const goesOnAt = await refused.refused(error, { cursor, isCheckpoint, savedAtMs, wasServed }, signal);
  // A loss meanwhile has moved the position: it is pulled from there, and judged anew if it is refused.
  signal.throwIfAborted();
  if (goesOnAt !== undefined) {
    progress.skip(goesOnAt);
    return 'expired';
  }
  if (start?.isRemembered && start.cursor === cursor && refused.isUnknown) {
    // No other position is known, and to start at the end could leave out logs that were never sent.
    log.warn(
      { shard, cursor },
      `shard ${shard}: the service refuses the remembered position; the shard starts again at its beginning`,
    );
    progress.skip(await service.getCursor(shard, 'begin', signal));
    return 'expired';
  }
  if (!isCheckpoint) return undefined;
  const saved = await service.getCheckpoint(shard, signal);
  signal.throwIfAborted();
  if (saved.cursor === undefined && refused.isUnknown && !(await service.listCheckpoints(signal)).has(shard)) {
    log.warn(
      { shard, cursor },
      `shard ${shard}: the service refused the checkpoint, and the checkpoint no longer exists; the shard starts again at its beginning`,
    );
    progress.skip(await service.getCursor(shard, 'begin', signal));
    return 'expired';
  }
  if (saved.cursor === undefined || saved.cursor === cursor) return undefined;
  const { cursor: mended, updatedAtMs, consumer } = saved;
  return { cursor: mended, checkpointed: mended, savedAtMs: updatedAtMs, savedBy: consumer, isNewShard: false };
}
