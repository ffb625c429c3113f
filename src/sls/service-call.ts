/** A call to Log Service: its request, its retries, and how an attempt fails. */
import type { AppError } from '../core/errors.ts';
import type { Phase } from './error-table.ts';
import type { BodyLimit, ServiceAnswer, ServiceAnswerHead } from './exchange.ts';
import type { Call } from './operations.ts';
import type { Credentials } from './signing/credentials.ts';
import type { SignableRequest } from './signing/signable-request.ts';

/**
 * - `patient`: retries until the call succeeds, or fails with an error whose action is not `retry`.
 * - `once`: no retry; the caller has a timer.
 */
export type RetryPolicy = 'patient' | 'once';

export interface ServiceCall<T> extends Call {
  readonly method: SignableRequest['method'];
  /** URL path, encoded. */
  readonly path: string;
  /** A function is called before each attempt. */
  readonly query?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>);
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Called before the body of a successful answer is read. */
  readonly limit?: (head: ServiceAnswerHead) => BodyLimit;
  /** @throws UnreadableAnswerError when the answer is not as the API describes */
  readonly read: (answer: ServiceAnswer) => T;
  /** Default: `running`. */
  readonly phase?: Phase;
  /** Whether to use a new connection. */
  readonly isFresh?: boolean;
  /** Called for each failed attempt that another is to follow. */
  readonly onFailed?: (failure: Failure) => void;
  /** Called before a pause between two attempts; the returned function is called and awaited after the pause. */
  readonly onPause?: (() => () => Promise<void>) | undefined;
}

/** How an attempt has failed. */
export interface Failure {
  readonly error: AppError;
  /** The attempt took too long, or its answer broke off: a smaller one may succeed. */
  readonly isCut: boolean;
}

/** An attempt's error, and the credentials that it was made with. */
export class FailedAttempt extends Error implements Failure {
  readonly error: AppError;
  readonly isCut: boolean;
  readonly credentials: Credentials | undefined;

  constructor(error: AppError, isCut: boolean, credentials: Credentials | undefined) {
    super(error.message, { cause: error });
    this.error = error;
    this.isCut = isCut;
    this.credentials = credentials;
  }
}
