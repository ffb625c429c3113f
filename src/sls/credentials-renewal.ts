/** Gets new credentials after the service has refused the current ones. */
import { AppError } from '../core/errors.ts';
import type { Clock } from '../core/time/clock.ts';
import { abortable, createDeadline } from '../core/time/deadline.ts';
import { type Credentials, type CredentialsProvider, redact, sameCredentials } from './signing/credentials.ts';
import type { Troubles } from './troubles.ts';

export interface CredentialsRenewalOptions {
  readonly credentials: CredentialsProvider;
  readonly troubles: Troubles;
  /** Time-out of one renewal, including the wait for a refresh that another call has begun. */
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
}

const minRefreshIntervalMs = 1_000;

export class CredentialsRenewal {
  readonly #options: CredentialsRenewalOptions;
  readonly #closing: AbortSignal;
  #refreshing: Promise<void> | undefined;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;

  /** @param closing aborts every renewal */
  constructor(options: CredentialsRenewalOptions, closing: AbortSignal) {
    this.#options = options;
    this.#closing = closing;
  }

  /** Asks for new credentials. @returns whether they differ from the refused ones. Never rejects */
  async renew(refused: Credentials | undefined, signal: AbortSignal): Promise<boolean> {
    const { credentials: provider, requestTimeoutMs, clock } = this.#options;
    const deadline = createDeadline([signal, this.#closing], requestTimeoutMs, clock);
    const hasOthers = async () =>
      refused !== undefined && !sameCredentials(await abortable(provider.current(), deadline.signal), refused);
    try {
      if (await hasOthers()) return true;
      this.#refreshing ??= this.#refresh(refused).finally(() => {
        this.#refreshing = undefined;
      });
      await abortable(this.#refreshing, deadline.signal);
      return await hasOthers();
    } catch {
      return false; // aborted, or no credentials at all: the next attempt says so
    } finally {
      deadline.dispose();
    }
  }

  async #refresh(refused: Credentials | undefined): Promise<void> {
    const { credentials, troubles, clock } = this.#options;
    if (clock.monotonic() - this.#refreshedAtMs < minRefreshIntervalMs) return;
    this.#refreshedAtMs = clock.monotonic();
    try {
      await credentials.refresh();
      troubles.worked({ operation: 'refreshCredentials' });
    } catch (thrown) {
      const message = 'the credentials were refused, and cannot be refreshed';
      const error = credentialsError(message, 'credentials-not-refreshed', 'retry', thrown, refused);
      troubles.failed({ operation: 'refreshCredentials' }, error);
      troubles.lapsed({ operation: 'refreshCredentials' });
    }
  }
}

/** @param credentials removed from the text of `cause` */
export function credentialsError(
  what: string,
  code: string,
  action: 'fatal' | 'retry',
  cause: unknown,
  credentials?: Credentials,
): AppError {
  // Not as the error's `cause`: a provider's error may carry secrets.
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AppError(`${what}: ${redact(reason, credentials)}`, { code, action, context: { kind: 'credentials' } });
}
