/**
 * The error classes, and the action for each.
 *
 * An error gets its code and action where it is created, and nowhere else: no code matches on messages. An exception
 * without an action is a bug, and `fatal`: the process ends, a supervisor restarts it, and Log Service still has the
 * data.
 */

/**
 * - `retry`: transient; the same operation may succeed later.
 * - `release-shard`: this shard is no longer ours, or no longer exists; only this shard is stopped.
 * - `reject`: this piece of data (a cursor, a batch, a log) cannot be used; trying again does not help.
 * - `fatal`: the process cannot go on: wrong configuration, or a bug.
 */
export type ErrorAction = 'retry' | 'release-shard' | 'reject' | 'fatal';

export interface AppErrorOptions {
  /** Stable, in kebab-case; tests and metrics count by it. */
  readonly code: string;
  readonly action: ErrorAction;
  /** Facts for the log line. Never a secret, never a payload. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export class AppError extends Error {
  override readonly name: string = 'AppError';
  readonly code: string;
  readonly action: ErrorAction;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(message: string, options: AppErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.action = options.action;
    this.context = options.context ?? {};
  }
}

/** An error answer of the log service, or a request that never got one. */
export class ServiceError extends AppError {
  override readonly name = 'ServiceError';
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** The service's `errorCode` in its spelling; empty where no answer came. */
  readonly serviceCode: string;
  /** `x-log-requestid`, to be quoted to the service's support; empty where unknown. */
  readonly requestId: string;

  constructor(
    message: string,
    options: AppErrorOptions & { readonly status: number; readonly serviceCode: string; readonly requestId: string },
  ) {
    super(message, options);
    this.status = options.status;
    this.serviceCode = options.serviceCode;
    this.requestId = options.requestId;
  }
}

/** A pull's body cannot be decompressed or parsed. */
export class CorruptBatchError extends AppError {
  override readonly name = 'CorruptBatchError';
  /** The next cursor by the answer's header, if the answer was refused before its body was read. */
  readonly nextCursor: string | undefined;

  constructor(message: string, context?: Readonly<Record<string, unknown>>, cause?: unknown, nextCursor?: string) {
    super(message, { code: 'corrupt-batch', action: 'reject', ...(context && { context }), cause });
    this.nextCursor = nextCursor;
  }
}

/** The budget has no room at present for a pull's answer; its body was not read. */
export class BudgetFullError extends AppError {
  override readonly name = 'BudgetFullError';
  readonly bytes: number;

  constructor(bytes: number) {
    super(`there is no room at present for a pull of ${bytes} bytes`, { code: 'no-room', action: 'reject' });
    this.bytes = bytes;
  }
}

/** The connection of a delivery is gone; what it carried without confirmation has to be sent again. */
export class DeliveryLostError extends AppError {
  override readonly name = 'DeliveryLostError';

  constructor(message: string, cause?: unknown) {
    super(message, { code: 'delivery-lost', action: 'retry', cause });
  }
}

/** One problem in the configuration, and the places where it can be fixed. */
export interface ConfigProblem {
  /** The problem, and what would be right. */
  readonly message: string;
  /** `port`, `sources.web.project`, `rules[1].when`; absent where the problem is not one of a setting. */
  readonly path?: string;
  /** `--port`; absent where the setting has no flag. */
  readonly flag?: string;
  /** `SYSLOG_PORT` */
  readonly variable?: string;
  /** `sls-syslog.yaml:7`, where the value came from a file. */
  readonly at?: string;
}

/** The configuration cannot be used; the process ends with exit code 2. */
export class ConfigError extends AppError {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map((p) => p.message).join('; '), { code: 'configuration', action: 'fatal' });
    this.problems = problems;
  }
}

/** Returns an AppError as it is; any other thrown value is a bug, and becomes a fatal AppError. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AppError(message, { code: 'unexpected', action: 'fatal', cause: thrown });
}
