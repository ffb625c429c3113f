/**
 * Says in the log that a format, which is code, fails over logs: once a minute at most, and never what it said itself,
 * which may quote the log. The place in the code is what its author needs.
 */
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { RejectedLog } from '../../encode/frame/batch-encoder.ts';

const intervalMs = 60_000;

export interface ErrorPlace {
  /** `TypeError`; or the type of what was thrown, where that is no error. */
  readonly error: string;
  /** `ERR_INVALID_ARG_TYPE`, where the error has such a code. */
  readonly errorCode?: string;
  /** File, line and column. */
  readonly at?: string;
}

export function createFormatTrouble(
  log: Pick<Log, 'warn'>,
  { monotonic }: Pick<Clock, 'monotonic'>,
): (rejected: RejectedLog) => void {
  let logs = 0;
  let nextAtMs = Number.NEGATIVE_INFINITY;
  return ({ reason, error }) => {
    if (reason !== 'format') return;
    logs++;
    if (monotonic() < nextAtMs) return;
    nextAtMs = monotonic() + intervalMs;
    log.warn({ ...placeOf(error), logs }, 'the format fails: no message was made of these logs, they are dead letters');
    logs = 0;
  };
}

/** Where an error was thrown, without its message. */
export function placeOf(error: unknown): ErrorPlace {
  try {
    return error instanceof Error ? placeOfError(error) : { error: typeof error };
  } catch {
    return { error: 'unreadable' }; // its own getters throw
  }
}

function placeOfError(error: Error): ErrorPlace {
  const { name, message, stack = '' } = error;
  const code = 'code' in error ? error.code : undefined;
  const messageAt = stack.indexOf(message);
  // Behind the message only: it may have lines of its own that look like these.
  const frames = messageAt === -1 ? '' : stack.slice(messageAt + message.length);
  const [, at] = /^\s+at (?:.*\()?([^()\s]+:\d+:\d+)\)?$/m.exec(frames) ?? [];
  return {
    error: /^[A-Za-z]{1,40}$/.test(name) ? name : 'Error',
    ...(typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) && { errorCode: code }),
    ...(at !== undefined && { at }),
  };
}
