/**
 * One line a minute: how everything does (operation-state.ts), and rates since the last line. A warning while anything is
 * wrong.
 */
import type { Log } from '../../core/log.ts';
import { type Clock, systemClock } from '../../core/time/clock.ts';
import type { DeliveryTotals } from '../deliver/delivery-totals.ts';
import {
  type Condition,
  collectState,
  type Observed,
  type ObservedFeed,
  type ReceiverState,
  type SourceState,
  whatIsWrong,
} from './operation-state.ts';

const intervalMs = 60_000;
const questionsMs = 10_000;

/** What is read of the feeds, and of what they share. */
export interface MinuteReportOptions extends Omit<Observed, 'clock' | 'feeds' | 'resources'> {
  readonly feeds: { readonly all: readonly ObservedFeed[]; readonly totals: DeliveryTotals };
  readonly resources: Observed['resources'] & { readonly framesDropped: number };
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
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
    const cut = clock.timer(questionsMs, () => bound.abort());
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
  readonly sources: ReadonlyMap<ObservedFeed, Logs>;
}

type Logs = Pick<DeliveryTotals, 'logs' | 'resent' | 'confirmed'>;

const noLogs: Logs = { logs: 0, resent: 0, confirmed: 0 };

function count({ all, totals }: MinuteReportOptions['feeds']): Counts {
  const sources = all.map((feed) => {
    const sum = (key: keyof Logs) => feed.totals.reduce((total, each) => total + each[key], 0);
    return [feed, { logs: sum('logs'), resent: sum('resent'), confirmed: sum('confirmed') }] as const;
  });
  return { totals: { ...totals }, sources: new Map(sources) };
}

async function report(options: MinuteReportOptions, since: Counts, now: Counts): Promise<void> {
  const { feeds, resources, log, signal, clock = systemClock } = options;
  const { all } = feeds;
  const { framesDropped } = resources;
  const state = await collectState({ ...options, clock }, signal);
  const { sources, receivers, deadLettersFailSinceMs, bytesInFlight, atMs } = state;
  // Everything has ended, and the process is about to: there is nothing that could be well.
  if (receivers.length === 0 && sources.every((source) => source.state === 'retired')) return;
  const wrong = whatIsWrong(state);
  const confirms = receivers.some((receiver) => receiver.confirms);
  const differs = (key: Exclude<keyof DeliveryTotals, 'droppedBy'>) => now.totals[key] - since.totals[key];
  const [source] = sources;
  const [receiver] = receivers;
  const fields = {
    ...(wrong.length > 0 && { wrong }),
    ...rates(now.totals, since.totals, confirms),
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
    framesDropped,
    ...(deadLettersFailSinceMs !== undefined && { deadLetterFileFailsSince: isoTime(deadLettersFailSinceMs) }),
    ...(sources.length === 1 && source && isUnnamed(source)
      ? sourceFields(source)
      : {
          shards: sources.reduce((sum, { shards }) => sum + shards, 0),
          sources: sources.map((each, at) => {
            const feed = all[at];
            const its = (counts: Counts) => (feed && counts.sources.get(feed)) ?? noLogs;
            return { ...each.names, ...rates(its(now), its(since), confirms), ...sourceFields(each) };
          }),
        }),
    ...(receivers.length === 1 && receiver && isUnnamed(receiver)
      ? { receiver: receiverFields(receiver, atMs) }
      : { receivers: receivers.map((each) => ({ ...each.names, ...receiverFields(each, atMs) })) }),
    bytesInFlight,
  };
  log[wrong.length > 0 ? 'warn' : 'info'](fields, 'last minute');
}

/** Rates of logs: what was sent for the first time, what was sent again after a loss, and what receivers have confirmed. */
function rates(now: Logs, since: Logs, confirms: boolean): Readonly<Record<string, number>> {
  const resent = now.resent - since.resent;
  return {
    sentLogsPerSecond: perSecond(now.logs - since.logs - resent),
    resentLogsPerSecond: perSecond(resent),
    ...(confirms && { confirmedLogsPerSecond: perSecond(now.confirmed - since.confirmed) }),
  };
}

function sourceFields({ service, shards, stalledShards, lagSeconds, ...source }: SourceState) {
  return {
    ...condition(source),
    service: condition(service),
    shards,
    ...(stalledShards.length > 0 && { stalledShards }),
    lagSeconds,
  };
}

function receiverFields(receiver: ReceiverState, atMs: number) {
  const { peer, state, confirms, lastConfirmedAtMs } = receiver;
  // What it does is known only of one that is there.
  const isMute = !confirms && (state === 'up' || state === 'stalled');
  const ago = lastConfirmedAtMs === undefined ? 'never' : secondsAgo(lastConfirmedAtMs, atMs);
  return { peer, ...condition(receiver), ...(isMute ? { confirms } : { lastConfirmedSecondsAgo: ago }) };
}

function condition({ state, sinceMs, reason }: Condition<string>) {
  return {
    state,
    ...(sinceMs !== undefined && { since: isoTime(sinceMs) }),
    ...(reason !== undefined && { reason }),
  };
}

function isUnnamed({ names }: { readonly names: Readonly<Record<string, string>> }): boolean {
  return Object.keys(names).length === 0;
}

function droppedSince(now: DeliveryTotals['droppedBy'], then: DeliveryTotals['droppedBy']): Record<string, number> {
  return Object.fromEntries(Object.entries(now).map(([filter, dropped]) => [filter, dropped - (then[filter] ?? 0)]));
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** A clock may have been set back. */
function secondsAgo(ms: number, nowMs: number): number {
  return Math.max(0, Math.round((nowMs - ms) / 1000));
}

function perSecond(value: number): number {
  return Math.round((value / (intervalMs / 1000)) * 10) / 10;
}
