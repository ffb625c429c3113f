/**
 * The composition root: builds every part, joins them, and owns the order in which they start and stop.
 *
 * The way of a log, and the file for each step:
 *
 *     ① pull        sls/sls-log-service.ts         GET → compressed bytes
 *     ② unpack      encode/unpack.ts               lz4 → LogGroupList bytes
 *     ③ walk        encode/log-walker.ts           bytes → one log at a time, nothing copied
 *     ④ select      (route/, to come)              filters and rules
 *     ⑤ format      format/key-value.ts            fields → message text, as a row of data
 *     ⑥ frame       encode/reference-encoder.ts    header + message → frame; kernel/ does ② to ⑥ at once
 *     ⑦ write       sink/syslog/                   frames → socket (sink/receivers.ts: which of several)
 *     ⑧ confirm     sink → group                   how far the receiver has it
 *     ⑨ checkpoint  group/checkpointer.ts          the shard's cursor, on the server
 *
 * What cannot be sent leaves it between ⑥ and ⑦, to dead-letter/.
 *
 * Steps ② to ⑦ are joined in deliver.ts, a batch at a time for each shard, and no faster than pacer.ts lets them go;
 * the loop around them is group/shard-consumer.ts.
 */
import { buildEncoder, buildService, buildSink } from './build.ts';
import type { Config } from './config/config.ts';
import { DeadLetters } from './dead-letter/dead-letters.ts';
import { DeadLetterFile } from './dead-letter/file.ts';
import { createDeliver, noTotals } from './deliver.ts';
import { AppError, toAppError } from './errors.ts';
import { ConsumerGroup } from './group/consumer-group.ts';
import type { Ticket } from './group/progress.ts';
import type { Log } from './log.ts';
import { startMinuteReport } from './minute-report.ts';
import { createPace } from './pacer.ts';
import type { Sink } from './sink/sink.ts';
import type { Credentials } from './sls/credentials.ts';
import { Turns } from './turns.ts';

/** How a run ended. */
export interface ExitSummary {
  /** Everything that was pulled is delivered and checkpointed. */
  readonly complete: boolean;
  /** Delivered means that the receiver has read it; otherwise, that the local kernel has taken it. */
  readonly confirmed: boolean;
  /** Totals, and what was not confirmed, for the log's last line. Never a payload. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Daemon {
  /**
   * Joins the group and connects; resolves when that is done.
   * @throws AppError when it cannot: wrong key, no such project
   */
  start(signal?: AbortSignal): Promise<void>;
  /**
   * Settles when the daemon has ended, for whatever reason: `--until` was reached, it was drained or destroyed
   * (resolves), or it cannot go on (rejects). It may settle without `start()` having settled.
   */
  readonly finished: Promise<ExitSummary>;
  /** Stops pulling, confirms, saves the last checkpoints, closes. Idempotent; also before or during `start()`. */
  drain(deadlineMs: number): Promise<ExitSummary>;
  /** Drops everything at once. Idempotent. */
  destroy(error: AppError): void;
}

export interface DaemonOptions {
  readonly config: Config;
  readonly log: Log;
  /** Asked when the service refuses the access key: a configuration file may hold another by now. */
  readonly readCredentials?: () => Credentials;
}

/** What the command line needs of this file; a test brings its own. */
export type CreateDaemon = (options: DaemonOptions) => Daemon;

/** What the shards have of a shutdown's time; the rest is for closing the connection in an orderly way. */
const shareOfShards = 0.8;
/** With a rate limit: what a drain has to wait for, at most about, is what was pulled to be delivered in this time. */
const pacedBatchMs = 1_000;

export function createDaemon({ config, log, readCredentials }: DaemonOptions): Daemon {
  const startedAtMs = Date.now();
  const totals = noTotals();
  const ended = new AbortController();
  let settle: { resolve(summary: ExitSummary): void; reject(error: AppError): void };
  const finished = new Promise<ExitSummary>((resolve, reject) => {
    settle = { resolve, reject };
  });
  finished.catch(() => undefined); // whoever awaits it sees it; nobody has to

  const service = buildService(config, log, readCredentials);
  const sink: Sink<Ticket> = buildSink(
    config,
    {
      sent: (ticket) => group.markSent(ticket),
      confirmed: (ticket) => group.markConfirmed(ticket),
      lost: (tickets) => group.markLost(tickets),
    },
    log,
  );
  const pace = createPace(config.delivery);
  const turns = pace ? undefined : new Turns({ count: 1 + (config.receiver.others?.length ?? 0) });
  const encoder = buildEncoder(config);
  const file = config.delivery.deadLetter && new DeadLetterFile({ ...config.delivery.deadLetter, log });
  const deadLetters = file && new DeadLetters({ ...config.service, file, log });
  const group = new ConsumerGroup({
    ...config.group,
    until: config.group.until,
    service,
    deliver: createDeliver({ encoder, origin: config.service, sink, totals, pace, turns, deadLetters, log }),
    skipsCorrupt: config.delivery.onCorruptBatch === 'skip',
    ...(pace && { batchTargetMs: pacedBatchMs }),
    confirmSoon: () => sink.confirmSoon(),
    drainTimeoutMs: config.operation.drainTimeoutMs,
    onUntilReached: () => {
      log.info({ until: config.group.until }, 'every shard is read up to --until');
      void drain(config.operation.drainTimeoutMs);
    },
    onFatal: fail,
    log,
  });

  let starting: Promise<void> | undefined;
  let draining: Promise<ExitSummary> | undefined;

  async function startParts(signal: AbortSignal): Promise<void> {
    log.info({ encoder: encoder.kind }, `logs become messages by the ${encoder.kind} encoder`);
    await file?.open();
    signal.throwIfAborted();
    startMinuteReport({ service, group, sink, totals, deadLetters, log, signal });
    // Both at once: a wrong key is told although the receiver is down, and the other way round. The group is
    // joined only with a connection: an instance that cannot deliver must not hold shards that others could.
    await Promise.all([group.prepare(), sink.start(signal)]);
    signal.throwIfAborted();
    await group.join();
  }

  async function start(signal?: AbortSignal): Promise<void> {
    const onAbort = () => destroy(toAppError(signal?.reason));
    signal?.addEventListener('abort', onAbort, { once: true });
    starting ??= startParts(ended.signal);
    try {
      await starting;
    } catch (thrown) {
      if (ended.signal.aborted || draining) return;
      const error = toAppError(thrown);
      fail(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  function drain(deadlineMs: number): Promise<ExitSummary> {
    draining ??= drainParts(deadlineMs);
    return draining;
  }

  async function drainParts(deadlineMs: number): Promise<ExitSummary> {
    const deadlineAtMs = Date.now() + deadlineMs;
    const complete = await group.drain(deadlineMs * shareOfShards);
    const closed = await sink.drain(Math.max(1_000, deadlineAtMs - Date.now()));
    // Where nothing is confirmed, the receiver's end of the last connection is the only sign that it read it.
    const summary = end(complete && (closed || sink.status.confirms));
    settle.resolve(summary);
    return summary;
  }

  function destroy(error: AppError): void {
    if (ended.signal.aborted) return;
    group.destroy(error);
    settle.resolve(end(false));
  }

  /** It cannot go on by itself. */
  function fail(error: AppError): void {
    if (ended.signal.aborted) return;
    group.destroy(error);
    log.error(
      end(false).fields,
      'stopping: it cannot go on, see the next line; what is unconfirmed will be sent again',
    );
    settle.reject(error);
  }

  function end(complete: boolean): ExitSummary {
    const summary = { complete, confirmed: sink.status.confirms, fields: summarise() };
    ended.abort(new AppError('the daemon has ended', { code: 'ended', action: 'fatal' }));
    sink.destroy();
    service.close();
    void file?.close();
    return summary;
  }

  function summarise(): Record<string, unknown> {
    const { user, system } = process.cpuUsage();
    return {
      ...totals,
      framesDropped: sink.status.framesDropped,
      reconnects: sink.status.reconnects,
      seconds: (Date.now() - startedAtMs) / 1000,
      cpuSeconds: (user + system) / 1e6,
      unconfirmed: group.unfinished(),
    };
  }

  return { start, finished, drain, destroy };
}
