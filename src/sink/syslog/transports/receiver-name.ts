/**
 * The addresses that the receiver's name stands for. Every connection asks for them anew, and so a receiver that moves is
 * found again.
 *
 *   unknown   no look-up has been answered yet.        Answered → known; failed → the caller hears of it
 *   known     the last answer.                         Another answer → the same, and the change is logged
 *                                                      Failed, or too late → stale
 *   stale     the last answer stays in use; told once. Answered → known, told with how long that took
 *
 * An address in place of a name is known from the start, and never looked up.
 */
import type { LookupAddress, LookupAllOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { createDeferred } from '../../../core/deferred.ts';
import type { Log } from '../../../core/log.ts';
import { connectionError, networkError } from '../../network-errors.ts';
import { peerName } from '../../peer-name.ts';
import type { ResolvedOptions } from '../link/options.ts';

type NameOptions = Pick<
  ResolvedOptions,
  'protocol' | 'host' | 'port' | 'lookup' | 'connectTimeoutMs' | 'clock' | 'network'
>;

/** Once there is an answer, the next may take this share of the time to connect: the rest is for connecting. */
const shareOfConnectTime = 1 / 3;
/** A name may stand for other addresses each time that it is asked for: most changes are told at this distance. */
const logChangeAfterMs = 60_000;

export class ReceiverName {
  readonly #options: NameOptions;
  readonly #log: Log;
  #known: readonly LookupAddress[] = [];
  #staleSinceMs: number | undefined;
  #loggedChangeAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: NameOptions, log: Log) {
    this.#options = options;
    this.#log = log;
    const family = isIP(options.host);
    if (family !== 0) this.#known = [{ address: options.host, family }];
  }

  /** The host is an address: there is nothing to look up. */
  get isAddress(): boolean {
    return isIP(this.#options.host) !== 0;
  }

  /** For `net.connect`, which asks for all addresses. */
  readonly lookup: LookupFunction = (_host, options, done) => {
    this.#addresses({ ...options, all: true }).then(
      (found) => done(null, [...found]),
      (error: NodeJS.ErrnoException) => done(error, []),
    );
  };

  /**
   * Asks anew.
   * @returns one address at least
   * @throws AppError while no look-up has ever been answered, or the signal's reason
   */
  async addresses(signal?: AbortSignal): Promise<readonly LookupAddress[]> {
    const given = createDeferred<never>();
    given.promise.catch(() => undefined);
    const onAbort = () => given.reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    try {
      return await Promise.race([this.#addresses({ all: true }), given.promise]);
    } catch (error) {
      signal?.throwIfAborted();
      throw networkError(error);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #addresses(options: LookupAllOptions): Promise<readonly LookupAddress[]> {
    if (this.isAddress) return this.#known;
    try {
      return await this.#ask(options);
    } catch (error) {
      if (this.#known.length === 0) throw error;
      this.#onFailed(error);
      return this.#known;
    }
  }

  #ask(options: LookupAllOptions): Promise<readonly LookupAddress[]> {
    const { host, lookup, connectTimeoutMs, clock, network } = this.#options;
    const find = lookup ?? network.lookup;
    const boundMs = connectTimeoutMs * (this.#known.length > 0 ? shareOfConnectTime : 1);
    return new Promise((resolve, reject) => {
      const late = () => reject(connectionError('dns-timeout', `the DNS did not answer within ${boundMs / 1000} s`));
      const timer = clock.timer(boundMs, late);
      find(host, options, (error, given) => {
        clock.cancel(timer);
        const found = Array.isArray(given) ? given : [{ address: given, family: isIP(given) }];
        if (error) reject(error);
        else if (found.length === 0) reject(connectionError('enotfound', `the host name ${host} has no address`));
        else {
          // Also one that comes too late: the next connection has it.
          this.#onFound(found);
          resolve(found);
        }
      });
    });
  }

  #onFound(found: readonly LookupAddress[]): void {
    const { clock } = this.#options;
    const before = listOf(this.#known);
    const now = listOf(found);
    this.#known = found;
    if (this.#staleSinceMs !== undefined) {
      const failedForMs = Math.round(clock.monotonic() - this.#staleSinceMs);
      this.#staleSinceMs = undefined;
      this.#log.info({ ...this.#peer, failedForMs }, 'the name of the receiver can be looked up again');
    }
    if (before.length === 0 || before.join() === now.join()) return;
    const isLogged = clock.monotonic() - this.#loggedChangeAtMs >= logChangeAfterMs;
    if (isLogged) this.#loggedChangeAtMs = clock.monotonic();
    this.#log[isLogged ? 'info' : 'debug'](
      { ...this.#peer, before, now },
      'the name of the receiver stands for other addresses than before',
    );
  }

  #onFailed(thrown: unknown): void {
    if (this.#staleSinceMs !== undefined) return;
    this.#staleSinceMs = this.#options.clock.monotonic();
    const { code, message: reason } = networkError(thrown);
    this.#log.warn(
      { ...this.#peer, code, reason, addresses: listOf(this.#known) },
      'the name of the receiver cannot be looked up; going on with the addresses that it had',
    );
  }

  get #peer(): { readonly peer: string } {
    return { peer: peerName(this.#options) };
  }
}

/** Sorted: their order is another one at every look-up, with many servers. */
function listOf(addresses: readonly LookupAddress[]): string[] {
  return addresses.map(({ address }) => address).sort();
}
