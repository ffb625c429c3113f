/**
 * A handler for undici that reads one answer: the head, then the body straight into a buffer. The stream of
 * `pool.request` would cost more than all the rest of an empty pull.
 */
import type { Dispatcher } from 'undici';
import type { Clock, Timer } from '../core/time/clock.ts';
import type { BodyPool, PooledBody } from './body-pool.ts';

export interface ServiceAnswerHead {
  readonly status: number;
  /** Names in lower case; where a header came twice, the first. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ServiceAnswer extends ServiceAnswerHead {
  readonly body: Buffer;
  /** Lets a pull's buffer be used again. The user of the body may call it when done, but need not. */
  release(): void;
}

/** How long a body may be, decided before it is read. */
export interface BodyLimit {
  readonly maxBytes: number;
  /** True: a longer body is cut there; false: it makes the request fail. */
  readonly cut: boolean;
  /** The error of a body that is too long; default: BodyTooLongError. */
  readonly tooLong?: () => Error;
}

export class BodyTooLongError extends Error {
  override readonly name = 'BodyTooLongError';

  constructor(maxBytes: number) {
    super(`the body is longer than ${maxBytes} bytes`);
  }
}

/** The answer was not complete in time. */
export class TimedOutError extends Error {
  override readonly name = 'TimedOutError';

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
  }
}

export interface ExchangeOptions {
  /** Called when the head has arrived; an error that it throws ends the request. */
  readonly limit: (head: ServiceAnswerHead) => BodyLimit;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Gives the buffer for a body with a content-length; undefined: a new one is allocated. */
  readonly memory: BodyPool | undefined;
  readonly resolve: (answer: ServiceAnswer) => void;
  /** Called with the error of `limit`, the signal's reason, TimedOutError, or undici's error. */
  readonly reject: (error: unknown) => void;
}

export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #timer: Timer;
  #controller: Dispatcher.DispatchController | undefined;
  #head: ServiceAnswerHead | undefined;
  #limit: BodyLimit | undefined;
  #target: PooledBody | undefined;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #ended: { readonly error: Error } | 'answered' | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { signal, timeoutMs, clock } = options;
    signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = clock.timer(timeoutMs, () => this.#fail(new TimedOutError(timeoutMs)));
  }

  /** A connection takes the request, perhaps after a long wait; again on another one when the first was closed. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (typeof this.#ended === 'object') controller.abort(this.#ended.error);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#ended) return;
    this.#guard(() => {
      this.#head = { status, headers: firstValues(headers) };
      const declaredBytes = Number(this.#head.headers['content-length'] ?? Number.NaN);
      const limit = this.#options.limit(this.#head);
      this.#limit = limit;
      if (!limit.cut && declaredBytes > limit.maxBytes) throw tooLong(limit);
      if (!limit.cut && declaredBytes >= 0) this.#target = this.#options.memory?.take(declaredBytes);
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended) return;
    if (this.#target) {
      this.#length += chunk.copy(this.#target.bytes, this.#length);
      return;
    }
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const { maxBytes, cut } = this.#limit!;
    if (this.#length <= maxBytes) return;
    if (cut) {
      this.#answer();
      this.#controller?.abort(new BodyTooLongError(maxBytes));
    } else this.#fail(tooLong(this.#limit!));
  }

  /** undici has checked the body's length against content-length. */
  onResponseEnd(): void {
    if (!this.#ended) this.#answer();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  readonly #onAbort = (): void => this.#fail(this.#options.signal.reason);

  #answer(): void {
    this.#finish('answered');
    const head = this.#head!;
    if (this.#target) {
      const { bytes, release } = this.#target;
      this.#options.resolve({ ...head, body: bytes.subarray(0, this.#length), release });
      return;
    }
    const whole = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#length);
    this.#options.resolve({ ...head, body: whole.subarray(0, this.#limit!.maxBytes), release: () => undefined });
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#finish({ error });
    this.#target?.release();
    this.#controller?.abort(error);
    this.#options.reject(error);
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #finish(how: { readonly error: Error } | 'answered'): void {
    this.#ended = how;
    this.#options.clock.cancel(this.#timer);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
  }
}

function tooLong({ maxBytes, tooLong: error = () => new BodyTooLongError(maxBytes) }: BodyLimit): Error {
  return error();
}

function firstValues(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const first: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    const text = Array.isArray(value) ? value[0] : value;
    if (text !== undefined) first[name] = text;
  }
  return first;
}
