/** What the command line needs of the daemon, so that it can be tried with any other. Types only. */
import type { Config } from '../config/config.ts';
import type { AppError } from '../errors.ts';
import type { Log } from '../log.ts';

export interface ExitSummary {
  /** Everything sent was confirmed and checkpointed: exit code 0. */
  readonly complete: boolean;
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
}

export type CreateDaemon = (options: DaemonOptions) => Daemon;
