/** One line a minute: rates since the last line, and how far behind each shard is. */
import type { DeliveryTotals } from './deliver.ts';
import type { ConsumerGroup } from './group/consumer-group.ts';
import type { LogService, ShardId } from './group/log-service.ts';
import type { ShardConsumer } from './group/shard-consumer.ts';
import type { Log } from './log.ts';
import type { SinkStatus } from './sink/sink.ts';

const intervalMs = 60_000;
const lagTimeoutMs = 10_000;

export interface MinuteReportOptions {
  readonly service: Pick<LogService, 'getCursorTime'>;
  readonly group: Pick<ConsumerGroup, 'shards' | 'bytesInFlight'>;
  readonly sink: { readonly status: SinkStatus };
  readonly totals: DeliveryTotals;
  readonly deadLetters?: { readonly troubleSinceMs: number | undefined } | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Reports until the signal aborts. */
export function startMinuteReport(options: MinuteReportOptions): void {
  const { totals, signal } = options;
  let last = { ...totals };
  const timer = setInterval(() => {
    const since = last;
    last = { ...totals };
    // A service that does not answer must not hold the line back, nor gather calls minute by minute.
    const bound = new AbortController();
    const cut = setTimeout(() => bound.abort(), lagTimeoutMs);
    const end = () => bound.abort();
    signal.addEventListener('abort', end, { once: true });
    void report({ ...options, signal: bound.signal }, since).finally(() => {
      clearTimeout(cut);
      signal.removeEventListener('abort', end);
    });
  }, intervalMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

async function report(options: MinuteReportOptions, since: DeliveryTotals): Promise<void> {
  const { group, sink, totals, deadLetters, log } = options;
  const waitingSinceMs = deadLetters?.troubleSinceMs;
  const seconds = intervalMs / 1000;
  const fields = {
    logsPerSecond: round((totals.logs - since.logs) / seconds),
    rawMBPerSecond: round((totals.rawBytes - since.rawBytes) / seconds / 1e6),
    truncated: totals.truncated - since.truncated,
    split: totals.split - since.split,
    deadLettered: totals.deadLettered - since.deadLettered,
    ...(totals.dropped > 0 && {
      dropped: totals.dropped - since.dropped,
      droppedBy: droppedSince(totals.droppedBy, since.droppedBy),
    }),
    batchesSkipped: totals.batchesSkipped - since.batchesSkipped,
    framesDropped: sink.status.framesDropped,
    receiver: sink.status.state,
    ...(sink.status.lastError !== undefined && { receiverError: sink.status.lastError }),
    ...(waitingSinceMs !== undefined && { deadLetterFileFailsSince: new Date(waitingSinceMs).toISOString() }),
    shards: group.shards.length,
    bytesInFlight: group.bytesInFlight,
  };
  log.info({ ...fields, lagSeconds: await lagByShard(options) }, 'last minute');
}

/** Seconds between now and when the service received what is confirmed last; only shards that are behind are listed. */
async function lagByShard({ group, service, signal }: MinuteReportOptions): Promise<Record<ShardId, number>> {
  const behind = group.shards.filter((shard) => shard.state !== 'finished' && !(shard.caughtUp && isSettled(shard)));
  const entries = await Promise.all(
    behind.map(async ({ shard, progress }): Promise<[ShardId, number] | undefined> => {
      if (!progress) return undefined;
      try {
        const receivedSec = await service.getCursorTime(shard, progress.confirmed, signal);
        return [shard, Math.max(0, Math.round(Date.now() / 1000 - receivedSec))];
      } catch {
        return undefined; // expired, or shutting down: the pull itself reports what is wrong
      }
    }),
  );
  return Object.fromEntries(entries.filter((entry) => entry !== undefined));
}

function droppedSince(now: DeliveryTotals['droppedBy'], then: DeliveryTotals['droppedBy']): Record<string, number> {
  return Object.fromEntries(Object.entries(now).map(([filter, dropped]) => [filter, dropped - (then[filter] ?? 0)]));
}

function isSettled({ progress }: ShardConsumer): boolean {
  return progress?.settled === true;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
