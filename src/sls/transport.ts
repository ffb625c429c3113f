/**
 * One HTTP request and its answer: connections, deadlines and bounds. Knows nothing of signatures or retries.
 *
 * Pulls have connections of their own: a heartbeat never waits behind 64 shards' bodies. An idle connection is
 * kept for undici's 4 s, less where the server says so (even an idle shard asks every 2 s): longer would
 * only make it likelier that a server has closed it just when a heartbeat, which is tried once, needs it.
 */
import { Pool } from 'undici';
import { BodyPool, type PooledBody } from './body-pool.ts';
import type { ServiceAddress } from './endpoint.ts';

export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query, encoded. */
  readonly target: string;
  /** All of them, `host` included. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly isPull: boolean;
}

export interface AnswerHead {
  readonly status: number;
  /** Names in lower case; where a header came twice, the first. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Answer extends AnswerHead {
  readonly body: Buffer;
  /** Of a pull: the body's memory may be used again. To be called by whoever is done with it, or by nobody. */
  release(): void;
}

/** What to do with a body, decided before any of it is read. */
export interface BodyLimit {
  readonly maxBytes: number;
  /** A body that is longer is cut there; otherwise it makes the request fail. */
  readonly cut: boolean;
  /** What it fails with, where that is not BodyTooLongError. */
  readonly tooLong?: () => Error;
}

/** The body is longer than it may be. */
export class BodyTooLongError extends Error {
  override readonly name = 'BodyTooLongError';

  constructor(maxBytes: number) {
    super(`the body is longer than ${maxBytes} bytes`);
  }
}

export interface TransportOptions {
  readonly address: ServiceAddress;
  readonly maxPullConnections: number;
  /** Memory that other transports use too; absent: its own. */
  readonly bodies?: BodyPool | undefined;
}

/** Heartbeats, checkpoints and look-ups of many shards; each is small and quick. */
const maxControlConnections = 16;

export class Transport {
  readonly #pulls: Pool;
  readonly #control: Pool;
  readonly #bodies: BodyPool;
  #destroying: Promise<void> | undefined;

  constructor({ address, maxPullConnections, bodies = new BodyPool() }: TransportOptions) {
    this.#bodies = bodies;
    // Deadlines are the caller's, through the signal; undici's own have a granularity of a second.
    const common = { headersTimeout: 0, bodyTimeout: 0, pipelining: 1 };
    this.#pulls = new Pool(address.origin, { ...common, connections: maxPullConnections });
    this.#control = new Pool(address.origin, { ...common, connections: maxControlConnections });
  }

  /**
   * @param limit is asked when the head is there; what it throws ends the request
   * @throws what the limit says, or BodyTooLongError; the signal's reason; errors of the network as undici and Node make them
   */
  async send(request: WireRequest, limit: (head: AnswerHead) => BodyLimit, signal: AbortSignal): Promise<Answer> {
    const pool = request.isPull ? this.#pulls : this.#control;
    const { statusCode, headers, body } = await pool.request({
      method: request.method,
      path: request.target,
      headers: { ...request.headers },
      body: request.body ?? null,
      signal,
    });
    // Destroying a body makes it emit an error, of which reading it has told us already.
    body.on('error', () => undefined);
    try {
      const head = { status: statusCode, headers: firstValues(headers) };
      const declared = head.headers['content-length'];
      const read = await readBounded(body, limit(head), declared, request.isPull ? this.#bodies : undefined);
      return { ...head, body: read.bytes, release: read.release };
    } catch (error) {
      body.destroy();
      throw error;
    }
  }

  /** Ends every connection; requests under way fail with the error. */
  destroy(error: Error): Promise<void> {
    this.#destroying ??= Promise.all([this.#pulls.destroy(error), this.#control.destroy(error)]).then(() => undefined);
    return this.#destroying;
  }
}

/** @param pool where the memory is taken from, for a body whose length is declared */
async function readBounded(
  body: AsyncIterable<Buffer>,
  { maxBytes, cut, tooLong = () => new BodyTooLongError(maxBytes) }: BodyLimit,
  declared: string | undefined,
  pool: BodyPool | undefined,
): Promise<PooledBody> {
  const declaredBytes = Number(declared ?? Number.NaN);
  if (!cut && declaredBytes > maxBytes) throw tooLong();
  if (pool && !cut && declaredBytes >= 0) return readInto(pool.take(declaredBytes), body);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) {
      if (cut) break;
      throw tooLong();
    }
  }
  const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length);
  return { bytes: length > maxBytes ? whole.subarray(0, maxBytes) : whole, release: () => undefined };
}

/** undici has seen to it that the body is as long as was declared, or fails. */
async function readInto(target: PooledBody, body: AsyncIterable<Buffer>): Promise<PooledBody> {
  let length = 0;
  try {
    for await (const chunk of body) length += chunk.copy(target.bytes, length);
    return length === target.bytes.length ? target : { ...target, bytes: target.bytes.subarray(0, length) };
  } catch (error) {
    target.release();
    throw error;
  }
}

function firstValues(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const first: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const text = Array.isArray(value) ? value[0] : value;
    if (text !== undefined) first[name] = text;
  }
  return first;
}
