/**
 * How a receiver answers the end of our side of a connection, and whether it does: what confirmation rests on
 * (docs/delivery.md).
 */
import type { AppError } from '../../errors.ts';
import type { Clock } from '../../time/clock.ts';
import type { Dialer } from './dialer.ts';
import { connectionError } from './network-errors.ts';
import type { SinkLog } from './options.ts';
import type { Connection, PeerEnd } from './transport.ts';

/**
 * Ends our side, and waits for the peer's end; a connection whose peer is silent for too long is destroyed.
 * @returns undefined when the connection broke instead, which it has reported as lost
 */
export async function endWithin(connection: Connection, timeoutMs: number, clock: Clock): Promise<PeerEnd | undefined> {
  const timer = clock.timer(timeoutMs, () => {
    const message = `the receiver did not close its side within ${timeoutMs / 1000} s (--confirm-timeout)`;
    connection.destroy(connectionError('confirm-timeout', message));
  });
  try {
    return await connection.end();
  } finally {
    clock.cancel(timer);
  }
}

export interface ProbeOptions {
  readonly confirm: 'auto' | 'on' | 'off';
  readonly confirmTimeoutMs: number;
  readonly peer: string;
  readonly log: SinkLog;
  readonly clock: Clock;
}

export interface ProbeResult {
  readonly isConfirming: boolean;
  /** The receiver sends a close_notify: its end counts only with one. */
  readonly expectsAuthentic: boolean;
}

const probes = 3;
const longestWaitMs = 60 * 60_000;

/** Ends empty connections, and sees what the receiver does. */
export class Probe {
  readonly #options: ProbeOptions;
  readonly #dialer: Dialer;
  readonly #connections: Set<Connection>;
  readonly #signal: AbortSignal;

  /**
   * @param connections where a probing connection is kept while there is one, so that it can be destroyed
   * @param signal ends all of it; every method then throws its reason
   */
  constructor(options: ProbeOptions, dialer: Dialer, connections: Set<Connection>, signal: AbortSignal) {
    this.#options = options;
    this.#dialer = dialer;
    this.#connections = connections;
    this.#signal = signal;
  }

  /** Waits until there is a receiver, and says in the log what it does. */
  async atStart(): Promise<ProbeResult> {
    const { confirm, log, peer } = this.#options;
    for (let attempt = 1; attempt <= probes; attempt++) {
      const connection = attempt === 1 ? await this.#dialer.dial(this.#signal) : await this.#dial();
      const outcome = connection && (await this.#ask(connection));
      if (typeof outcome === 'object') return this.#answered(outcome);
      if (outcome === 'silence') break;
    }
    const isConfirming = confirm === 'on';
    log.warn(
      { peer, confirm },
      `the receiver does not answer the end of a connection${
        isConfirming
          ? '; with --confirm on everything is sent again until it does'
          : ': what it has read cannot be confirmed. Checkpoints follow the local kernel; a receiver that dies loses what it had not read. It is asked again now and then'
      }`,
    );
    return { isConfirming, expectsAuthentic: false };
  }

  /**
   * For a receiver that did not answer: one that was stuck when we started must not cost the promise for good. Asks
   * again after a while, then after twice as long each time, until it answers.
   */
  async untilAnswered(firstWaitMs: number): Promise<ProbeResult> {
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
      await this.#options.clock.sleep(waitMs, { signal: this.#signal, unref: true });
      const connection = await this.#dial();
      const outcome = connection && (await this.#ask(connection));
      if (typeof outcome === 'object') return this.#answered(outcome);
    }
  }

  async #dial(): Promise<Connection | undefined> {
    const connection = await this.#dialer.tryOnce(this.#signal);
    this.#signal.throwIfAborted();
    return connection;
  }

  async #ask(connection: Connection): Promise<Answer | 'silence' | 'broken'> {
    const { confirmTimeoutMs, clock } = this.#options;
    this.#signal.throwIfAborted();
    this.#connections.add(connection);
    let failure: AppError | undefined;
    connection.attach({ room: () => undefined, lost: (error) => (failure = error) });
    const startMs = clock.monotonic();
    const end = await endWithin(connection, confirmTimeoutMs, clock);
    this.#connections.delete(connection);
    this.#signal.throwIfAborted();
    if (end) return { end, afterMs: Math.round(clock.monotonic() - startMs) };
    return failure?.code === 'confirm-timeout' ? 'silence' : 'broken';
  }

  #answered({ end: { isAuthentic }, afterMs }: Answer): ProbeResult {
    const { log, peer } = this.#options;
    log.info(
      { peer, confirms: isAuthentic ? 'close_notify' : 'FIN', afterMs },
      'the receiver answers the end of a connection: deliveries are confirmed',
    );
    return { isConfirming: true, expectsAuthentic: isAuthentic };
  }
}

interface Answer {
  readonly end: PeerEnd;
  readonly afterMs: number;
}
