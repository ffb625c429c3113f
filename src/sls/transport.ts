/**
 * Sends HTTP requests: connections, time-outs and size limits. Signing and retrying are the caller's.
 *
 * Pulls have connections of their own: a heartbeat never waits behind 64 shards' bodies. An idle connection is kept for
 * undici's 4 s, or less where the service says so (even an idle shard is pulled every 3 s): kept longer, it would more
 * likely be closed by the service just when a heartbeat, which is tried once, needs it.
 */
import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../core/time/clock.ts';
import { BodyPool } from './body-pool.ts';
import type { ServiceAddress } from './endpoint.ts';
import { type BodyLimit, Exchange, type ServiceAnswer, type ServiceAnswerHead } from './exchange.ts';

export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query, encoded. */
  readonly target: string;
  /** All headers, with `host`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly isPull: boolean;
  /** Whether the request has a connection of its own, which is closed after it. */
  readonly isFresh?: boolean;
}

export interface Timing {
  readonly signal: AbortSignal;
  /** Time-out until the answer is complete. */
  readonly timeoutMs: number;
}

/** The part of undici's `Pool` that is used. */
export interface HttpConnections {
  dispatch(
    request: Pick<WireRequest, 'method' | 'headers'> & { readonly path: string; readonly body: Uint8Array | null },
    handler: Dispatcher.DispatchHandler,
  ): boolean;
  destroy(error: Error): Promise<void>;
}

/** @param origin scheme, host and port @param connections the most connections */
export type OpenHttp = (origin: string, connections: number) => HttpConnections;

export interface TransportOptions {
  readonly address: ServiceAddress;
  readonly maxPullConnections: number;
  /** Buffers shared with other transports; absent: the transport has its own. */
  readonly bodies?: BodyPool | undefined;
  readonly clock: Clock;
  /** Absent: undici's `Pool`. */
  readonly openHttp?: OpenHttp | undefined;
}

/** Connections for heartbeats, checkpoints and look-ups of many shards, which are small and quick. */
const maxControlConnections = 16;

const openPool: OpenHttp = (origin, connections) =>
  // Exchange has its own timer, since undici's have a granularity of a second.
  new Pool(origin, { headersTimeout: 0, bodyTimeout: 0, pipelining: 1, connections });

export class Transport {
  readonly #openHttp: OpenHttp;
  readonly #origin: string;
  readonly #pulls: HttpConnections;
  readonly #control: HttpConnections;
  readonly #bodies: BodyPool;
  readonly #clock: Clock;
  /** Connections that serve one request each. */
  readonly #fresh = new Set<HttpConnections>();
  #destroying: Promise<void> | undefined;

  constructor({ address, maxPullConnections, bodies = new BodyPool(), clock, openHttp = openPool }: TransportOptions) {
    this.#bodies = bodies;
    this.#clock = clock;
    this.#openHttp = openHttp;
    this.#origin = address.origin;
    this.#pulls = openHttp(address.origin, maxPullConnections);
    this.#control = openHttp(address.origin, maxControlConnections);
  }

  /**
   * @param limit called when the head has arrived; an error that it throws ends the request
   * @throws the error of `limit`, or BodyTooLongError; the signal's reason; TimedOutError; errors of undici and Node
   */
  async send(
    request: WireRequest,
    limit: (head: ServiceAnswerHead) => BodyLimit,
    timing: Timing,
  ): Promise<ServiceAnswer> {
    timing.signal.throwIfAborted();
    if (this.#destroying) throw new Error('the connections are closed');
    const fresh = request.isFresh ? this.#openFresh() : undefined;
    const pool = fresh ?? (request.isPull ? this.#pulls : this.#control);
    const memory = request.isPull ? this.#bodies : undefined;
    try {
      return await new Promise((resolve, reject) => {
        const { method, target: path, headers, body = null } = request;
        const exchange = new Exchange({ ...timing, clock: this.#clock, limit, memory, resolve, reject });
        pool.dispatch({ method, path, headers, body }, exchange);
      });
    } finally {
      if (fresh) this.#closeFresh(fresh);
    }
  }

  #openFresh(): HttpConnections {
    const fresh = this.#openHttp(this.#origin, 1);
    this.#fresh.add(fresh);
    return fresh;
  }

  #closeFresh(fresh: HttpConnections): void {
    this.#fresh.delete(fresh);
    void fresh.destroy(new Error('its request is over'));
  }

  /** Ends every connection; requests under way fail with the error. */
  destroy(error: Error): Promise<void> {
    const all = [this.#pulls, this.#control, ...this.#fresh];
    this.#destroying ??= Promise.all(all.map((each) => each.destroy(error))).then(() => undefined);
    return this.#destroying;
  }
}
