/**
 * A message that the receiver does not take. Mostly it is over the receiver's limit, and the receiver breaks each connection
 * over it; or the receiver says why it refuses it. The message's shard waits, and sends it again for as long as it takes; the
 * other shards go on. With `--on-poison dead-letter`, the log goes to the dead-letter file after a while, and the shard goes
 * on behind it.
 */
import type { BatchBody } from '../../core/bytes.ts';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { BatchDeadLetters } from '../../dead-letter/dead-letters.ts';
import type { LocatedLog, LocateLog } from '../../encode/locate-log.ts';
import type { BatchOrigin } from '../../encode/wire/batch-origin.ts';
import type { OnRefused } from '../../sink/sink.ts';

export interface RefusedOptions {
  readonly locate: LocateLog;
  /** After so long it is set aside; absent: never. */
  readonly deadLetterAfterMs: number | undefined;
}

/** One delivery of one batch. */
export interface RefusedDelivery {
  readonly body: BatchBody;
  readonly origin: BatchOrigin;
  /** Opens the batch's dead letters anew, for one log; absent: there is no dead-letter file. */
  readonly beginLetters: (() => BatchDeadLetters) | undefined;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
}

export interface RefusedWatch {
  readonly onRefused: OnRefused;
  /** Logs that were set aside. */
  readonly deadLettered: number;
}

export function createRefusedWatch(
  { locate, deadLetterAfterMs }: RefusedOptions,
  delivery: RefusedDelivery,
): RefusedWatch {
  const { body, origin, beginLetters, signal, log, clock } = delivery;
  const { shard, cursor } = origin;
  /** By index: a log that is split may have several such messages. */
  const deadLettered = new Set<number>();
  const notLocated = (error: unknown) => {
    log.error({ err: error, shard, cursor }, 'the log of a message that the receiver does not take cannot be found');
    return undefined;
  };
  let found: { readonly frame: number; readonly log: LocatedLog | undefined } | undefined;
  const onRefused: OnRefused = async ({ frame, bytes, forMs, reason }) => {
    const facts = () => ({
      shard,
      cursor,
      index: found?.log?.index,
      bytes: bytes.length,
      ...(reason !== undefined && { reason }),
    });
    if (found?.frame !== frame) {
      found = { frame, log: await locate(body, origin, frame, clock.turn).catch(notLocated) };
      signal.throwIfAborted();
      const then =
        deadLetterAfterMs === undefined
          ? 'it waits there until the receiver takes it'
          : `after ${deadLetterAfterMs / 1000}s the log goes to the dead-letter file`;
      const what =
        reason === undefined
          ? `breaks the connection over one message of ${bytes.length} bytes whenever that is sent, and answers an empty connection`
          : `refuses one message of ${bytes.length} bytes (${reason})`;
      const advice =
        reason === undefined
          ? `. If the receiver has a limit, raise it above ${bytes.length} bytes, or set --max-message-bytes below it`
          : '';
      log.error(
        facts(),
        `shard ${shard} stands still: the receiver ${what}; ${then}, and the other shards go on${advice}`,
      );
    }
    if (deadLetterAfterMs === undefined || forMs < deadLetterAfterMs || !beginLetters || !found.log) return 'again';
    // The batch's own letters may be further already.
    const letters = beginLetters();
    letters.add({ ...found.log, reason: reason === undefined ? 'poison' : 'refused' });
    await letters.storeUntilDone(signal);
    deadLettered.add(found.log.index);
    log.error(facts(), `shard ${shard}: the receiver does not take a log: it is in the dead-letter file, and not sent`);
    return 'skip';
  };
  return {
    onRefused,
    get deadLettered() {
      return deadLettered.size;
    },
  };
}
