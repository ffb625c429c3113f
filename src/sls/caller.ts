/**
 * Makes calls: signs, sends, classifies what went wrong, and tries again for as long as the call's policy says.
 * A retry wraps one request, never a loop around several.
 */
import { setMaxListeners } from 'node:events';
import { type BackoffLimits, createBackoff } from '../backoff.ts';
import { AppError, ServiceError, toAppError } from '../errors.ts';
import type { Clock } from '../time/clock.ts';
import { UnreadableAnswerError } from './answers.ts';
import type { Credentials, CredentialsProvider } from './credentials.ts';
import { CredentialsRenewal, credentialsError } from './credentials-renewal.ts';
import { abortable, createDeadline } from './deadline.ts';
import { type Answer, type AnswerHead, type BodyLimit, BodyTooLongError, TimedOutError } from './exchange.ts';
import {
  type Attempt,
  badAnswerError,
  errorFromAnswer,
  errorFromConnection,
  timeoutError,
  type Where,
} from './failures.ts';
import type { Call, Operation } from './operations.ts';
import type { Sign } from './options.ts';
import { pause } from './pause.ts';
import { percentEncode, type SignableRequest } from './signable-request.ts';
import type { Transport } from './transport.ts';
import type { Troubles } from './troubles.ts';

/**
 * - `patient`: until it works, or an error comes that retrying does not help.
 * - `starting`: the same, but what somebody has to set right is thrown, for there is somebody who looks.
 * - `once`: the caller has a timer of its own.
 */
export type RetryPolicy = 'patient' | 'starting' | 'once';

export interface ServiceCall<T> extends Call {
  readonly method: SignableRequest['method'];
  /** Encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Asked before a body with a good status is read. */
  readonly limit?: (head: AnswerHead) => BodyLimit;
  /** @throws UnreadableAnswerError when the answer is not the action's */
  readonly read: (answer: Answer) => T;
  /** Overrides what "nothing has worked yet" is taken from. */
  readonly atStart?: boolean;
  /** Nobody depends on this call: a refusal that we do not know is thrown as `reject`, and not retried. */
  readonly isOptional?: boolean;
  /** Before a pause between two attempts; what it returns is called after it, and awaited before the next attempt. */
  readonly onPause?: (() => () => Promise<void>) | undefined;
}

export interface CallerOptions {
  readonly transport: Transport;
  readonly credentials: CredentialsProvider;
  /** Gives the headers to send. */
  readonly sign: Sign;
  /** With every request: `host`, `user-agent` and the like. */
  readonly commonHeaders: Readonly<Record<string, string>>;
  readonly where: Where;
  readonly troubles: Troubles;
  /** For one attempt, the whole answer included. */
  readonly requestTimeoutMs: number;
  readonly backoff: BackoffLimits;
  readonly clock: Clock;
}

const maxErrorBytes = 64 << 10;
const maxJsonBytes = 8 << 20;
const longWaitMs = 10_000;

type Outcome<T> = { readonly value: T } | { readonly error: AppError; readonly credentials: Credentials | undefined };

export class Caller {
  readonly #options: CallerOptions;
  readonly #closing = new AbortController();
  readonly #worked = new Set<Operation>();
  readonly #renewal: CredentialsRenewal;

  constructor(options: CallerOptions) {
    this.#options = options;
    setMaxListeners(0, this.#closing.signal);
    this.#renewal = new CredentialsRenewal(options, this.#closing.signal);
  }

  /** The service has answered something with success, so key, clock, project and logstore were right once. */
  get hasWorked(): boolean {
    return this.#worked.size > 0;
  }

  /** Rejects with the signal's reason when it aborts, and with the error's own class otherwise. */
  async call<T>(call: ServiceCall<T>, policy: RetryPolicy, signal: AbortSignal): Promise<T> {
    const { troubles, clock } = this.#options;
    const backoff = createBackoff(this.#options.backoff, clock.random);
    // One signal may serve any number of calls at a time; each takes its listener away again.
    setMaxListeners(0, signal);
    let renewed = false;
    for (;;) {
      this.#throwIfEnded(call, signal);
      const outcome = await this.#attempt(call, signal);
      if ('value' in outcome) {
        troubles.worked(call);
        return outcome.value;
      }
      this.#throwIfEnded(call, signal);
      const { error, credentials } = outcome;
      // Also at a start that took long: the key may have been replaced meanwhile.
      const mayRenew: boolean = !renewed && asksForCredentials(error);
      renewed = false;
      if (error.action !== 'retry') {
        if (mayRenew && (await this.#renewal.renew(credentials, signal))) {
          renewed = true;
          continue;
        }
        // The service has answered: what was in the way of this call is over, whatever the caller makes of the answer.
        if (error instanceof ServiceError && error.serviceCode !== '') troubles.worked(call);
        else troubles.givenUp(call);
        throw error;
      }
      troubles.failed(call, error);
      renewed = mayRenew && (await this.#renewal.renew(credentials, signal));
      if (renewed) continue;
      if (policy === 'once' || (policy === 'starting' && !healsAlone(error))) {
        troubles.lapsed(call);
        throw error;
      }
      await this.#pause(backoff.next(), call, signal);
    }
  }

  /** Calls to come reject; so do those under way, at the latest when the transport is destroyed. */
  close(): void {
    this.#closing.abort(closedError());
  }

  /** Resolves at once when the signal aborts. */
  async #pause(ms: number, call: ServiceCall<unknown>, signal: AbortSignal): Promise<void> {
    const { troubles, clock } = this.#options;
    const closing = this.#closing.signal;
    const resume = call.onPause?.();
    await pause(ms, [signal, closing], clock);
    if (!resume || signal.aborted || closing.aborted) return;
    const resumed = resume();
    // It is no more the service that it waits for. Not at once: an attempt that hangs would pass for a recovery.
    const lapse = clock.timer(longWaitMs, () => troubles.lapsed(call));
    try {
      await abortable(resumed, closing);
    } catch (thrown) {
      troubles.givenUp(call);
      throw thrown;
    } finally {
      clock.cancel(lapse);
    }
  }

  #throwIfEnded(call: Call, signal: AbortSignal): void {
    if (!signal.aborted && !this.#closing.signal.aborted) return;
    this.#options.troubles.givenUp(call);
    throw signal.aborted ? signal.reason : this.#closing.signal.reason;
  }

  async #attempt<T>(call: ServiceCall<T>, signal: AbortSignal): Promise<Outcome<T>> {
    const { transport, requestTimeoutMs, clock } = this.#options;
    const startMs = clock.monotonic();
    let credentials: Credentials | undefined;
    let head: AnswerHead | undefined;
    try {
      credentials = await this.#currentCredentials(call, signal);
      const limit = (answered: AnswerHead): BodyLimit => {
        head = answered;
        if (!isSuccess(answered)) return { maxBytes: maxErrorBytes, cut: true };
        return call.limit?.(answered) ?? { maxBytes: maxJsonBytes, cut: false };
      };
      const timeoutMs = Math.max(1, requestTimeoutMs - (clock.monotonic() - startMs));
      const answer = await transport.send(this.#request(call, credentials), limit, { signal, timeoutMs });
      if (!isSuccess(answer)) return { error: errorFromAnswer(answer, this.#facts(call, credentials)), credentials };
      const value = call.read(answer);
      this.#worked.add(call.operation);
      return { value };
    } catch (thrown) {
      const facts = this.#facts(call, credentials);
      const isLate = thrown instanceof TimedOutError;
      return { error: isLate ? timeoutError(requestTimeoutMs, facts) : toError(thrown, head, facts), credentials };
    }
  }

  #request({ method, path, query = {}, headers, json, operation }: ServiceCall<unknown>, credentials: Credentials) {
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
    };
  }

  #facts({ operation, shard, atStart, isOptional }: ServiceCall<unknown>, credentials?: Credentials): Attempt {
    return {
      call: { operation, ...(shard !== undefined && { shard }) },
      where: this.#options.where,
      phase: {
        atStart: atStart ?? !this.hasWorked,
        hasWorked: this.#worked.has(operation),
        isOptional: isOptional ?? false,
      },
      credentials,
      atMs: this.#options.clock.now(),
    };
  }

  async #currentCredentials(call: ServiceCall<unknown>, signal: AbortSignal): Promise<Credentials> {
    try {
      const current = this.#options.credentials.current();
      return 'then' in current ? await this.#inTime(current, signal) : current;
    } catch (thrown) {
      if (thrown instanceof AppError || thrown instanceof TimedOutError) throw thrown;
      const action = this.#facts(call).phase.atStart ? 'fatal' : 'retry';
      throw credentialsError('there are no credentials to sign with', 'credentials-unavailable', action, thrown);
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

function toError(thrown: unknown, head: AnswerHead | undefined, facts: Attempt): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof BodyTooLongError || thrown instanceof UnreadableAnswerError) {
    return badAnswerError(thrown.message, head?.status ?? 0, head?.headers['x-log-requestid'] ?? '', facts);
  }
  return errorFromConnection(thrown, facts) ?? toAppError(thrown);
}

function isSuccess({ status }: AnswerHead): boolean {
  return status >= 200 && status < 300;
}

function asksForCredentials(error: AppError): boolean {
  const { kind } = error.context;
  return kind === 'credentials' || (kind === 'request' && error instanceof ServiceError && error.status === 403);
}

function healsAlone({ context: { kind } }: AppError): boolean {
  return kind === 'transient' || kind === 'group';
}

function closedError(): AppError {
  return new AppError('the log service client is closed', { code: 'service-closed', action: 'fatal' });
}
