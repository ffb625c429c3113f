/**
 * Makes connections, and never gives up: a receiver that is down is not an error, it is backpressure.
 *
 * Each `dial` tries until it has a connection. The backoff is shared by all of them, and starts anew only after a
 * connection that was worth the name: one that lived for `steadyAfterMs`, was read from, or has confirmed what it
 * carried. One that is accepted and dropped at once counts like a failed attempt.
 */
import { type Backoff, createBackoff } from '../../../core/backoff.ts';
import type { AppError } from '../../../core/errors.ts';
import { networkError } from '../../network-errors.ts';
import type { Reachability } from '../../reachability.ts';
import type { ResolvedOptions } from './options.ts';
import type { Connection, Transport } from './transport.ts';

export type DialerOptions = Pick<ResolvedOptions, 'backoffMinMs' | 'backoffMaxMs' | 'steadyAfterMs' | 'clock'>;

export class Dialer {
  readonly #transport: Transport;
  readonly #options: DialerOptions;
  readonly #reachability: Reachability;
  readonly #backoff: Backoff;
  readonly #connectedAtMs = new WeakMap<Connection, number>();
  #waitFirst = false;

  constructor(transport: Transport, options: DialerOptions, reachability: Reachability) {
    this.#transport = transport;
    this.#options = options;
    this.#reachability = reachability;
    this.#backoff = createBackoff({ minMs: options.backoffMinMs, maxMs: options.backoffMaxMs }, options.clock.random);
  }

  /** @returns a connection, however long it takes; rejects only with the signal's reason */
  async dial(signal: AbortSignal): Promise<Connection> {
    for (;;) {
      if (this.#waitFirst) await this.#options.clock.sleep(this.#backoff.next(), { signal });
      signal.throwIfAborted();
      this.#waitFirst = true;
      try {
        const connection = await this.#transport.connect(signal);
        this.#connectedAtMs.set(connection, this.#options.clock.monotonic());
        this.#reachability.connected(connection.facts);
        return connection;
      } catch (thrown) {
        signal.throwIfAborted();
        this.#reachability.failed(networkError(thrown));
      }
    }
  }

  /** One attempt, of which nobody is told: for a connection beside one that is up. */
  async tryOnce(signal: AbortSignal): Promise<Connection | undefined> {
    try {
      const connection = await this.#transport.connect(signal);
      this.#connectedAtMs.set(connection, this.#options.clock.monotonic());
      return connection;
    } catch {
      return undefined;
    }
  }

  /** The receiver has read what it was sent: it is worth the name, however short its connections live. */
  confirmed(): void {
    this.#backoff.reset();
  }

  /** To be told of every connection that `dial` gave out and that broke. */
  lost(connection: Connection, error: AppError): void {
    const livedMs = this.#options.clock.monotonic() - (this.#connectedAtMs.get(connection) ?? Number.NEGATIVE_INFINITY);
    const wasSteady = connection.wasRead || livedMs >= this.#options.steadyAfterMs;
    if (wasSteady) this.#backoff.reset();
    this.#reachability.lost(error, wasSteady);
  }
}
