/**
 * One feed: a consumer of a source's group, and the way from it to every receiver that its pipelines name.
 *
 *   waiting    made; nothing runs yet.                                `start` → starting
 *   starting   the group is made sure of while the receivers are      Both are there → joined: running
 *              connected to.                                          It cannot be → failed
 *   running    the consumer group does its work.                      It cannot go on → failed
 *                                                                     `--until` is reached → reached
 *   failed     told, once for each reason. Everything of it is        A pause, longer each time → starting
 *              dropped, but for the receivers, which others have too.
 *   reached    as running, with nothing more to come.
 *   retired    by `retire`, when all is delivered and saved, or its time is over; by `destroy`, at once. The end.
 */
import { AppError, toAppError } from '../../core/errors.ts';
import { type Log, withFields } from '../../core/log.ts';
import type { Clock, Timer } from '../../core/time/clock.ts';
import { ConsumerGroup } from '../../group/consumer-group.ts';
import type { ByteBudget } from '../../group/pull/byte-budget.ts';
import type { SlsLogService } from '../../sls/sls-log-service.ts';
import { buildRefused, buildService, type ServiceOptions } from '../build.ts';
import { createDeliver } from '../deliver/deliver.ts';
import { type DeliveryTotals, noTotals } from '../deliver/delivery-totals.ts';
import type { Machine } from '../machine.ts';
import { FanOut } from './fan-out.ts';
import { FeedLife, type FeedState } from './feed-life.ts';
import type { FlowParts, FlowResources } from './flow-resources.ts';
import type { NotShipped } from './not-shipped.ts';
import { type FeedPlan, feedNames, flowNames, skipUnreadableAfterMs } from './plan.ts';
import { withPresentKey } from './present-key.ts';

export interface FeedOptions {
  readonly plan: FeedPlan;
  readonly resources: FlowResources;
  readonly budget: ByteBudget;
  readonly service: Omit<ServiceOptions, 'log'>;
  readonly machine: Machine;
  /** Shared by the whole process. */
  readonly drainTimeoutMs: number;
  /** The first pause before it is tried again; each is twice the last, up to 5 min. Default 5 s. */
  readonly retryPauseMs?: number | undefined;
  readonly onRunning: () => void;
  /** @returns whether it is to be tried again, because others go on; otherwise the process ends, and says why */
  readonly onFailed: (error: AppError) => boolean;
  readonly onReached: () => void;
  readonly log: Log;
}

/** What a start makes, and a failure drops. */
interface Attempt {
  readonly service: SlsLogService;
  readonly group: ConsumerGroup;
  readonly startedAtMs: number;
}

/** What the group has of a shutdown's time; the rest is for closing connections in an orderly way. */
const shareOfShards = 0.8;
/** With a rate limit: what a drain has to wait for, at most about, is what was pulled to be delivered in this time. */
const pacedBatchMs = 1_000;
const firstPauseMs = 5_000;
const longestPauseMs = 5 * 60_000;

export class Feed {
  readonly plan: FeedPlan;
  readonly names: Readonly<Record<string, string>>;
  /** Since the process started, in the order of the plan's flows. */
  readonly totals: readonly DeliveryTotals[];
  readonly #options: FeedOptions;
  readonly #parts: readonly FlowParts[];
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #life: FeedLife;
  readonly #retiring = new AbortController();
  #attempt: Attempt | undefined;
  #pauseMs: number;
  #timer: Timer | undefined;
  #loggedCode: string | undefined;
  #retired: Promise<boolean> | undefined;
  #notShipped: NotShipped | undefined;

  /** @throws ConfigError when a certificate, a key or a message's options cannot be used */
  constructor(options: FeedOptions) {
    const { plan, resources, log } = options;
    this.plan = plan;
    this.names = feedNames(plan);
    this.totals = plan.flows.map(() => noTotals());
    this.#options = options;
    this.#clock = options.machine.clock;
    this.#log = withFields(log, this.names);
    this.#pauseMs = options.retryPauseMs ?? firstPauseMs;
    const parts: FlowParts[] = [];
    this.#parts = parts;
    try {
      for (const flow of plan.flows) parts.push(resources.take(flow));
    } catch (error) {
      for (const taken of parts) void resources.giveBack(taken, 0);
      throw error;
    }
    this.#life = new FeedLife({
      names: this.names,
      isBounded: plan.flows[0].config.group.until !== undefined,
      isRequired: plan.flows[0].required,
      destinations: [...new Set(parts.map(({ destination }) => destination))],
      clock: this.#clock,
    });
  }

  get state(): FeedState {
    return this.#life.state;
  }

  /** For who asks how far it has come. */
  get life(): Pick<FeedLife, 'sinceMs' | 'failure' | 'unconnected' | 'isServiceKnown'> {
    return this.#life;
  }

  /** Undefined while nothing of it runs. */
  get current(): Pick<Attempt, 'service' | 'group'> | undefined {
    return this.#attempt;
  }

  /** The shards with something pulled that is not saved, after it has been retired. */
  get unfinished(): readonly Readonly<Record<string, unknown>>[] {
    return (this.#attempt?.group.unfinished() ?? []).map((shard) => ({ ...this.names, ...shard }));
  }

  /** After it has been retired: why it has shipped nothing, or not all that was asked for. */
  get notShipped(): NotShipped | undefined {
    return this.#notShipped;
  }

  start(): void {
    if (this.state === 'waiting') void this.#start();
  }

  /**
   * Delivers and saves what was pulled, and gives the receivers back. Concurrent callers share it.
   * @param deadlineMs for both
   * @returns true when everything that was pulled is delivered and saved
   */
  retire(deadlineMs: number): Promise<boolean> {
    this.#retired ??= this.#retire(deadlineMs);
    return this.#retired;
  }

  /** Drops everything but the receivers at once. */
  destroy(error: AppError): void {
    if (this.state === 'retired') return;
    this.#life.enter('retired');
    this.#clock.cancel(this.#timer);
    this.#retiring.abort(error);
    this.#retired ??= Promise.resolve(false);
    this.#attempt?.group.destroy(error);
    void this.#attempt?.service.close();
  }

  async #start(): Promise<void> {
    this.#life.enter('starting');
    try {
      const attempt = this.#create();
      this.#attempt = attempt;
      for (const { deadLetter } of this.#parts) if (deadLetter) await this.#whileWanted(deadLetter.file.open());
      // Both at once: a wrong key is told although the receiver is down, and the other way round. The group is
      // joined only with a connection: an instance that cannot deliver must not hold shards that others could.
      await this.#whileWanted(this.#life.prepare(() => attempt.group.prepare()));
      await this.#whileWanted(attempt.group.join());
    } catch (thrown) {
      if (!this.#retiring.signal.aborted) this.#fail(toAppError(thrown));
      return;
    }
    // A shard may have failed, or reached the end, before the call came back.
    if (this.state !== 'starting') return;
    const forSeconds = Math.round((this.#clock.now() - this.#life.sinceMs) / 1000);
    this.#life.enter('running');
    if (this.#loggedCode !== undefined) this.#log.info({ forSeconds }, 'the source can be used again');
    this.#loggedCode = undefined;
    this.#options.onRunning();
  }

  #create(): Attempt {
    const { plan, budget, drainTimeoutMs } = this.#options;
    const log = this.#log;
    const [{ config }] = plan.flows;
    // A wrong key is mended in the file: whoever tries again asks for it again.
    const read = this.#loggedCode === undefined ? undefined : this.#options.service.readCredentials;
    const withKey = { ...config, service: withPresentKey(config.service, read) };
    const service = buildService(withKey, { ...this.#options.service, machine: this.#options.machine, log });
    const branches = plan.flows.map((flow, at) => this.#branch(flow, at));
    const fanOut = new FanOut(branches, {
      markSent: (ticket) => group.markSent(ticket),
      markConfirmed: (ticket) => group.markConfirmed(ticket),
      markLost: (tickets) => group.markLost(tickets),
    });
    const isCurrent = () => this.#attempt?.group === group;
    const group: ConsumerGroup = new ConsumerGroup({
      ...config.group,
      until: config.group.until,
      budget: budget.share(),
      service,
      deliver: fanOut.deliver,
      skipUnreadableAfterMs: skipUnreadableAfterMs(plan.flows),
      ...(this.#parts.some(({ destination }) => destination.pace) && { batchTargetMs: pacedBatchMs }),
      confirmSoon: () => {
        for (const { destination } of this.#parts) destination.sink.confirmSoon();
      },
      drainTimeoutMs,
      clock: this.#clock,
      onUntilReached: () => {
        log.info({ until: config.group.until }, 'every shard is read up to --until');
        this.#life.enter('reached');
        this.#options.onReached();
      },
      onFatal: (error) => {
        if (isCurrent()) this.#fail(error);
      },
      log,
    });
    return { service, group, startedAtMs: this.#clock.monotonic() };
  }

  #branch(flow: FeedPlan['flows'][number], at: number) {
    const { destination, encoder, deadLetter } = this.#parts[at] as FlowParts;
    const names = flowNames(flow);
    const streamPrefix = Object.values(names)
      .map((name) => `${name}/`)
      .join('');
    const totals = this.totals[at] as DeliveryTotals;
    const deliver = createDeliver({
      encoder,
      origin: flow.config.service,
      sink: destination.sink,
      totals,
      pace: destination.pace,
      encodeLimiter: destination.encodeLimiter,
      deadLetters: deadLetter?.letters,
      refused: buildRefused(flow.config),
      clock: this.#clock,
      log: withFields(this.#options.log, names),
    });
    const confirmed = (logs: number) => {
      totals.confirmed += logs;
    };
    const { project, logstore } = flow.config.service;
    return { streamPrefix, source: { project, logstore }, deliver, confirmed };
  }

  /** The feed cannot go on by itself. */
  #fail(error: AppError): void {
    const attempt = this.#attempt;
    if (this.state === 'failed' || this.state === 'retired') return;
    if (this.#retired) {
      this.#log.error({ code: error.code, ...error.context }, `while it ends: ${error.message}`);
      return;
    }
    this.#life.enter('failed', error);
    attempt?.group.destroy(error);
    void attempt?.service.close();
    if (!this.#options.onFailed(error)) return;
    if (attempt && this.#clock.monotonic() - attempt.startedAtMs > longestPauseMs) this.#pauseMs = this.#firstPauseMs;
    const pauseMs = this.#pauseMs * (0.5 + this.#clock.random() / 2);
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2);
    const facts = { code: error.code, ...error.context, pauseSeconds: Math.ceil(pauseMs / 1000) };
    const message = `this source cannot go on: ${error.message}; the others do, and it is tried again`;
    this.#log[this.#loggedCode === error.code ? 'debug' : 'error'](facts, message);
    this.#loggedCode = error.code;
    this.#timer = this.#clock.timer(pauseMs, () => void this.#start());
  }

  get #firstPauseMs(): number {
    return this.#options.retryPauseMs ?? firstPauseMs;
  }

  async #retire(deadlineMs: number): Promise<boolean> {
    const deadlineAtMs = this.#clock.monotonic() + deadlineMs;
    const hasFailed = this.state === 'failed';
    this.#clock.cancel(this.#timer);
    this.#notShipped = this.#life.whyNotShipped(this.#attempt?.service);
    const isDelivered = hasFailed
      ? this.#hasNothingPending
      : ((await this.#attempt?.group.drain(deadlineMs * shareOfShards)) ?? true);
    this.#life.enter('retired');
    this.#retiring.abort(new AppError('the feed has ended', { code: 'ended', action: 'fatal' }));
    const leftMs = Math.max(1_000, deadlineAtMs - this.#clock.monotonic());
    const closed = await Promise.all(this.#parts.map((parts) => this.#options.resources.giveBack(parts, leftMs)));
    void this.#attempt?.service.close();
    return isDelivered && closed.every((each) => each);
  }

  /** What has failed and was not asked to read up to something has done all that it could, unless it had begun. */
  get #hasNothingPending(): boolean {
    return this.plan.flows[0].config.group.until === undefined && this.unfinished.length === 0;
  }

  /** Rejects when the feed is to end meanwhile. */
  async #whileWanted<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.#retiring;
    const ended = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      if (signal.aborted) reject(signal.reason);
    });
    return Promise.race([promise, ended]);
  }
}
