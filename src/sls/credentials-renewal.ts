/** Other credentials in place of those that the service has refused. */
import { AppError } from '../core/errors.ts';
import type { Clock } from '../core/time/clock.ts';
import { abortable, createDeadline } from '../core/time/deadline.ts';
import { type Credentials, type CredentialsProvider, redact, sameCredentials } from './signing/credentials.ts';
import type { Troubles } from './troubles.ts';

export interface CredentialsRenewalOptions {
  readonly credentials: CredentialsProvider;
  readonly troubles: Troubles;
  /** For one renewal, the wait for another call's included. */
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
}

const minRefreshIntervalMs = 1_000;

export class CredentialsRenewal {
  readonly #options: CredentialsRenewalOptions;
  readonly #closing: AbortSignal;
  #refreshing: Promise<void> | undefined;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;

  /** @param closing ends every renewal */
  constructor(options: CredentialsRenewalOptions, closing: AbortSignal) {
    this.#options = options;
    this.#closing = closing;
  }

  /** Whether there are other credentials than those that were refused, after asking for them. Never rejects. */
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

/** @param credentials what nothing of is shown */
export function credentialsError(
  what: string,
  code: string,
  action: 'fatal' | 'retry',
  cause: unknown,
  credentials?: Credentials,
): AppError {
  // Not as its cause: who knows what a provider's error carries with it.
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AppError(`${what}: ${redact(reason, credentials)}`, { code, action, context: { kind: 'credentials' } });
}
