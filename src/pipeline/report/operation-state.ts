/**
 * How the daemon does, as one object: the state of each source with its log service, and of each receiver, each with since
 * when and why. The line of each minute is printed from it.
 */
import type { AppError } from '../../core/errors.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { ConsumerGroup } from '../../group/consumer-group.ts';
import type { LogService, ShardId } from '../../group/service/log-service.ts';
import type { ShardConsumer } from '../../group/shard/shard-consumer.ts';
import { facts, type ShardState } from '../../group/shard/shard-life.ts';
import type { SinkStatus } from '../../sink/sink.ts';
import type { SlsLogService } from '../../sls/sls-log-service.ts';
import type { DeliveryTotals } from '../deliver/delivery-totals.ts';
import type { FeedState } from '../flow/feed-life.ts';

/** A state, since when (unix milliseconds; undefined where that is not known), and why, where there is something to say. */
export interface Condition<State extends string> {
  readonly state: State;
  readonly sinceMs: number | undefined;
  readonly reason: string | undefined;
}

export type Names = Readonly<Record<string, string>>;

/** Seconds, or `unknown` where it cannot be asked. */
export type Lag = number | 'unknown';

export interface SourceState extends Condition<FeedState> {
  /** Nothing where there is one, and nothing to tell apart. */
  readonly names: Names;
  /** `unknown`: it has not answered yet. `failing`: it does not answer, or refuses, some call or all. */
  readonly service: Condition<'up' | 'failing' | 'unknown'>;
  readonly shards: number;
  /** Shards that stand still, and that somebody may have to do something about. */
  readonly stalledShards: readonly { readonly shard: ShardId; readonly state: ShardState; readonly reason: string }[];
  /** Seconds, for each shard that is behind; `unknown` where it is not known which shards there are. */
  readonly lagSeconds: Readonly<Record<ShardId, Lag>> | 'unknown';
  /** Sums over the source's flows, since the process started. */
  readonly totals: readonly DeliveryTotals[];
}

export interface ReceiverState extends Condition<SinkStatus['state'] | 'stalled'> {
  readonly names: Names;
  /** `tls://siem.corp:6514` */
  readonly peer: string;
  /** The receiver says what it has read. */
  readonly confirms: boolean;
  /** Unix milliseconds; undefined before the first time. Where it does not confirm, when the network took something. */
  readonly lastConfirmedAtMs: number | undefined;
}

export interface OperationState {
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly sources: readonly SourceState[];
  /** Each by itself, also where several stand in for each other. */
  readonly receivers: readonly ReceiverState[];
  /** Unix milliseconds since which a dead-letter file cannot be written. */
  readonly deadLettersFailSinceMs: number | undefined;
  /** Bytes of logs that are pulled, or about to be, and not confirmed. */
  readonly bytesInFlight: number;
}

/** What is read of a feed. */
export interface ObservedFeed {
  readonly names: Names;
  readonly state: FeedState;
  readonly life: {
    readonly sinceMs: number;
    readonly failure: AppError | undefined;
    readonly unconnected: readonly SinkStatus[];
    readonly isServiceKnown: boolean;
  };
  readonly totals: readonly DeliveryTotals[];
  /** Undefined before the first start. */
  readonly current:
    | {
        readonly service: Pick<LogService, 'getCursorTime'> & Pick<SlsLogService, 'troubles' | 'upSinceMs'>;
        readonly group: Pick<ConsumerGroup, 'shards' | 'lastHeartbeatAtMs'>;
      }
    | undefined;
}

export interface Observed {
  readonly feeds: { readonly all: readonly ObservedFeed[] };
  readonly resources: {
    readonly all: readonly { readonly names: Names; readonly sink: { readonly status: SinkStatus } }[];
    readonly deadLettersFailSinceMs: number | undefined;
  };
  readonly budget: { readonly inUse: number };
  readonly clock: Clock;
}

/** @param signal ends questions to the log service; what is not answered by then is `unknown` */
export async function collectState(observed: Observed, signal: AbortSignal): Promise<OperationState> {
  const { feeds, resources, budget, clock } = observed;
  return {
    atMs: clock.now(),
    receivers: resources.all.flatMap(({ names, sink: { status } }) => {
      return (status.members ?? [status]).map((member) => receiverState(names, member));
    }),
    deadLettersFailSinceMs: resources.deadLettersFailSinceMs,
    bytesInFlight: budget.inUse,
    sources: await Promise.all(feeds.all.map((feed) => sourceState(feed, signal, clock))),
  };
}

function receiverState(names: Names, status: SinkStatus): ReceiverState {
  const { peer, confirms, lastConfirmedAtMs, stalled, state, sinceMs, lastError } = status;
  const own = { names, peer, confirms, lastConfirmedAtMs };
  if (state === 'up' && stalled) return { ...own, state: 'stalled', ...stalled };
  return { ...own, state, sinceMs, reason: state === 'up' ? undefined : lastError };
}

async function sourceState(feed: ObservedFeed, signal: AbortSignal, clock: Clock): Promise<SourceState> {
  const { names, state, life, totals, current } = feed;
  const shards = current?.group.shards ?? [];
  const service = serviceCondition(feed);
  return {
    names,
    state: life.failure ? 'failed' : state,
    sinceMs: life.sinceMs,
    reason: life.failure?.message ?? (state === 'starting' ? whyStarting(feed) : undefined),
    service,
    shards: shards.length,
    stalledShards: shards
      .filter((shard) => facts[shard.state].isStalled)
      .map(({ shard, state: its, failure }) => ({ shard, state: its, reason: failure?.message ?? its })),
    // No shard is ours, and it is not known whether one should be.
    lagSeconds:
      current && (shards.length > 0 || service.state === 'up') ? await lagByShard(current, signal, clock) : 'unknown',
    totals,
  };
}

function serviceCondition({ state, life, current }: ObservedFeed): SourceState['service'] {
  const [first] = [...(current?.service.troubles ?? [])].sort((a, b) => a.sinceMs - b.sinceMs);
  if (first) return { state: 'failing', sinceMs: first.sinceMs, reason: first.error.message };
  if (!current || !life.isServiceKnown || state === 'failed') {
    return { state: 'unknown', sinceMs: life.sinceMs, reason: life.failure?.message };
  }
  const isMember = current.group.lastHeartbeatAtMs !== undefined;
  if ((state === 'running' || state === 'reached') && !isMember) {
    return { state: 'failing', sinceMs: undefined, reason: 'no heartbeat is answered; others may have the shards' };
  }
  return { state: 'up', sinceMs: current.service.upSinceMs, reason: undefined };
}

function whyStarting({ life, current }: ObservedFeed): string | undefined {
  const receivers = life.unconnected.map(({ peer }) => `it waits for the receiver ${peer}`);
  const service = life.isServiceKnown || !current ? [] : ['it waits for the log service'];
  return [...receivers, ...service].join('; ') || undefined;
}

/** Between now and when the service received what is confirmed last. */
async function lagByShard(
  { service, group }: NonNullable<ObservedFeed['current']>,
  signal: AbortSignal,
  clock: Clock,
): Promise<Record<ShardId, Lag>> {
  const behind = group.shards.filter(
    (shard) => shard.state !== 'finished' && !(shard.caughtUp && isAllConfirmed(shard)),
  );
  const entries = await Promise.all(
    behind.map(async ({ shard, progress }): Promise<[ShardId, Lag]> => {
      if (!progress) return [shard, 'unknown'];
      try {
        const receivedSec = await service.getCursorTime(shard, progress.confirmed, signal);
        return [shard, Math.max(0, Math.round(clock.now() / 1000 - receivedSec))];
      } catch {
        return [shard, 'unknown']; // expired, or not answered: the pull itself reports what is wrong
      }
    }),
  );
  return Object.fromEntries(entries);
}

function isAllConfirmed({ progress }: ShardConsumer): boolean {
  return progress?.allConfirmed === true;
}

/** What takes a moment in peace, at start and after a reload. */
const momentMs = 30_000;

/** @returns what is wrong, in words; nothing: all is well */
export function whatIsWrong({ atMs, sources, receivers, deadLettersFailSinceMs }: OperationState): string[] {
  const isLate = ({ sinceMs }: Condition<string>) => sinceMs === undefined || atMs - sinceMs >= momentMs;
  const named = (names: Names) => Object.values(names).map((name) => ` ${name}`);
  return [
    ...receivers.flatMap((receiver) => {
      const isWrong =
        receiver.state === 'down' ||
        receiver.state === 'stalled' ||
        (receiver.state === 'connecting' && isLate(receiver));
      return isWrong ? [describe(`the receiver ${receiver.peer}`, receiver)] : [];
    }),
    ...sources.flatMap((source) => {
      const { names, service, stalledShards } = source;
      const isWrong = source.state === 'failed' || (source.state === 'starting' && isLate(source));
      return [
        ...(service.state === 'failing' ? [describe(['the log service', ...named(names)].join(''), service)] : []),
        ...(isWrong ? [describe(['the source', ...named(names)].join(''), source)] : []),
        ...stalledShards.map(
          ({ shard, state, reason }) => `shard ${shard}${named(names).join('')} is ${state}: ${reason}`,
        ),
      ];
    }),
    ...(deadLettersFailSinceMs === undefined ? [] : ['a dead-letter file cannot be written']),
  ];
}

function describe(what: string, { state, reason }: Condition<string>): string {
  return reason === undefined ? `${what} is ${state}` : `${what} is ${state}: ${reason}`;
}
