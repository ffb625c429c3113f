/**
 * Runs a daemon from its start to the process's exit code.
 *
 *     running   --SIGTERM, SIGINT or `shutdown`-->  draining    `drain(drainTimeoutMs)`
 *     draining  --a second one, or overdue-->       destroyed   `destroy(error)`
 *     running   --SIGHUP-->                         running     `reload`, one after another
 *     any       --SIGUSR1 or SIGUSR2-->             the same    logged, and nothing else
 *     any       --the daemon has ended or failed, or a bug shows-->  the exit code
 *
 * `shutdown` is a message over the channel from the parent process, where there is one: pm2's `shutdown_with_message`,
 * for systems without signals.
 *
 * Overdue: the drain has not ended after its time and a grace. A destroyed daemon gets the same grace to end, then the
 * process ends without it. An uncaught exception or rejection is a bug: it is logged, and ends the process at once. A
 * supervisor restarts the process, and Log Service still has the data.
 */
import { AppError, ConfigError, toAppError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { systemClock, type Timer } from '../../core/time/clock.ts';
import type { Daemon, ExitSummary } from '../../daemon.ts';
import type { Logger } from '../logging/logging.ts';
import { describeProblems, type ExitCode, exitCodes } from './exit.ts';

/** The part of `process` that is used; tests have their own. */
export interface ProcessEvents {
  on(event: string, listener: (value: unknown) => void): unknown;
  off(event: string, listener: (value: unknown) => void): unknown;
}

export interface SuperviseOptions {
  readonly createDaemon: () => Daemon;
  readonly drainTimeoutMs: number;
  /** Called at SIGHUP; absent: SIGHUP has no listener. Errors are logged, and change nothing else. */
  readonly reload?: (daemon: Daemon) => Promise<void>;
  /** Time beyond the drain's, and after a destroy; default 3 s. */
  readonly graceMs?: number;
  readonly log: Logger;
  readonly events: ProcessEvents;
  /** Called once, when the daemon has started. */
  readonly onReady?: (() => void) | undefined;
  readonly writeError: (text: string) => void;
}

const stopSignals = ['SIGTERM', 'SIGINT'] as const;
const stopMessage = 'shutdown';
/** By default SIGUSR1 opens Node's debugger, and SIGUSR2 ends the process. */
const meaninglessSignals = ['SIGUSR1', 'SIGUSR2'] as const;

type Outcome = { readonly summary: ExitSummary } | { readonly error: AppError };

/** Never rejects. */
export async function superviseDaemon(options: SuperviseOptions): Promise<ExitCode> {
  const { log, events, drainTimeoutMs, graceMs = 3_000 } = options;
  const { promise: ended, resolve: settle } = deferred<Outcome>();
  const fail = (thrown: unknown) => settle({ error: toAppError(thrown) });
  const starting = new AbortController();
  let daemon: Daemon | undefined;
  let stage: 'running' | 'draining' | 'destroyed' = 'running';
  let timer: Timer | undefined;

  const destroy = (error: AppError): void => {
    stage = 'destroyed';
    systemClock.cancel(timer);
    timer = systemClock.timer(graceMs, () => settle({ error }));
    starting.abort(error);
    daemon?.destroy(error);
  };

  const onStopSignal = (signal: string): void => {
    if (stage === 'running' && daemon) {
      stage = 'draining';
      log.info({ signal, drainTimeoutMs }, 'stopping: delivering what was pulled; a second signal ends at once');
      timer = systemClock.timer(drainTimeoutMs + graceMs, () =>
        destroy(interrupted(`draining took more than ${drainTimeoutMs} ms`)),
      );
      daemon.drain(drainTimeoutMs).then((summary) => settle({ summary }), fail);
    } else if (stage !== 'destroyed') {
      destroy(interrupted(`${signal} came again`));
    }
  };

  const onReload = (): void => {
    if (stage !== 'running' || !daemon) return;
    options.reload?.(daemon).catch((thrown: unknown) => {
      log.error({ err: toAppError(thrown) }, 'reloading failed');
    });
  };

  const onBug = (thrown: unknown): void => {
    const error = new AppError('a bug in sls-syslog: an uncaught error', {
      code: 'uncaught',
      action: 'fatal',
      cause: thrown,
    });
    settle({ error });
    // The daemon has to be destroyed, but its state is unknown: an error that it throws now is of no use.
    ignoreErrors(() => destroy(error));
  };

  const listeners = new Map<string, (value: unknown) => void>([
    ...stopSignals.map((signal) => [signal, () => onStopSignal(signal)] as const),
    ['message', (message) => message === stopMessage && onStopSignal(stopMessage)],
    ...(options.reload ? [['SIGHUP', onReload] as const] : []),
    ...meaninglessSignals.map((signal) => {
      return [signal, () => log.warn({ signal }, `${signal} is ignored: sls-syslog does not use this signal`)] as const;
    }),
    ['warning', (warning) => log.warn({ warning: String(warning) }, 'a warning from Node.js')],
    ['uncaughtException', onBug],
    ['unhandledRejection', onBug],
  ]);
  for (const [event, listener] of listeners) events.on(event, listener);

  try {
    daemon = options.createDaemon();
    daemon.finished.then((summary) => settle({ summary }), fail);
    daemon.start(starting.signal).then(
      () => stage === 'running' && options.onReady?.(),
      (thrown: unknown) => {
        // The error of a start that a shutdown cut short is not of interest.
        if (stage !== 'running') return;
        const error = toAppError(thrown);
        settle({ error });
        ignoreErrors(() => destroy(error));
      },
    );
  } catch (thrown) {
    fail(thrown);
  }

  const outcome = await ended;
  systemClock.cancel(timer);
  for (const [event, listener] of listeners) events.off(event, listener);
  return report(outcome, log, options.writeError);
}

/** Writes the log's last line: how the daemon ended, and what is not confirmed. */
function report(outcome: Outcome, log: Log & Pick<Logger, 'fatal'>, writeError: (text: string) => void): ExitCode {
  if ('summary' in outcome) {
    const { complete, fields } = outcome.summary;
    log[complete ? 'info' : 'error'](fields, `stopped: ${describeEnd(outcome.summary)}`);
    return complete ? exitCodes.ok : exitCodes.failure;
  }
  const { error } = outcome;
  if (error instanceof ConfigError) {
    writeError(describeProblems(error.problems));
    return exitCodes.configuration;
  }
  // The stack is logged for bugs only; for other errors the message says what to do.
  const isBug = error.code === 'uncaught' || error.code === 'unexpected';
  log.fatal(isBug ? { err: error } : { code: error.code, ...error.context }, `stopped: ${error.message}`);
  return exitCodes.failure;
}

function describeEnd({ delivered, confirmed, notShipped }: ExitSummary): string {
  const how = confirmed ? 'confirmed by the receiver' : 'handed to the network (nothing confirms it)';
  const outcome = delivered
    ? `everything sent is ${how} and checkpointed`
    : `not everything pulled is ${how} and checkpointed; that will be sent again`;
  const reasons = notShipped.map(({ names, isNothing, reason }) => {
    const source = Object.entries(names).map(([kind, name]) => `${kind} ${name}: `);
    return `${source.join('')}${isNothing ? 'nothing was shipped: ' : ''}${reason}`;
  });
  // Where all sources have shipped nothing, there is no outcome to tell.
  const isAll = delivered && notShipped.length > 0 && notShipped.every(({ isNothing }) => isNothing);
  return [...reasons, ...(isAll ? [] : [outcome])].join('; ');
}

function interrupted(message: string): AppError {
  return new AppError(message, { code: 'interrupted', action: 'fatal' });
}

function ignoreErrors(action: () => void): void {
  try {
    action();
  } catch {
    return;
  }
}

/** Like `Promise.withResolvers`, which Node 20 does not have. */
function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((take) => {
    resolve = take;
  });
  return { promise, resolve };
}
