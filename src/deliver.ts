/**
 * Steps ② to ⑦ of a log's way for one batch: encoded slice by slice, each slice written before the next is made.
 * The event loop is free between slices, so that heartbeats never wait for formatting.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { BatchEncoder } from './encode/batch-encoder.ts';
import type { BatchBody } from './encode/bytes.ts';
import type { Ticket } from './group/progress.ts';
import type { Deliver } from './group/shard-consumer.ts';
import type { Pace, Sent } from './pacer.ts';
import type { Delivery, Sink } from './sink/sink.ts';

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
}

export function createDeliver(
  encoder: BatchEncoder,
  sink: Pick<Sink<Ticket>, 'deliver'>,
  totals: DeliveryTotals,
  pace: Pace = unpaced,
): Deliver {
  return async (body, ticket, signal) => {
    const delivery = sink.deliver(ticket);
    const giveUp = () => delivery.abandon();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await write(body, ticket, delivery, signal);
      delivery.end();
    } catch (error) {
      delivery.abandon();
      throw error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  };

  async function write(body: BatchBody, ticket: Ticket, delivery: Delivery, signal: AbortSignal): Promise<void> {
    const batch = encoder.begin(body, { shard: ticket.shard, cursor: ticket.from });
    const send = (): Sent | undefined => {
      const chunk = batch.next();
      return chunk && { frames: chunk.frameCount, bytes: chunk.bytes.length, taken: delivery.write(chunk) };
    };
    try {
      while (await pace(send, signal)) signal.throwIfAborted();
      totals.batches++;
      totals.logs += batch.counts.logs;
      totals.rawBytes += batch.counts.rawBytes;
      totals.frameBytes += batch.counts.frameBytes;
      totals.truncated += batch.counts.truncated;
      totals.split += batch.counts.split;
      totals.deadLettered += batch.counts.deadLettered;
    } finally {
      batch.close();
    }
  }
}

/** As fast as the sink takes it. */
const unpaced: Pace = async (send) => {
  const sent = send();
  if (sent) await (sent.taken ?? yieldToEventLoop());
  return sent !== undefined;
};
