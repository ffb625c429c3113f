/**
 * All feeds of the process: which of them run, what becomes of the others when one cannot go on, and how they change
 * when the configuration does.
 */
import type { Flow, OperationConfig } from '../../config/model/config.ts';
import type { AppError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { ByteBudget } from '../../group/pull/byte-budget.ts';
import type { Credentials } from '../../sls/signing/credentials.ts';
import type { ServiceOptions } from '../build.ts';
import { addTotals, type DeliveryTotals, noTotals } from '../deliver/delivery-totals.ts';
import type { Machine } from '../machine.ts';
import { Feed } from './feed.ts';
import type { FlowResources } from './flow-resources.ts';
import type { NotShipped } from './not-shipped.ts';
import { compareFlows, type FeedPlan, type FlowChanges, maxInFlightBytes, planFeeds } from './plan.ts';

export interface FeedsOptions {
  /** At least one. */
  readonly flows: readonly Flow[];
  readonly resources: FlowResources;
  readonly budget: ByteBudget;
  readonly bodies: ServiceOptions['bodies'];
  readonly readFlows: (() => readonly Flow[]) | undefined;
  readonly retryPauseMs: number | undefined;
  /** A feed has joined its group. */
  readonly onRunning: () => void;
  /** No feed is left that could go on. */
  readonly onFatal: (error: AppError) => void;
  /** Every feed has come to `--until`, or cannot. */
  readonly onReached: () => void;
  readonly log: Log;
  readonly machine: Machine;
}

export class Feeds {
  readonly #options: FeedsOptions;
  readonly #feeds = new Map<string, Feed>();
  /** They deliver what they have pulled, and then make way. */
  readonly #retiring = new Set<Feed>();
  /** Totals of feeds that are gone. */
  readonly #gone = noTotals();
  readonly #operation: OperationConfig;
  #flows: readonly Flow[];
  #reloading: Promise<void> = Promise.resolve();
  #state: 'new' | 'started' | 'ended' = 'new';

  /** @throws ConfigError when a certificate, a key or a message's options cannot be used */
  constructor(options: FeedsOptions) {
    this.#options = options;
    this.#flows = options.flows;
    this.#operation = (options.flows[0] as Flow).config.operation;
    for (const feed of this.#createAll(planFeeds(options.flows))) this.#feeds.set(feed.plan.key, feed);
  }

  get all(): readonly Feed[] {
    return [...this.#feeds.values()];
  }

  /** Since the process started. */
  get totals(): DeliveryTotals {
    const sum = { ...this.#gone };
    for (const feed of [...this.all, ...this.#retiring]) addAll(sum, feed);
    return sum;
  }

  /** After the end: the shards with something pulled that is not saved. */
  get unfinished(): readonly Readonly<Record<string, unknown>>[] {
    return [...this.all, ...this.#retiring].flatMap((feed) => feed.unfinished);
  }

  /** After the end: which sources have shipped nothing, or not all that was asked for, and why. */
  get notShipped(): readonly NotShipped[] {
    return this.all.flatMap((feed) => feed.notShipped ?? []);
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    for (const feed of this.all) feed.start();
  }

  /** One after another. Resolves when the old has made way and the new is started. @throws ConfigError: nothing has changed */
  reload(wanted: readonly Flow[]): Promise<void> {
    const reloaded = this.#reloading.then(() => this.#reload(wanted));
    this.#reloading = reloaded.catch(() => undefined);
    return reloaded;
  }

  /** Retires all feeds, side by side. @returns true when everything that was pulled is delivered and saved */
  async retire(deadlineMs: number): Promise<boolean> {
    this.#state = 'ended';
    const outcomes = await Promise.all([...this.all, ...this.#retiring].map((feed) => feed.retire(deadlineMs)));
    return outcomes.every((isComplete) => isComplete);
  }

  destroy(error: AppError): void {
    this.#state = 'ended';
    for (const feed of [...this.all, ...this.#retiring]) feed.destroy(error);
  }

  async #reload(given: readonly Flow[]): Promise<void> {
    if (this.#state === 'ended') return;
    const { log, budget } = this.#options;
    const changes = compareFlows(this.#flows, given);
    const wanted = given.map((flow) => ({ ...flow, config: { ...flow.config, operation: this.#operation } }));
    const isNew = new Set([...changes.added, ...changes.changed].map(({ key }) => key));
    // First of all, for it may fail; and so a receiver that old and new have in common keeps its connection.
    const fresh = this.#createAll(planFeeds(wanted).filter(({ key }) => isNew.has(key)));
    this.#flows = wanted;
    budget.resize(maxInFlightBytes(wanted));
    log.info(
      summaryOf(changes),
      'reloading: what is kept goes on, what is changed or removed delivers what it has first',
    );
    if (changes.needRestart.length > 0) {
      log.warn({ settings: changes.needRestart }, 'reloading: these settings stay as they are until the next start');
    }
    await Promise.all([
      ...changes.removed.map(({ key }) => this.#retireFeed(key)),
      ...fresh.map(async (feed) => {
        const { key } = feed.plan;
        const left = this.#retireFeed(key);
        this.#feeds.set(key, feed);
        await left;
        if (this.#state === 'started') feed.start();
      }),
    ]);
    this.#checkReached();
    log.info({}, 'reloaded');
  }

  async #retireFeed(key: string): Promise<void> {
    const feed = this.#feeds.get(key);
    if (!feed) return;
    this.#feeds.delete(key);
    this.#retiring.add(feed);
    const hadFailed = feed.state === 'failed';
    const isComplete = await feed.retire(this.#operation.drainTimeoutMs);
    // At the end of the process its last line says it.
    if (this.#state === 'ended') return;
    this.#retiring.delete(feed);
    addAll(this.#gone, feed);
    if (feed.notShipped?.isFailure && this.#state === 'started') {
      this.#options.log.warn(
        { ...feed.names, reason: feed.notShipped.reason },
        feed.notShipped.isNothing ? 'nothing was shipped from this source' : 'not all of this source was shipped',
      );
    }
    if (isComplete || hadFailed) return;
    const facts = { ...feed.names, unconfirmed: feed.unfinished };
    this.#options.log.warn(
      facts,
      'not everything was confirmed in time; it will be sent again when its source is read',
    );
  }

  /** All of them, or none. */
  #createAll(plans: readonly FeedPlan[]): readonly Feed[] {
    const feeds: Feed[] = [];
    try {
      for (const plan of plans) feeds.push(this.#create(plan));
    } catch (error) {
      for (const feed of feeds) void feed.retire(0);
      throw error;
    }
    return feeds;
  }

  #create(plan: FeedPlan): Feed {
    const { resources, budget, bodies, retryPauseMs, onRunning, log, machine } = this.#options;
    return new Feed({
      plan,
      resources,
      budget,
      service: { bodies, readCredentials: () => this.#readCredentials(plan) },
      machine,
      drainTimeoutMs: this.#operation.drainTimeoutMs,
      retryPauseMs,
      onRunning,
      onFailed: (error) => this.#onFailed(error),
      onReached: () => this.#checkReached(),
      log,
    });
  }

  #readCredentials(plan: FeedPlan): Credentials {
    const found = planFeeds(this.#options.readFlows?.() ?? []).find(({ key }) => key === plan.key);
    return (found ?? plan).flows[0].config.service;
  }

  /** A source that cannot go on is no reason to end as long as another can. */
  #onFailed(error: AppError): boolean {
    const states = this.all.map(({ state }) => state);
    if (states.some((state) => state !== 'failed' && state !== 'reached')) return true;
    if (states.includes('reached')) {
      this.#options.log.error({ code: error.code, ...error.context }, `not read up to --until: ${error.message}`);
      this.#checkReached();
    } else this.#options.onFatal(error);
    return false;
  }

  #checkReached(): void {
    const states = this.all.map(({ state }) => state);
    if (!states.includes('reached') || this.#state !== 'started') return;
    if (states.every((state) => state === 'reached' || state === 'failed')) this.#options.onReached();
  }
}

function addAll(sum: DeliveryTotals, feed: Feed): void {
  for (const totals of feed.totals) addTotals(sum, totals);
}

function summaryOf({ kept, changed, added, removed }: FlowChanges): Readonly<Record<string, readonly string[]>> {
  const pipelines = (plans: readonly FeedPlan[]) => [
    ...new Set(plans.flatMap(({ flows }) => flows.map(({ pipeline, source }) => `${pipeline}: ${source}`))),
  ];
  return {
    kept: pipelines(kept),
    changed: pipelines(changed),
    added: pipelines(added),
    removed: pipelines(removed),
  };
}
