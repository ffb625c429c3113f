/**
 * A scenario is all that a world is made from: data, drawn from the seed before anything runs. So it can be printed, and
 * made smaller: a fault that is taken out leaves all others as they were.
 */
import type { Dialect } from '../../../src/emulator/protocol/dialect.ts';
import type { NodeRelease } from '../net/node/node-release.ts';

/** What the daemons are configured with; milliseconds and bytes. */
export interface Settings {
  readonly heartbeatIntervalMs: number;
  readonly timeoutMs: number;
  readonly fetchIntervalMs: number;
  readonly checkpointIntervalMs: number;
  readonly maxInFlightBytes: number;
  readonly drainTimeoutMs: number;
  readonly confirm: 'auto' | 'on';
  readonly confirmIntervalMs: number;
  readonly confirmTimeoutMs: number;
  readonly confirmBytes: number;
  readonly strictOrder: boolean;
  readonly inOrder: boolean;
  readonly from: 'begin' | 'end';
  readonly failbackAfterMs: number;
  readonly writeTimeoutMs: number;
  readonly maxMessagesPerSecond: number | undefined;
  readonly dnsRefreshMs: number;
}

export interface DaemonPlan {
  readonly name: string;
  readonly consumer: string;
  readonly encoder: 'kernel' | 'reference';
  readonly signVersion: 'v1' | 'v4';
  /** Its wall clock is ahead by so much, and goes at this rate. */
  readonly offsetMs: number;
  readonly rate: number;
  readonly startsAtMs: number;
  /** Whose sockets it has; default: the oldest. */
  readonly node?: NodeRelease;
}

export interface ReceiverPlan {
  readonly name: string;
  /** Of the outlet that it belongs to. */
  readonly outlet: string;
  readonly protocol: 'tcp' | 'tls' | 'udp';
  /** TLS: it answers a close_notify with one; otherwise with a bare end. */
  readonly sendsCloseNotify: boolean;
  readonly tlsVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Session tickets that it sends. */
  readonly tickets: number;
  /** It reads so many bytes at most, and then pauses. */
  readonly readBytes: number;
  readonly readPauseMs: number;
  /** Between the end that it has read and its own. */
  readonly closeDelayMs: number;
  /** A proxy in TCP mode stands in front of it, and answers for itself when it is gone. */
  readonly isBehindProxy?: boolean;
  /** It drops a second connection. */
  readonly oneAtATime: boolean;
  /** One way, from a daemon. */
  readonly delayMs: number;
  /** Of packets on the way to it. */
  readonly lossRate: number;
}

export interface OutletPlan {
  readonly name: string;
  readonly strategy: 'failover' | 'load-balance';
  readonly framing: 'octet-counting' | 'lf' | 'datagram';
  readonly receivers: readonly ReceiverPlan[];
}

export interface LoadPlan {
  readonly shards: number;
  /** There before the first daemon starts, of each shard. */
  readonly backlogLogs: number;
  /** Over all shards, live. */
  readonly logsPerSecond: number;
  readonly logsPerGroup: number;
  readonly logBytes: number;
  /** Every so manyth log is too large for a message, and goes to the dead letters. */
  readonly largeEvery?: number | undefined;
  /** The way to the service is narrow: what comes of it is pulled in pieces. */
  readonly isBehindNarrowWay?: boolean;
  /** It is sent all the same, and too large for a receiver. */
  readonly largeIsSent?: boolean;
}

export interface ServicePlan {
  readonly dialect: Partial<Dialect>;
  /** One way, to the service. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** A narrow way back, of each answer. */
  readonly bytesPerSecond?: number;
}

export interface FaultPlan {
  readonly kind: string;
  /** From the world's start. */
  readonly atMs: number;
  readonly forMs: number;
  /** Whom or what it hits, and how hard: each kind knows what its numbers mean. 0 ≤ x < 1. */
  readonly luck: readonly [number, number, number, number];
}

export interface Scenario {
  readonly seed: string;
  readonly daemons: readonly DaemonPlan[];
  readonly outlets: readonly OutletPlan[];
  readonly settings: Settings;
  readonly load: LoadPlan;
  readonly service: ServicePlan;
  readonly faults: readonly FaultPlan[];
  /** The last fault is over by then. */
  readonly faultsUntilMs: number;
  /** How long nothing goes wrong at the end. */
  readonly calmMs: number;
  /** In that time a daemon is stopped in peace, and comes back: nothing is sent twice for it. */
  readonly handsOverInCalm?: boolean;
}

/** When the faults are over, everything has arrived within this time: the waits that the settings give, one after another. */
export function settleBoundMs({ settings, service, faultsUntilMs }: Scenario): number {
  const { timeoutMs, heartbeatIntervalMs, drainTimeoutMs, confirmTimeoutMs, confirmIntervalMs, writeTimeoutMs } =
    settings;
  // A request that hangs is given up, and a connection that takes nothing.
  const hanging = 60_000 + writeTimeoutMs;
  // The longest pause between two attempts, at the service and at a receiver.
  const pauses = 2 * 30_000;
  // A receiver that took long to answer is given twice as long the next time.
  const answers = Math.max(4 * confirmTimeoutMs, 2 * faultsUntilMs) + 3 * confirmIntervalMs;
  const moves = 3 * (timeoutMs + heartbeatIntervalMs + drainTimeoutMs);
  // On a narrow way, a pull is cut off several times until it is small enough.
  const cuts = service.bytesPerSecond === undefined ? 0 : 4 * 60_000;
  return hanging + pauses + answers + moves + cuts;
}
