/** What a syslog sink is made from; and the defaults, with their reasons. */
import type { LookupFunction } from 'node:net';
import { type Clock, systemClock } from '../../../core/time/clock.ts';
import type { Framing } from '../../../encode/frame/framing.ts';
import { type Network, systemNetwork } from '../../network.ts';
import type { ReceiverTlsOptions } from '../../tls/tls-options.ts';

export interface SyslogSinkOptions {
  readonly protocol: 'udp' | 'tcp' | 'tls';
  /** A name, or an IPv4 or IPv6 address without brackets. All addresses of a name are tried. */
  readonly host: string;
  readonly port: number;
  /** How frames are told apart in what is written. Default: `datagram` over UDP, else `octet-counting`. */
  readonly framing?: Framing;
  /**
   * Bytes wait and the kernel takes none for so long: the connection is given up. Default 3 min. Linux says that it
   * takes more only when a third of its send buffer is free: a slow receiver has to read that much in the time, which
   * is up to 1.4 MB (8 KB/s by default).
   */
  readonly timeoutMs?: number;
  /** For the name look-up and the TCP handshake together, and as much again for the TLS handshake. Default 15 s. */
  readonly connectTimeoutMs?: number;
  /** Idle time after which the kernel begins to probe the peer. Default 30 s. */
  readonly keepAliveMs?: number;
  /**
   * Above it `write()` says to wait; the queue holds at most this and one chunk. Default 1 MiB: a few chunks, so
   * that the kernel never waits for the encoder, while a slow receiver holds next to no memory here, and what a
   * lost connection takes with it stays small beside what the kernels' own buffers hold (up to about 10 MiB).
   */
  readonly maxQueuedBytes?: number;
  /**
   * UDP, whose one connection never ends by itself: the name is looked up again so often, and the connection goes over to
   * the new address. TCP and TLS ask for each connection. Default 30 s.
   */
  readonly dnsRefreshMs?: number;
  readonly tls?: ReceiverTlsOptions;
  /**
   * Whether the receiver is asked what it has read, by ending connections (docs/delivery.md). `auto` (default): if it
   * answers a probe at start. UDP has no such thing.
   */
  readonly confirm?: 'auto' | 'on' | 'off';
  /** A connection is confirmed so often, if it carried anything. Default 10 s: receivers log each connection. */
  readonly confirmIntervalMs?: number;
  /** And after so many bytes. Default 64 MiB. */
  readonly confirmBytes?: number;
  /**
   * A receiver that has not answered for so long has lost what the connection carried. Default 30 s; one that turns
   * out to be slow is given longer (confirmation.ts).
   */
  readonly confirmTimeoutMs?: number;
  /** A receiver that is silent from the start has so long to answer before `auto` does without. Default 5 min. */
  readonly confirmPatienceMs?: number;
  /** A connection is confirmed before the next is written to. Default false. */
  readonly strictOrder?: boolean;
  readonly tuning?: SyslogSinkTuning;
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly network?: Network;
}

/** What tests turn, and nobody else needs to. */
export interface SyslogSinkTuning {
  readonly backoffMinMs?: number;
  readonly backoffMaxMs?: number;
  /** A connection that lived for so long was a good one: the backoff starts anew after it. */
  readonly steadyAfterMs?: number;
  /** How long one of several addresses may take before the next is tried. */
  readonly addressTimeoutMs?: number;
  readonly lookup?: LookupFunction;
}

/** `SyslogSinkOptions` with every default filled in. */
export interface ResolvedOptions {
  readonly protocol: 'udp' | 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
  readonly framing: Framing;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly maxQueuedBytes: number;
  readonly dnsRefreshMs: number;
  readonly tls: ReceiverTlsOptions;
  readonly confirm: 'auto' | 'on' | 'off';
  readonly confirmIntervalMs: number;
  readonly confirmBytes: number;
  readonly confirmTimeoutMs: number;
  readonly confirmPatienceMs: number;
  readonly strictOrder: boolean;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  readonly steadyAfterMs: number;
  readonly addressTimeoutMs: number;
  readonly lookup: LookupFunction | undefined;
  readonly clock: Clock;
  readonly network: Network;
}

export function resolveOptions(options: SyslogSinkOptions): ResolvedOptions {
  const { protocol, host, port, tls = {}, tuning = {} } = options;
  return {
    protocol,
    host,
    port,
    framing: options.framing ?? (protocol === 'udp' ? 'datagram' : 'octet-counting'),
    timeoutMs: options.timeoutMs ?? 180_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 15_000,
    keepAliveMs: options.keepAliveMs ?? 30_000,
    maxQueuedBytes: options.maxQueuedBytes ?? 1024 * 1024,
    dnsRefreshMs: options.dnsRefreshMs ?? 30_000,
    tls,
    confirm: protocol === 'udp' ? 'off' : (options.confirm ?? 'auto'),
    confirmIntervalMs: options.confirmIntervalMs ?? 10_000,
    confirmBytes: options.confirmBytes ?? 64 * 1024 * 1024,
    confirmTimeoutMs: options.confirmTimeoutMs ?? 30_000,
    confirmPatienceMs: options.confirmPatienceMs ?? 300_000,
    strictOrder: options.strictOrder ?? false,
    backoffMinMs: tuning.backoffMinMs ?? 100,
    backoffMaxMs: tuning.backoffMaxMs ?? 30_000,
    steadyAfterMs: tuning.steadyAfterMs ?? 5_000,
    // Node's own 250 ms gives up on every receiver at the far end of a slow link; a lost SYN is sent again
    // after 1 s, and that second one should still count.
    addressTimeoutMs: tuning.addressTimeoutMs ?? 2_500,
    lookup: tuning.lookup,
    clock: options.clock ?? systemClock,
    network: options.network ?? systemNetwork,
  };
}
