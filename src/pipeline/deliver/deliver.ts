/**
 * Steps ② to ⑦ of a log's way for one batch: encoded slice by slice, each slice written before the next is made.
 * The event loop is free between slices, so that heartbeats never wait for formatting.
 *
 * What cannot be sent is set aside, and is on the disk before the delivery ends, and so before a checkpoint can pass
 * it. While the disk does not take it, no delivery is open (others would have to wait for its end): the batch begins
 * anew afterwards.
 */
import type { BatchBody } from '../../core/bytes.ts';
import { AppError, CorruptBatchError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { type Clock, systemClock } from '../../core/time/clock.ts';
import type { BatchDeadLetters, DeadLetters } from '../../dead-letter/dead-letters.ts';
import type { BatchCounts, BatchEncoder, EncodedBatch, RejectedLog } from '../../encode/frame/batch-encoder.ts';
import type { BatchOrigin } from '../../encode/wire/batch-origin.ts';
import type { Cursor, ShardId } from '../../group/service/log-service.ts';
import type { OnDamage } from '../../group/shard/shard-consumer-options.ts';
import type { Delivery, DeliveryRef, Sink } from '../../sink/sink.ts';
import { addTotals, type DeliveryTotals } from './delivery-totals.ts';
import type { EncodeLimiter, EncodeSlot } from './encode-limiter.ts';
import { createFormatTrouble } from './format-trouble.ts';
import type { Pace, Sent } from './pacer.ts';
import { createRefusedWatch, type RefusedOptions, type RefusedWatch } from './refused.ts';

/** A batch on its way to one receiver. */
export interface BatchRef extends DeliveryRef {
  readonly shard: ShardId;
  /** The cursor that it was pulled with, and the one behind it. */
  readonly from: Cursor;
  readonly to: Cursor;
  /** A sink has taken it before, and lost it. */
  readonly isAgain?: boolean;
  /** Told how many logs it brings, before its delivery ends. */
  counted?(logs: number): void;
}

/** Delivers a batch to one receiver; see `Deliver` in group/shard/shard-consumer-options.ts. */
export type DeliverTo<M extends BatchRef> = (
  body: BatchBody,
  ref: M,
  signal: AbortSignal,
  onDamage?: OnDamage,
  onEncodingStarted?: () => void,
) => Promise<void>;

export interface DeliverParts<M extends BatchRef> {
  readonly encoder: Pick<BatchEncoder, 'begin' | 'filterNames'>;
  /** What the batches are pulled from. */
  readonly origin: Pick<BatchOrigin, 'project' | 'logstore'>;
  readonly sink: Pick<Sink<M>, 'deliver'>;
  readonly totals: DeliveryTotals;
  /** Absent: as fast as the sink takes it. */
  readonly pace?: Pace | undefined;
  /** Absent: all batches are encoded side by side, as they must be where a limit is shared among them. */
  readonly encodeLimiter?: EncodeLimiter | undefined;
  /** Present where the encoder rejects logs, or batches are skipped. */
  readonly deadLetters?: DeadLetters | undefined;
  /** What is done about a message that the receiver does not take; absent: it is sent again. */
  readonly refused?: RefusedOptions | undefined;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** One batch, from its first attempt on. */
interface BatchWork<M extends BatchRef> {
  readonly body: BatchBody;
  readonly ref: M;
  readonly signal: AbortSignal;
  readonly letters: BatchDeadLetters | undefined;
  readonly onDamage: OnDamage;
  readonly onEncodingStarted: () => void;
}

export function createDeliver<M extends BatchRef>(parts: DeliverParts<M>): DeliverTo<M> {
  const { encoder, sink, totals, pace, encodeLimiter, deadLetters, refused, log, clock = systemClock } = parts;
  const { project, logstore } = parts.origin;
  const logRejected = createFormatTrouble(log, clock);
  const beginLetters =
    deadLetters && (({ shard, from, to }: M) => deadLetters.forBatch({ project, logstore, shard, from, to }));

  return async (body, ref, signal, onDamage = 'send', onEncodingStarted = () => undefined) => {
    const letters = beginLetters?.(ref);
    const work = { body, ref, signal, letters, onDamage, onEncodingStarted };
    while (!(await attempt(work))) await letters?.storeUntilDone(signal);
  };

  /** @returns false when something could not be set aside */
  async function attempt(work: BatchWork<M>): Promise<boolean> {
    const { body, ref, signal } = work;
    const origin = { project, logstore, shard: ref.shard, cursor: ref.from };
    const begin = beginLetters && (() => beginLetters(ref));
    const watch = refused && createRefusedWatch(refused, { body, origin, beginLetters: begin, signal, log, clock });
    const delivery = sink.deliver(ref, watch?.onRefused);
    const onAbort = () => delivery.abandon();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await write(work, delivery, watch);
      delivery.end();
      return true;
    } catch (error) {
      delivery.abandon();
      if (error instanceof AppError && error.code === 'dead-letter-file') return false;
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async function write(work: BatchWork<M>, delivery: Delivery, watch: RefusedWatch | undefined): Promise<void> {
    const { body, ref, signal, letters, onDamage, onEncodingStarted } = work;
    let batch: EncodedBatch | undefined;
    let damage: CorruptBatchError | undefined;
    const slot = await encodeLimiter?.acquire(signal);
    onEncodingStarted();
    try {
      if (body.refused) throw body.refused;
      const at = { project, logstore, shard: ref.shard, cursor: ref.from };
      if (onDamage === 'check') await readToEnd(encoder.begin(body, at), clock, signal);
      batch = encoder.begin(body, at);
      const takesRejected: RejectedLogs = {
        add: (rejected) => {
          logRejected(rejected);
          letters?.add(rejected);
        },
        isFull: () => letters?.isFull ?? false,
        store: async () => letters?.store(signal),
      };
      await writeBatch(batch, delivery, pace ?? unpaced(clock, slot), signal, takesRejected);
    } catch (error) {
      if (!(error instanceof CorruptBatchError) || !letters || onDamage !== 'skip') throw error;
      damage = error;
    } finally {
      batch?.close();
      slot?.end();
    }
    if (damage) {
      const index = batch ? batch.counts.logs + batch.counts.deadLettered + batch.counts.dropped : 0;
      const { shard, from: cursor, to: nextCursor } = ref;
      letters?.addRest({ index, nextCursor, reason: damage.message });
      await letters?.store(signal);
      totals.batchesSkipped++;
      log.error(
        { shard, cursor, nextCursor, index, reason: damage.message },
        `shard ${shard}: a batch cannot be read and is skipped, from its log number ${index} on; the dead-letter file says where it was`,
      );
    } else await letters?.store(signal);
    if (!batch) return;
    const counts = withDeadLettered(batch.counts, watch?.deadLettered ?? 0);
    count(counts, totals, ref.isAgain === true, encoder.filterNames);
    ref.counted?.(counts.logs);
  }
}

/** What of the batch was set aside is not among the logs that were sent. */
function withDeadLettered(counts: BatchCounts, deadLettered: number): BatchCounts {
  return { ...counts, logs: counts.logs - deadLettered, deadLettered: counts.deadLettered + deadLettered };
}

function count(
  counts: BatchCounts,
  totals: DeliveryTotals,
  isAgain: boolean,
  filterNames: readonly string[] = [],
): void {
  const droppedBy: Record<string, number> = {};
  for (const [filter, dropped] of counts.droppedBy.entries()) {
    if (dropped > 0) droppedBy[filterNames[filter] ?? `filter ${filter}`] = dropped;
  }
  const resent = isAgain ? counts.logs : 0;
  addTotals(totals, { ...counts, batches: 1, resent, confirmed: 0, batchesSkipped: 0, droppedBy });
}

/**
 * Encodes a batch, and sends nothing of it.
 * @throws CorruptBatchError, or the signal's reason
 */
async function readToEnd(batch: EncodedBatch, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    for (let chunk = batch.next(); chunk; chunk = batch.next()) {
      chunk.release();
      batch.takeRejected();
      await clock.turn();
      signal.throwIfAborted();
    }
  } finally {
    batch.close();
  }
}

/** Where the logs go that no message was made of. */
export interface RejectedLogs {
  add(rejected: RejectedLog): void;
  /** So much is held that it should be stored before more comes. */
  isFull(): boolean;
  store(): Promise<void>;
}

/**
 * Writes a batch to its end, and gathers what it rejects.
 * @throws CorruptBatchError, DeliveryLostError, what `rejectedLogs.store` throws, or the signal's reason
 */
export async function writeBatch(
  batch: EncodedBatch,
  delivery: Pick<Delivery, 'write'>,
  pace: Pace,
  signal: AbortSignal,
  rejectedLogs?: RejectedLogs,
): Promise<void> {
  const send = (): Sent | undefined => {
    const chunk = batch.next();
    if (!chunk) return undefined;
    const frames = chunk.frameCount;
    const bytes = chunk.bytes.length;
    if (frames > 0) return { frames, bytes, taken: delivery.write(chunk) };
    chunk.release();
    return { frames, bytes, taken: undefined };
  };
  while (await pace(send, signal)) {
    signal.throwIfAborted();
    for (const rejected of batch.takeRejected()) rejectedLogs?.add(rejected);
    if (rejectedLogs?.isFull()) await rejectedLogs.store();
  }
}

/** Sends as fast as the sink takes chunks. */
export function unpaced(clock: Clock, slot?: EncodeSlot): Pace {
  return async (send) => {
    const sent = send();
    if (!sent) return false;
    if (sent.taken) await (slot?.during(sent.taken) ?? sent.taken);
    else await clock.turn();
    return true;
  };
}
