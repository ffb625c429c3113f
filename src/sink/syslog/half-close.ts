/**
 * How a receiver answers the end of our side of a connection, and whether it does: what confirmation rests on
 * (docs/delivery.md).
 */
import type { AppError } from '../../errors.ts';
import type { Dialer } from './dialer.ts';
import { connectionError } from './network-errors.ts';
import type { SinkLog } from './options.ts';
import type { Connection, PeerEnd } from './transport.ts';

/**
 * Ends our side, and waits for the peer's end; a connection whose peer is silent for too long is destroyed.
 * @returns undefined when the connection broke instead, which it has reported as lost
 */
export async function endWithin(connection: Connection, timeoutMs: number): Promise<PeerEnd | undefined> {
  const timer = setTimeout(() => {
    const message = `the receiver did not close its side within ${timeoutMs / 1000} s (--confirm-timeout)`;
    connection.destroy(connectionError('confirm-timeout', message));
  }, timeoutMs);
  try {
    return await connection.end();
  } finally {
    clearTimeout(timer);
  }
}

export interface ProbeOptions {
  readonly confirm: 'auto' | 'on' | 'off';
  readonly confirmTimeoutMs: number;
  readonly peer: string;
  readonly log: SinkLog;
  readonly now: () => number;
}

export interface ProbeResult {
  readonly isConfirming: boolean;
  /** The receiver sends a close_notify: its end counts only with one. */
  readonly expectsAuthentic: boolean;
}

const probes = 3;

/**
 * Ends an empty connection, and says in the log what the receiver does.
 * @param connections where a probing connection is kept while there is one, so that it can be destroyed
 * @throws the signal's reason when it aborts
 */
export async function probe(
  { confirm, confirmTimeoutMs, peer, log, now }: ProbeOptions,
  dialer: Dialer,
  connections: Set<Connection>,
  signal: AbortSignal,
): Promise<ProbeResult> {
  for (let attempt = 1; attempt <= probes; attempt++) {
    const connection = attempt === 1 ? await dialer.dial(signal) : await dialer.tryOnce(signal);
    signal.throwIfAborted();
    if (!connection) continue;
    connections.add(connection);
    let failure: AppError | undefined;
    connection.attach({ room: () => undefined, lost: (error) => (failure = error) });
    const startMs = now();
    const end = await endWithin(connection, confirmTimeoutMs);
    connections.delete(connection);
    signal.throwIfAborted();
    if (end) {
      const how = { confirms: end.isAuthentic ? 'close_notify' : 'FIN', afterMs: Math.round(now() - startMs) };
      log.info({ peer, ...how }, 'the receiver answers the end of a connection: deliveries are confirmed');
      return { isConfirming: true, expectsAuthentic: end.isAuthentic };
    }
    if (failure?.code === 'confirm-timeout') break;
  }
  const isConfirming = confirm === 'on';
  log.warn(
    { peer, confirm },
    `the receiver does not answer the end of a connection${
      isConfirming
        ? '; with --confirm on everything is sent again until it does'
        : ': what it has read cannot be confirmed. Checkpoints follow the local kernel; a receiver that dies loses what it had not read'
    }`,
  );
  return { isConfirming, expectsAuthentic: false };
}
