/**
 * The composition root: builds every part, joins them, and owns the order in which they start and stop.
 *
 * The way of a log, and the file for each step. ② to ⑥ are written twice, and write the same: as the kernel, in
 * AssemblyScript, which is what runs; and as the reference, in TypeScript, which the kernel is held to.
 *
 *     ① pull        sls/sls-log-service.ts               GET → compressed bytes
 *                   kernel/assembly/   encode/
 *     ② unpack      base/lz4.ts        wire/unpack.ts      lz4 → LogGroupList bytes
 *     ③ walk        walk.ts            wire/log-walker.ts  bytes → one log at a time, nothing copied
 *     ④ decide      rules.ts           text/columns.ts     filters and rules (rules/evaluate.ts): whether it is sent, and how
 *     ⑤ format      message.ts         text/row-writer.ts  fields → message text (format/registry.ts: the formats)
 *     ⑥ frame       frame.ts           frame-writer.ts     lead (encode/header/: a syslog header) + text → frame
 *     ⑦ write       sink/syslog/transports/              frames → socket (sink/receivers/: which of several)
 *     ⑧ confirm     sink/syslog/confirm/rotation.ts      how far the receiver has it → group/checkpoint/progress.ts
 *     ⑨ checkpoint  group/checkpoint/checkpointer.ts     the shard's cursor, on the server
 *
 * What cannot be sent leaves it between ⑥ and ⑦, to dead-letter/.
 *
 * pipeline/deliver/deliver.ts joins ② to ⑦, a batch at a time for each shard, and no faster than pacer.ts beside it lets
 * them go; group/shard/shard-consumer.ts is the loop around it. pipeline/flow/feed.ts joins ① to ⑨ for one consumer group
 * and the receivers that it feeds, with fan-out.ts where these are several. A process has a feed for each source; what
 * feeds share (receivers, encoders, files) is in flow-resources.ts, and the budget that ① draws on is one for all.
 */
import type { Flow } from './config/model/config.ts';
import { createDeferred } from './core/deferred.ts';
import { AppError, toAppError } from './core/errors.ts';
import type { Log } from './core/log.ts';
import { ByteBudget } from './group/pull/byte-budget.ts';
import { Feeds } from './pipeline/flow/feeds.ts';
import { FlowResources } from './pipeline/flow/flow-resources.ts';
import type { NotShipped } from './pipeline/flow/not-shipped.ts';
import { maxInFlightBytes } from './pipeline/flow/plan.ts';
import { type Machine, thisMachine } from './pipeline/machine.ts';
import { startMinuteReport } from './pipeline/report/minute-report.ts';
import { BodyPool } from './sls/body-pool.ts';

/** How a run ended. */
export interface ExitSummary {
  /** Everything that was pulled is delivered and checkpointed, and what was to be shipped was. */
  readonly complete: boolean;
  /** Everything that was pulled is delivered and checkpointed. */
  readonly delivered: boolean;
  /** Sources that have shipped nothing, or not all that was asked for, and why. */
  readonly notShipped: readonly NotShipped[];
  /** Delivered means that the receiver has read it; otherwise, that the local kernel has taken it. */
  readonly confirmed: boolean;
  /** Totals, and what was not confirmed, for the log's last line. Never a payload. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Daemon {
  /**
   * Joins the groups and connects; resolves when the first source has.
   * @throws AppError when none can: wrong key, no such project
   */
  start(signal?: AbortSignal): Promise<void>;
  /**
   * Settles when the daemon has ended, for whatever reason: `--until` was reached, it was drained or destroyed
   * (resolves), or it cannot go on (rejects). It may settle without `start()` having settled.
   */
  readonly finished: Promise<ExitSummary>;
  /** Bytes of logs that are pulled, or about to be, and not confirmed yet. Bounded by `--max-in-flight`. */
  readonly bytesInFlight: number;
  /** Stops pulling, confirms, saves the last checkpoints, closes. Idempotent; also before or during `start()`. */
  drain(deadlineMs: number): Promise<ExitSummary>;
  /**
   * Goes over to other flows. Those that are the same go on without a break; of the others, what was pulled is delivered
   * and saved before they end, and before they start anew. Resolves when that is done, or the daemon has ended.
   * @throws ConfigError, and nothing has changed
   */
  reload(flows: readonly Flow[]): Promise<void>;
  /** Drops everything at once. Idempotent. */
  destroy(error: AppError): void;
}

export interface DaemonOptions {
  /** At least one. */
  readonly flows: readonly Flow[];
  readonly log: Log;
  /** Asked when the service refuses an access key: the configuration may hold another by now. */
  readonly readFlows?: () => readonly Flow[];
  /** Before a source that cannot go on is tried again for the first time, while others go on; for tests. */
  readonly retryPauseMs?: number;
  /** Default: the one that the process runs on. */
  readonly machine?: Machine;
}

/** What the command line needs of this file; a test brings its own. */
export type CreateDaemon = (options: DaemonOptions) => Daemon;

/** @throws ConfigError when a certificate, a key or a message's options cannot be used */
export function createDaemon(options: DaemonOptions): Daemon {
  const { flows, log, readFlows, retryPauseMs, machine = thisMachine } = options;
  const { clock } = machine;
  const startedAtMs = clock.monotonic();
  const ended = new AbortController();
  const running = createDeferred<void>();
  const finished = createDeferred<ExitSummary>();
  // A rejection is seen by those who await it; nobody has to.
  for (const { promise } of [running, finished]) promise.catch(() => undefined);

  const resources = new FlowResources(log, ended.signal, machine);
  const budget = new ByteBudget(maxInFlightBytes(flows), undefined, clock);
  const feeds = new Feeds({
    flows,
    resources,
    budget,
    bodies: new BodyPool(),
    readFlows,
    retryPauseMs,
    onRunning: () => running.resolve(),
    onFatal: fail,
    onReached: () => void drain(flows[0]?.config.operation.drainTimeoutMs ?? 0),
    log,
    machine,
  });
  let isStarted = false;
  let draining: Promise<ExitSummary> | undefined;

  async function start(signal?: AbortSignal): Promise<void> {
    const onAbort = () => destroy(toAppError(signal?.reason));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (!isStarted && !draining && !ended.signal.aborted) {
      startMinuteReport({ feeds, resources, budget, log, signal: ended.signal, clock });
      feeds.start();
    }
    isStarted = true;
    try {
      await running.promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  function drain(deadlineMs: number): Promise<ExitSummary> {
    draining ??= drainParts(deadlineMs);
    return draining;
  }

  async function drainParts(deadlineMs: number): Promise<ExitSummary> {
    const summary = end(await feeds.retire(deadlineMs));
    finished.resolve(summary);
    return summary;
  }

  async function reload(wanted: readonly Flow[]): Promise<void> {
    if (draining) return;
    resources.lookUpAgain();
    await feeds.reload(wanted);
  }

  function destroy(error: AppError): void {
    if (ended.signal.aborted) return;
    feeds.destroy(error);
    finished.resolve(end(false));
  }

  /** The daemon cannot go on by itself. */
  function fail(error: AppError): void {
    if (ended.signal.aborted || draining) return;
    feeds.destroy(error);
    running.reject(error);
    log.error(
      end(false).fields,
      'stopping: it cannot go on, see the next line; what is unconfirmed will be sent again',
    );
    finished.reject(error);
  }

  function end(delivered: boolean): ExitSummary {
    const { notShipped } = feeds;
    const complete = delivered && !notShipped.some(({ isFailure }) => isFailure);
    const summary = { complete, delivered, notShipped, confirmed: resources.confirm, fields: summarise() };
    ended.abort(new AppError('the daemon has ended', { code: 'ended', action: 'fatal' }));
    resources.destroy();
    running.resolve();
    return summary;
  }

  function summarise(): Record<string, unknown> {
    const { user, system } = process.cpuUsage();
    return {
      ...feeds.totals,
      framesDropped: resources.framesDropped,
      reconnects: resources.reconnects,
      seconds: (clock.monotonic() - startedAtMs) / 1000,
      cpuSeconds: (user + system) / 1e6,
      unconfirmed: feeds.unfinished,
    };
  }

  return {
    start,
    finished: finished.promise,
    get bytesInFlight() {
      return budget.inUse;
    },
    drain,
    reload,
    destroy,
  };
}
