/**
 * What a daemon of these flows consists of, and what has to be done to come from some flows to others. Pure.
 *
 * A *feed* is a consumer group, and the flows that it feeds: all required flows of a source are one, and each that is
 * not required is one by itself, for it has a consumer group of its own.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Flow, OperationConfig } from '../../config/model/config.ts';

export interface FeedPlan {
  /** Names source and consumer group: equal keys, equal feeds. */
  readonly key: string;
  readonly source: string;
  /** At least one; they have the same `service` and `group`. */
  readonly flows: readonly [Flow, ...Flow[]];
}

/** From the feeds that run to those that are wanted. */
export interface FlowChanges {
  /** Nothing about them is different. */
  readonly kept: readonly FeedPlan[];
  /** They run otherwise from now on; the plans are the new ones. */
  readonly changed: readonly FeedPlan[];
  readonly added: readonly FeedPlan[];
  readonly removed: readonly FeedPlan[];
  /** Settings of the process that are different, and stay what they are until it is started again. */
  readonly needRestart: readonly (keyof OperationConfig)[];
}

export function planFeeds(flows: readonly Flow[]): readonly FeedPlan[] {
  const feeds = new Map<string, [Flow, ...Flow[]]>();
  for (const flow of flows) {
    const key = JSON.stringify([flow.source, flow.config.group.name]);
    const known = feeds.get(key);
    if (known) known.push(flow);
    else feeds.set(key, [flow]);
  }
  return [...feeds].map(([key, own]) => ({ key, source: own[0].source, flows: own }));
}

/** What logs and reports name; nothing where there are no sections, and so nothing to tell apart. */
export function flowNames({ pipeline, source, receiver }: Flow): Readonly<Record<string, string>> {
  return isUnnamed(pipeline, source, receiver) ? {} : { pipeline, source, receiver };
}

/** The source, and where it has another feed beside this one, whom this one feeds. */
export function feedNames({ flows: [first] }: FeedPlan): Readonly<Record<string, string>> {
  const { pipeline, source, receiver, required } = first;
  if (isUnnamed(pipeline, source, receiver)) return {};
  return required ? { source } : { source, receiver };
}

export function receiverNames({ pipeline, source, receiver }: Flow): Readonly<Record<string, string>> {
  return isUnnamed(pipeline, source, receiver) ? {} : { receiver };
}

function isUnnamed(...names: readonly string[]): boolean {
  return names.every((name) => name === 'default');
}

/** One budget for all: what the most generous of them says. */
export function maxInFlightBytes(flows: readonly Flow[]): number {
  return Math.max(...flows.map(({ config }) => config.group.maxInFlightBytes));
}

/** @param running @param wanted at least one flow each */
export function compareFlows(running: readonly Flow[], wanted: readonly Flow[]): FlowChanges {
  const before = new Map(planFeeds(running).map((plan) => [plan.key, plan]));
  const after = planFeeds(wanted);
  const keys = new Set(after.map(({ key }) => key));
  const isKept = (plan: FeedPlan) => isSameFeed(before.get(plan.key), plan);
  return {
    kept: after.filter(isKept),
    changed: after.filter((plan) => before.has(plan.key) && !isKept(plan)),
    added: after.filter(({ key }) => !before.has(key)),
    removed: [...before.values()].filter(({ key }) => !keys.has(key)),
    needRestart: changedOperation(running[0]?.config.operation, wanted[0]?.config.operation),
  };
}

function isSameFeed(a: FeedPlan | undefined, b: FeedPlan): boolean {
  return a !== undefined && isDeepStrictEqual(byName(a.flows).map(comparableFlow), byName(b.flows).map(comparableFlow));
}

/** The order in which the file has pipelines, and their receivers, means nothing. */
function byName(flows: readonly Flow[]): readonly Flow[] {
  const nameOf = ({ pipeline, receiver }: Flow) => `${pipeline}/${receiver}`;
  return flows.toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}

/** Without what is the process's: its settings, and the budget, which takes another size while it is in use. */
function comparableFlow(flow: Flow): unknown {
  const { operation: _, group, message, ...config } = flow.config;
  const { maxInFlightBytes: __, ...rest } = group;
  return { ...flow, config: { ...config, message: message.fingerprint, group: rest } };
}

function changedOperation(a: OperationConfig | undefined, b: OperationConfig | undefined): (keyof OperationConfig)[] {
  if (!a || !b) return [];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)] as (keyof OperationConfig)[]);
  return [...keys].filter((key) => !isDeepStrictEqual(a[key], b[key]));
}

/** Skipped only where every receiver's flow says so, and after the longest patience: a shard that waits loses nothing. */
export function skipUnreadableAfterMs(flows: FeedPlan['flows']): number | undefined {
  const deliveries = flows.map(({ config }) => config.delivery);
  if (!deliveries.every(({ onCorruptBatch }) => onCorruptBatch === 'skip')) return undefined;
  return Math.max(...deliveries.map(({ corruptBatchPatienceMs }) => corruptBatchPatienceMs));
}
