/** A call to the service: what is sent, how it is tried, and how an attempt at it fails. */
import type { AppError } from '../core/errors.ts';
import type { Phase } from './error-table.ts';
import type { Answer, AnswerHead, BodyLimit } from './exchange.ts';
import type { Call } from './operations.ts';
import type { Credentials } from './signing/credentials.ts';
import type { SignableRequest } from './signing/signable-request.ts';

/**
 * - `patient`: until it works, or an error comes that retrying does not help.
 * - `once`: the caller has a timer of its own.
 */
export type RetryPolicy = 'patient' | 'once';

export interface ServiceCall<T> extends Call {
  readonly method: SignableRequest['method'];
  /** Encoded. */
  readonly path: string;
  /** A function is asked before each attempt. */
  readonly query?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>);
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Asked before a body with a good status is read. */
  readonly limit?: (head: AnswerHead) => BodyLimit;
  /** @throws UnreadableAnswerError when the answer is not the action's */
  readonly read: (answer: Answer) => T;
  /** Default: `running`. */
  readonly phase?: Phase;
  /** On a connection that nothing has used before. */
  readonly isFresh?: boolean;
  /** Told of each attempt that has failed and is to be followed by another. */
  readonly onFailed?: (failure: Failure) => void;
  /** Before a pause between two attempts; what it returns is called after it, and awaited before the next attempt. */
  readonly onPause?: (() => () => Promise<void>) | undefined;
}

/** How an attempt has failed. */
export interface Failure {
  readonly error: AppError;
  /** It took too long, or its answer had begun and did not come to its end: a smaller one may. */
  readonly isCut: boolean;
}

/** What an attempt has thrown, and the credentials that it was made with. */
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
