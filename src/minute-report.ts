/**
 * One line a minute: rates since the last line, and how far behind each shard is; where there are several sources and
 * receivers, of each of them.
 */
import type { DeliveryTotals } from './delivery-totals.ts';
import type { ConsumerGroup } from './group/consumer-group.ts';
import type { LogService, ShardId } from './group/log-service.ts';
import type { ShardConsumer } from './group/shard-consumer.ts';
import type { Log } from './log.ts';
import type { SinkStatus } from './sink/sink.ts';
import { type Clock, systemClock } from './time/clock.ts';

const intervalMs = 60_000;
const lagTimeoutMs = 10_000;

/** What is read of the feeds, and of what they share. */
export interface MinuteReportOptions {
  readonly feeds: { readonly all: readonly ReportedFeed[]; readonly totals: DeliveryTotals };
  readonly outlets: {
    readonly all: readonly { readonly names: Names; readonly sink: { readonly status: SinkStatus } }[];
    readonly framesDropped: number;
    /** Unix milliseconds. */
    readonly deadLettersFailSinceMs: number | undefined;
  };
  readonly budget: { readonly inUse: number };
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

type Names = Readonly<Record<string, string>>;

export interface ReportedFeed {
  /** Nothing where there is one source, and nothing to tell apart. */
  readonly names: Names;
  readonly state: string;
  readonly totals: readonly DeliveryTotals[];
  /** Undefined while it has failed. */
  readonly current:
    | { readonly service: Pick<LogService, 'getCursorTime'>; readonly group: Pick<ConsumerGroup, 'shards'> }
    | undefined;
}

/** Reports until the signal aborts. */
export function startMinuteReport(options: MinuteReportOptions): void {
  const { feeds, signal, clock = systemClock } = options;
  let last = count(feeds);
  const timer = clock.interval(intervalMs, () => {
    const since = last;
    last = count(feeds);
    // A service that does not answer must not hold the line back, nor gather calls minute by minute.
    const bound = new AbortController();
    const cut = clock.timer(lagTimeoutMs, () => bound.abort());
    const end = () => bound.abort();
    signal.addEventListener('abort', end, { once: true });
    void report({ ...options, signal: bound.signal }, since, last).finally(() => {
      clock.cancel(cut);
      signal.removeEventListener('abort', end);
    });
  });
  signal.addEventListener('abort', () => clock.cancel(timer), { once: true });
}

interface Counts {
  readonly totals: DeliveryTotals;
  readonly logs: ReadonlyMap<ReportedFeed, number>;
}

function count({ all, totals }: MinuteReportOptions['feeds']): Counts {
  const logs = all.map((feed) => [feed, feed.totals.reduce((sum, each) => sum + each.logs, 0)] as const);
  return { totals: { ...totals }, logs: new Map(logs) };
}

async function report(options: MinuteReportOptions, since: Counts, now: Counts): Promise<void> {
  const { feeds, outlets, budget, log, signal, clock = systemClock } = options;
  const waitingSinceMs = outlets.deadLettersFailSinceMs;
  const differs = (key: Exclude<keyof DeliveryTotals, 'droppedBy'>) => now.totals[key] - since.totals[key];
  const [firstFeed] = feeds.all;
  const [firstOutlet] = outlets.all;
  const fields = {
    logsPerSecond: perSecond(differs('logs')),
    rawMBPerSecond: perSecond(differs('rawBytes') / 1e6),
    truncated: differs('truncated'),
    split: differs('split'),
    ...(now.totals.renamedFields > 0 && { renamedFields: differs('renamedFields') }),
    deadLettered: differs('deadLettered'),
    ...(now.totals.dropped > 0 && {
      dropped: differs('dropped'),
      droppedBy: droppedSince(now.totals.droppedBy, since.totals.droppedBy),
    }),
    batchesSkipped: differs('batchesSkipped'),
    framesDropped: outlets.framesDropped,
    ...(isUnnamed(firstOutlet) && receiverFacts(firstOutlet.sink.status)),
    ...(waitingSinceMs !== undefined && { deadLetterFileFailsSince: new Date(waitingSinceMs).toISOString() }),
    shards: feeds.all.reduce((sum, { current }) => sum + (current?.group.shards.length ?? 0), 0),
    bytesInFlight: budget.inUse,
  };
  if (isUnnamed(firstFeed)) {
    log.info({ ...fields, lagSeconds: await lagByShard(firstFeed, signal, clock) }, 'last minute');
    return;
  }
  const sources = await Promise.all(
    feeds.all.map(async (feed) => ({
      ...feed.names,
      state: feed.state,
      logsPerSecond: perSecond((now.logs.get(feed) ?? 0) - (since.logs.get(feed) ?? 0)),
      shards: feed.current?.group.shards.length ?? 0,
      lagSeconds: await lagByShard(feed, signal, clock),
    })),
  );
  const receivers = outlets.all.map(({ names, sink: { status } }) => ({
    ...names,
    state: status.state,
    ...(status.lastError !== undefined && { error: status.lastError }),
  }));
  log.info({ ...fields, sources, receivers }, 'last minute');
}

function receiverFacts({ state, lastError }: SinkStatus): Readonly<Record<string, string>> {
  return { receiver: state, ...(lastError !== undefined && { receiverError: lastError }) };
}

function isUnnamed<T extends { readonly names: Names }>(part: T | undefined): part is T {
  return part !== undefined && Object.keys(part.names).length === 0;
}

/** Seconds between now and when the service received what is confirmed last; only shards that are behind are listed. */
async function lagByShard(
  { current }: ReportedFeed,
  signal: AbortSignal,
  clock: Clock,
): Promise<Record<ShardId, number>> {
  if (!current) return {};
  const { group, service } = current;
  const behind = group.shards.filter((shard) => shard.state !== 'finished' && !(shard.caughtUp && isSettled(shard)));
  const entries = await Promise.all(
    behind.map(async ({ shard, progress }): Promise<[ShardId, number] | undefined> => {
      if (!progress) return undefined;
      try {
        const receivedSec = await service.getCursorTime(shard, progress.confirmed, signal);
        return [shard, Math.max(0, Math.round(clock.now() / 1000 - receivedSec))];
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

function perSecond(value: number): number {
  return Math.round((value / (intervalMs / 1000)) * 10) / 10;
}
