/** Hands one pulled batch to the sink, while the shard's next pull is made. */
import type { BatchBody } from '../../core/bytes.ts';
import { CorruptBatchError } from '../../core/errors.ts';
import type { Ticket } from '../checkpoint/progress.ts';
import type { Prefetch } from '../pull/prefetch.ts';
import type { Pull } from '../pull/puller.ts';
import type { Deliver, OnDamage } from './shard-consumer-options.ts';
import { DamagedBatch } from './unreadable.ts';

export interface BatchToDeliver {
  readonly deliver: Deliver;
  readonly pull: Pull & { readonly body: BatchBody };
  readonly ticket: Ticket;
  readonly prefetch: Prefetch;
  readonly onDamage: OnDamage;
  readonly signal: AbortSignal;
}

/** Rejects as `deliver` does, but with DamagedBatch where the batch cannot be read. */
export async function deliverBatch({
  deliver,
  pull,
  ticket,
  prefetch,
  onDamage,
  signal,
}: BatchToDeliver): Promise<void> {
  const { body, slot, logGroups } = pull;
  let isOver = false;
  const onEncodingStarted = () => {
    slot.end();
    if (isOver) return;
    void prefetch.begin().then(
      (next) => !isOver && next.slot.suspend(),
      () => undefined,
    );
  };
  slot.wait();
  try {
    await deliver(body, ticket, signal, onDamage, onEncodingStarted);
  } catch (error) {
    throw error instanceof CorruptBatchError ? new DamagedBatch(error, logGroups) : error;
  } finally {
    isOver = true;
  }
}
