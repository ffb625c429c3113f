/**
 * Ends a connection, and waits for the receiver's end: what confirmation rests on (docs/delivery.md).
 */
import type { AppError } from '../../../core/errors.ts';
import type { Clock } from '../../../core/time/clock.ts';
import { connectionError } from '../../network-errors.ts';
import type { Dialer } from '../link/dialer.ts';
import type { Connection, PeerEnd } from '../link/transport.ts';

/**
 * Ends our side, and waits for the peer's end. A connection whose peer is silent is left as it is.
 * @returns `silence` when no end came in time; undefined when the connection broke, which it has reported as lost
 */
export async function endOrSilence(
  connection: Connection,
  timeoutMs: number,
  clock: Clock,
): Promise<PeerEnd | 'silence' | undefined> {
  let stopWaiting = (): void => undefined;
  const silence = new Promise<'silence'>((resolve) => {
    const timer = clock.timer(timeoutMs, () => resolve('silence'));
    stopWaiting = () => clock.cancel(timer);
  });
  try {
    return await Promise.race([connection.end(), silence]);
  } finally {
    stopWaiting();
  }
}

/** A receiver that is silent may only be slow: what the connection carried has not broken it. */
export const silenceCode = 'confirm-timeout';

export function silenceError(timeoutMs: number): AppError {
  const message = `the receiver did not close its side within ${timeoutMs / 1000} s (--confirm-timeout)`;
  return connectionError(silenceCode, message);
}

/** How a receiver has answered the end of a connection. */
export interface PeerAnswer {
  readonly end: PeerEnd;
  readonly afterMs: number;
}

/** `silence`: the connection stood, and no end came. `broken`: it was refused, or reset; that says nothing. */
export type ProbeOutcome = PeerAnswer | 'silence' | 'broken';

/** Ends connections that have carried nothing. */
export class Probe {
  readonly #clock: Clock;
  readonly #dialer: Dialer;
  readonly #connections: Set<Connection>;
  readonly #signal: AbortSignal;

  /**
   * @param connections where a probing connection is kept while there is one, so that it can be destroyed
   * @param signal ends all of it; every method then throws its reason
   */
  constructor(clock: Clock, dialer: Dialer, connections: Set<Connection>, signal: AbortSignal) {
    this.#clock = clock;
    this.#dialer = dialer;
    this.#connections = connections;
    this.#signal = signal;
  }

  /** Waits until there is a receiver. */
  async whenUp(timeoutMs: number): Promise<ProbeOutcome> {
    return this.#ask(await this.#dialer.dial(this.#signal), timeoutMs);
  }

  /** Beside a connection that is up, or was a moment ago. */
  async once(timeoutMs: number): Promise<ProbeOutcome> {
    const connection = await this.#dialer.tryOnce(this.#signal);
    this.#signal.throwIfAborted();
    return connection ? this.#ask(connection, timeoutMs) : 'broken';
  }

  async #ask(connection: Connection, timeoutMs: number): Promise<ProbeOutcome> {
    this.#signal.throwIfAborted();
    this.#connections.add(connection);
    connection.attach({ room: () => undefined, lost: () => undefined });
    const startMs = this.#clock.monotonic();
    const end = await endOrSilence(connection, timeoutMs, this.#clock);
    if (end === 'silence') connection.destroy(silenceError(timeoutMs));
    this.#connections.delete(connection);
    this.#signal.throwIfAborted();
    if (end === 'silence' || end === undefined) return end ?? 'broken';
    return { end, afterMs: Math.round(this.#clock.monotonic() - startMs) };
  }
}
