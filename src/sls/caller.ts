/**
 * Makes calls to Log Service: signs, sends, classifies errors, and retries as the call's policy says. A retry repeats
 * one request, never several. What is done about an error never depends on whether earlier calls succeeded.
 */
import { setMaxListeners } from 'node:events';
import pRetry from 'p-retry';
import { type BackoffLimits, createBackoff } from '../core/backoff.ts';
import { AppError, ServiceError, toAppError } from '../core/errors.ts';
import type { Clock } from '../core/time/clock.ts';
import { abortable, createDeadline } from '../core/time/deadline.ts';
import { UnreadableAnswerError } from './answers.ts';
import { CredentialsRenewal, credentialsError } from './credentials-renewal.ts';
import {
  type BodyLimit,
  BodyTooLongError,
  type ServiceAnswer,
  type ServiceAnswerHead,
  TimedOutError,
} from './exchange.ts';
import {
  type Attempt,
  badAnswerError,
  errorFromAnswer,
  errorFromConnection,
  timeoutError,
  type Where,
} from './failures.ts';
import type { Call } from './operations.ts';
import type { Sign } from './options.ts';
import { pause } from './pause.ts';
import { FailedAttempt, type RetryPolicy, type ServiceCall } from './service-call.ts';
import type { Credentials, CredentialsProvider } from './signing/credentials.ts';
import { percentEncode, type SignableRequest } from './signing/signable-request.ts';
import type { Transport, WireRequest } from './transport.ts';
import type { Troubles } from './troubles.ts';

export interface CallerOptions {
  readonly transport: Transport;
  readonly credentials: CredentialsProvider;
  /** Returns the headers to send. */
  readonly sign: Sign;
  /** Headers of every request: `host`, `user-agent` and the like. */
  readonly commonHeaders: Readonly<Record<string, string>>;
  readonly where: Where;
  readonly troubles: Troubles;
  /** Time-out of one attempt, from the request to the end of the answer. */
  readonly requestTimeoutMs: number;
  readonly backoff: BackoffLimits;
  readonly clock: Clock;
}

const maxErrorBytes = 64 << 10;
const maxJsonBytes = 8 << 20;
const longWaitMs = 10_000;

export class Caller {
  readonly #options: CallerOptions;
  readonly #closing = new AbortController();
  readonly #renewal: CredentialsRenewal;

  constructor(options: CallerOptions) {
    this.#options = options;
    setMaxListeners(0, this.#closing.signal);
    this.#renewal = new CredentialsRenewal(options, this.#closing.signal);
  }

  /** Rejects with the last attempt's error, or with the signal's reason when it aborts. */
  async call<T>(call: ServiceCall<T>, policy: RetryPolicy, signal: AbortSignal): Promise<T> {
    const { troubles, clock } = this.#options;
    const backoff = createBackoff(this.#options.backoff, clock.random);
    // One signal may serve any number of calls at a time; each call removes its listener.
    setMaxListeners(0, signal);
    let renewed = false;
    const value = await pRetry(
      () => {
        this.#throwIfEnded(call, signal);
        return this.#attempt(call, signal);
      },
      {
        retries: Number.POSITIVE_INFINITY,
        // `#pause` waits instead: full jitter, on our clock.
        minTimeout: 0,
        onFailedAttempt: async ({ error: thrown }) => {
          if (!(thrown instanceof FailedAttempt)) throw thrown;
          this.#throwIfEnded(call, signal);
          const mayRenew: boolean = !renewed && asksForCredentials(thrown.error);
          renewed = await this.#prepareAnother(call, thrown, policy, mayRenew, signal);
          if (!renewed) await this.#pause(backoff.next(), call, signal);
        },
      },
    );
    troubles.worked(call);
    return value;
  }

  /**
   * @returns whether there are new credentials, to be tried without a pause
   * @throws the attempt's error when no other attempt is to follow
   */
  async #prepareAnother(
    call: ServiceCall<unknown>,
    failed: FailedAttempt,
    policy: RetryPolicy,
    mayRenew: boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { troubles } = this.#options;
    const { error, credentials } = failed;
    if (error.action !== 'retry') {
      // Errors that are fatal at start too: the key may have been replaced meanwhile.
      if (mayRenew && (await this.#renewal.renew(credentials, signal))) return true;
      // The service has answered: the call's trouble is over, whatever the caller makes of the answer.
      if (error instanceof ServiceError && error.serviceCode !== '') troubles.worked(call);
      else troubles.abandoned(call);
      throw error;
    }
    troubles.failed(call, error);
    if (mayRenew && (await this.#renewal.renew(credentials, signal))) return true;
    if (policy === 'once') {
      troubles.lapsed(call);
      throw error;
    }
    call.onFailed?.(failed);
    return false;
  }

  /** New calls reject from now on; calls under way reject at the latest when the transport is destroyed. */
  close(): void {
    this.#closing.abort(closedError());
  }

  /** Waits before the next attempt; resolves at once when the signal aborts. */
  async #pause(ms: number, call: ServiceCall<unknown>, signal: AbortSignal): Promise<void> {
    const { troubles, clock } = this.#options;
    const closing = this.#closing.signal;
    const resume = call.onPause?.();
    await pause(ms, [signal, closing], clock);
    if (!resume || signal.aborted || closing.aborted) return;
    const resumed = resume();
    // The call waits for local resources now, not the service. Not at once: a hanging attempt would seem a recovery.
    const lapse = clock.timer(longWaitMs, () => troubles.lapsed(call));
    try {
      await abortable(resumed, closing);
    } catch (thrown) {
      troubles.abandoned(call);
      throw thrown;
    } finally {
      clock.cancel(lapse);
    }
  }

  #throwIfEnded(call: Call, signal: AbortSignal): void {
    if (!signal.aborted && !this.#closing.signal.aborted) return;
    this.#options.troubles.abandoned(call);
    throw signal.aborted ? signal.reason : this.#closing.signal.reason;
  }

  /** @throws FailedAttempt; anything else is a bug */
  async #attempt<T>(call: ServiceCall<T>, signal: AbortSignal): Promise<T> {
    const { transport, requestTimeoutMs, clock } = this.#options;
    const startMs = clock.monotonic();
    let credentials: Credentials | undefined;
    let head: ServiceAnswerHead | undefined;
    const failed = (error: AppError, isCut = false) => new FailedAttempt(error, isCut, credentials);
    const facts = () => this.#facts(call, credentials);
    const failure = (thrown: unknown): FailedAttempt => {
      if (thrown instanceof TimedOutError) return failed(timeoutError(requestTimeoutMs, facts()), true);
      if (thrown instanceof AppError) return failed(thrown);
      const unreadable = asBadAnswer(thrown, head, facts());
      return failed(unreadable ?? errorFromConnection(thrown, facts()), !unreadable && head !== undefined);
    };
    try {
      credentials = await this.#currentCredentials(signal);
    } catch (thrown) {
      throw failure(thrown);
    }
    const request = this.#request(call, credentials);
    let answer: ServiceAnswer;
    try {
      const limit = (answered: ServiceAnswerHead): BodyLimit => {
        head = answered;
        if (!isSuccess(answered)) return { maxBytes: maxErrorBytes, cut: true };
        return call.limit?.(answered) ?? { maxBytes: maxJsonBytes, cut: false };
      };
      const timeoutMs = Math.max(1, requestTimeoutMs - (clock.monotonic() - startMs));
      answer = await transport.send(request, limit, { signal, timeoutMs });
    } catch (thrown) {
      throw failure(thrown);
    }
    if (!isSuccess(answer)) throw failed(errorFromAnswer(answer, facts()), answer.status === 504);
    try {
      return call.read(answer);
    } catch (thrown) {
      throw failed(asBadAnswer(thrown, head, facts()) ?? toAppError(thrown));
    }
  }

  #request(call: ServiceCall<unknown>, credentials: Credentials): WireRequest {
    const { method, path, headers, json, operation, isFresh } = call;
    const query = (typeof call.query === 'function' ? call.query() : call.query) ?? {};
    const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json));
    const signable: SignableRequest = {
      method,
      path,
      query,
      headers: {
        ...this.#options.commonHeaders,
        'x-log-bodyrawsize': String(body?.length ?? 0),
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      body,
    };
    const pairs = Object.entries(query).map(([key, value]) => `${key}=${percentEncode(value)}`);
    return {
      method,
      target: pairs.length > 0 ? `${path}?${pairs.join('&')}` : path,
      headers: this.#options.sign(signable, credentials),
      body,
      isPull: operation === 'pull',
      isFresh: isFresh ?? false,
    };
  }

  #facts({ operation, shard, phase = 'running' }: ServiceCall<unknown>, credentials?: Credentials): Attempt {
    return {
      call: { operation, ...(shard !== undefined && { shard }) },
      where: this.#options.where,
      phase,
      credentials,
      atMs: this.#options.clock.now(),
    };
  }

  async #currentCredentials(signal: AbortSignal): Promise<Credentials> {
    try {
      const current = this.#options.credentials.current();
      return 'then' in current ? await this.#inTime(current, signal) : current;
    } catch (thrown) {
      if (thrown instanceof AppError || thrown instanceof TimedOutError) throw thrown;
      throw credentialsError('there are no credentials to sign with', 'credentials-unavailable', 'retry', thrown);
    }
  }

  async #inTime<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
    const { requestTimeoutMs, clock } = this.#options;
    const deadline = createDeadline([signal, this.#closing.signal], requestTimeoutMs, clock);
    try {
      return await abortable(promise, deadline.signal);
    } catch (thrown) {
      throw deadline.expired ? new TimedOutError(requestTimeoutMs) : thrown;
    } finally {
      deadline.dispose();
    }
  }
}

/** @returns undefined where `thrown` is another error */
function asBadAnswer(thrown: unknown, head: ServiceAnswerHead | undefined, facts: Attempt): ServiceError | undefined {
  if (!(thrown instanceof BodyTooLongError || thrown instanceof UnreadableAnswerError)) return undefined;
  return badAnswerError(thrown.message, head?.status ?? 0, head?.headers['x-log-requestid'] ?? '', facts);
}

function isSuccess({ status }: ServiceAnswerHead): boolean {
  return status >= 200 && status < 300;
}

function asksForCredentials(error: AppError): boolean {
  const { kind } = error.context;
  return kind === 'credentials' || (kind === 'request' && error instanceof ServiceError && error.status === 403);
}

function closedError(): AppError {
  return new AppError('the log service client is closed', { code: 'service-closed', action: 'fatal' });
}
