/**
 * Steps ② to ⑦ of a log's way for one batch: encoded slice by slice, each slice written before the next is made.
 * The event loop is free between slices, so that heartbeats never wait for formatting.
 *
 * What cannot be sent is set aside, and is on the disk before the delivery ends, and so before a checkpoint can pass
 * it. While the disk does not take it, no delivery is open (others would have to wait for its end): the batch begins
 * anew afterwards.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { BatchLetters, DeadLetters } from './dead-letter/dead-letters.ts';
import type { BatchEncoder, EncodedBatch, RejectedLog } from './encode/batch-encoder.ts';
import type { BatchBody } from './encode/bytes.ts';
import type { BatchOrigin } from './encode/identity.ts';
import { AppError, CorruptBatchError } from './errors.ts';
import { createFormatTrouble } from './format-trouble.ts';
import type { Ticket } from './group/progress.ts';
import type { Deliver } from './group/shard-consumer.ts';
import type { Log } from './log.ts';
import type { Pace, Sent } from './pacer.ts';
import type { Delivery, Sink } from './sink/sink.ts';
import type { Turn, Turns } from './turns.ts';

/** What has been handed to the sink since the start; a batch that is sent again counts again. */
export interface DeliveryTotals {
  batches: number;
  logs: number;
  /** Bytes of unpacked log groups. */
  rawBytes: number;
  /** Bytes of frames. */
  frameBytes: number;
  /** Logs whose message was over the limit, and was cut: the rest is not sent. */
  truncated: number;
  /** Logs whose message was over the limit, and went on in further messages. */
  split: number;
  /** Logs that went to the dead-letter file. */
  deadLettered: number;
  /** Logs that a filter did not keep. */
  dropped: number;
  /** The same by the filter's name; those that have dropped none are not listed. */
  droppedBy: Readonly<Record<string, number>>;
  /** Batches that could not be read to their end, and were skipped. */
  batchesSkipped: number;
}

export function noTotals(): DeliveryTotals {
  return {
    batches: 0,
    logs: 0,
    rawBytes: 0,
    frameBytes: 0,
    truncated: 0,
    split: 0,
    deadLettered: 0,
    dropped: 0,
    droppedBy: {},
    batchesSkipped: 0,
  };
}

export interface DeliverParts {
  readonly encoder: Pick<BatchEncoder, 'begin' | 'filterNames'>;
  /** What the batches are pulled from. */
  readonly origin: Pick<BatchOrigin, 'project' | 'logstore'>;
  readonly sink: Pick<Sink<Ticket>, 'deliver'>;
  readonly totals: DeliveryTotals;
  /** Absent: as fast as the sink takes it. */
  readonly pace?: Pace | undefined;
  /** Absent: all batches are encoded side by side, as they must be where a limit is shared among them. */
  readonly turns?: Turns | undefined;
  /** There where the encoder rejects logs, or batches are skipped. */
  readonly deadLetters?: DeadLetters | undefined;
  readonly log: Log;
}

export function createDeliver(parts: DeliverParts): Deliver {
  const { encoder, sink, totals, pace, turns, deadLetters, log } = parts;
  const { project, logstore } = parts.origin;
  const tell = createFormatTrouble(log);

  return async (body, ticket, signal, maySkip = false) => {
    const letters = deadLetters?.begin(ticket);
    while (!(await attempt(body, ticket, signal, letters, maySkip))) await letters?.storeUntilDone(signal);
  };

  /** @returns false when something could not be set aside */
  async function attempt(
    body: BatchBody,
    ticket: Ticket,
    signal: AbortSignal,
    letters: BatchLetters | undefined,
    maySkip: boolean,
  ): Promise<boolean> {
    const delivery = sink.deliver(ticket);
    const giveUp = () => delivery.abandon();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await write(body, ticket, delivery, signal, letters, maySkip);
      delivery.end();
      return true;
    } catch (error) {
      delivery.abandon();
      if (error instanceof AppError && error.code === 'dead-letter-file') return false;
      throw error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async function write(
    body: BatchBody,
    ticket: Ticket,
    delivery: Delivery,
    signal: AbortSignal,
    letters: BatchLetters | undefined,
    maySkip: boolean,
  ): Promise<void> {
    let batch: EncodedBatch | undefined;
    let damage: CorruptBatchError | undefined;
    const turn = await turns?.take(signal);
    try {
      if (body.refused) throw body.refused;
      batch = encoder.begin(body, { project, logstore, shard: ticket.shard, cursor: ticket.from });
      const takesRejected: RejectedLogs = {
        add: (rejected) => {
          tell(rejected);
          letters?.add(rejected);
        },
        isFull: () => letters?.isFull ?? false,
        store: async () => letters?.store(signal),
      };
      await writeBatch(batch, delivery, pace ?? unpaced(turn), signal, takesRejected);
    } catch (error) {
      if (!(error instanceof CorruptBatchError) || !letters || !maySkip) throw error;
      damage = error;
    } finally {
      batch?.close();
      turn?.end();
    }
    if (damage) {
      const index = batch ? batch.counts.logs + batch.counts.deadLettered + batch.counts.dropped : 0;
      const { shard, from: cursor, to: nextCursor } = ticket;
      letters?.addRest({ index, nextCursor, reason: damage.message });
      await letters?.store(signal);
      totals.batchesSkipped++;
      log.error(
        { shard, cursor, nextCursor, index, reason: damage.message },
        `shard ${shard}: a batch cannot be read and is skipped, from its log number ${index} on; the dead-letter file says where it was`,
      );
    } else await letters?.store(signal);
    if (batch) count(batch, totals, encoder.filterNames);
  }
}

function count({ counts }: EncodedBatch, totals: DeliveryTotals, filterNames: readonly string[] = []): void {
  totals.batches++;
  totals.logs += counts.logs;
  totals.rawBytes += counts.rawBytes;
  totals.frameBytes += counts.frameBytes;
  totals.truncated += counts.truncated;
  totals.split += counts.split;
  totals.deadLettered += counts.deadLettered;
  if (counts.dropped === 0) return;
  totals.dropped += counts.dropped;
  const droppedBy = { ...totals.droppedBy };
  for (const [filter, dropped] of counts.droppedBy.entries()) {
    const name = filterNames[filter] ?? `filter ${filter}`;
    if (dropped > 0) droppedBy[name] = (droppedBy[name] ?? 0) + dropped;
  }
  totals.droppedBy = droppedBy;
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
  pace: Pace = unpaced(),
  signal: AbortSignal,
  rejectedLogs?: RejectedLogs,
): Promise<void> {
  const send = (): Sent | undefined => {
    const chunk = batch.next();
    if (!chunk) return undefined;
    const sent = { frames: chunk.frameCount, bytes: chunk.bytes.length };
    if (chunk.frameCount > 0) return { ...sent, taken: delivery.write(chunk) };
    chunk.release();
    return { ...sent, taken: undefined };
  };
  while (await pace(send, signal)) {
    signal.throwIfAborted();
    for (const rejected of batch.takeRejected()) rejectedLogs?.add(rejected);
    if (rejectedLogs?.isFull()) await rejectedLogs.store();
  }
}

/** As fast as the sink takes it. */
function unpaced(turn?: Turn): Pace {
  return async (send) => {
    const sent = send();
    if (!sent) return false;
    if (sent.taken) await (turn?.during(sent.taken) ?? sent.taken);
    else await yieldToEventLoop();
    return true;
  };
}
