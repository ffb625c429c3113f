/** What became of the logs: counts that go up only. */

/** What has been handed to the sink since the start; a batch that is sent again counts again. */
export interface DeliveryTotals {
  batches: number;
  logs: number;
  /** Logs that a sink had taken before, and that were lost. */
  resent: number;
  /** Logs that the receiver has read; where it does not say that, those that the kernel has taken. */
  confirmed: number;
  /** Bytes of unpacked log groups. */
  rawBytes: number;
  /** Bytes of frames. */
  frameBytes: number;
  /** Logs whose message was over the limit, and was cut: the rest is not sent. */
  truncated: number;
  /** Logs whose message was over the limit, and went on in further messages. */
  split: number;
  /** Fields of logs that were written under names of their own, since the service's or another field has theirs. */
  renamedFields: number;
  /** Logs that went to the dead-letter file. */
  deadLettered: number;
  /** Logs that a filter did not keep. */
  dropped: number;
  /** Dropped logs by the filter's name; filters that have dropped none are not listed. */
  droppedBy: Readonly<Record<string, number>>;
  /** Batches that could not be read to their end, and were skipped. */
  batchesSkipped: number;
}

export function noTotals(): DeliveryTotals {
  return {
    batches: 0,
    logs: 0,
    resent: 0,
    confirmed: 0,
    rawBytes: 0,
    frameBytes: 0,
    truncated: 0,
    split: 0,
    renamedFields: 0,
    deadLettered: 0,
    dropped: 0,
    droppedBy: {},
    batchesSkipped: 0,
  };
}

/** Adds to the first. */
export function addTotals(sum: DeliveryTotals, { droppedBy, ...counts }: DeliveryTotals): void {
  for (const key of Object.keys(counts) as (keyof typeof counts)[]) sum[key] += counts[key];
  if (counts.dropped === 0) return;
  const both = { ...sum.droppedBy };
  for (const [filter, dropped] of Object.entries(droppedBy)) both[filter] = (both[filter] ?? 0) + dropped;
  sum.droppedBy = both;
}
