/**
 * What an invariant hears of a world. Each is a file here; what it hears may come from the middle of a daemon's code, so
 * it reports a violation and throws nothing: the world ends behind the event.
 */
import type { Scenario } from '../scenario/scenario.ts';

export interface PullSeen {
  readonly daemon: string;
  readonly consumer: string;
  readonly shard: number;
  /** Sequence numbers of the first log behind each cursor. */
  readonly from: number;
  readonly to: number;
  /** Groups that the answer held. */
  readonly groups: number;
  /** Of its body, as it was sent and unpacked. */
  readonly bytes: number;
  readonly nowMs: number;
}

export interface CheckpointSeen {
  readonly shard: number;
  /** As it was sent. */
  readonly cursor: string;
  /** The sequence number of the first log behind it; undefined where it is no cursor of the shard. */
  readonly sequence: number | undefined;
  /** The sequence number of the oldest log that is left. */
  readonly first: number;
  /** Of the log that comes next. */
  readonly next: number;
  readonly consumer: string;
  readonly forced: boolean;
  /** The shard had no checkpoint in the group. */
  readonly isFirst: boolean;
  /** Whoever sent it had given it up: it was late, and nobody can take it back. */
  readonly isRecalled: boolean;
  /** When it was sent. */
  readonly sentMs: number;
  /** An operator of the world has set it, not a daemon. */
  readonly byHand: boolean;
  readonly nowMs: number;
}

export interface ReadSeen {
  readonly outlet: string;
  readonly receiver: string;
  /** The connection's other end, `address:port`; empty: a datagram. */
  readonly from: string;
  readonly shard: number;
  readonly sequence: number;
  /** The same log was read before, by this outlet. */
  readonly isDuplicate: boolean;
  /** The first log of the shard that this outlet has not read, behind this one's reading. */
  readonly firstUnread: number;
  readonly nowMs: number;
}

export interface LogLineSeen {
  readonly daemon: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
}

export interface WriteSeen {
  readonly daemon: string;
  readonly from: string;
  /** The daemon's other connections to the receiver that are not broken at present. */
  beside(): readonly string[];
  /** What the daemon holds of the service's logs. */
  readonly bytesInFlight: number;
  readonly nowMs: number;
}

/** How far a world is. */
export type Phase = 'faults' | 'settling' | 'calm';

export interface Checker {
  pulled?(pull: PullSeen): void;
  saved?(checkpoint: CheckpointSeen): void;
  beaten?(beat: {
    consumer: string;
    daemon: string;
    listed: readonly number[];
    granted: readonly number[];
    sentMs: number;
    nowMs: number;
  }): void;
  requested?(request: { daemon: string; action: string; shard: number | undefined; nowMs: number }): void;
  read?(read: ReadSeen): void;
  /** A daemon's process has given logs to a socket. @param write.from its end, `address:port`; empty: a datagram */
  wrote?(write: WriteSeen): void;
  logged?(line: LogLineSeen): void;
  /** A daemon has ended without being asked to. */
  ended?(end: { daemon: string; reason: string; nowMs: number }): void;
  /** A daemon that was told to drain has ended. @param end.isComplete what it says of itself */
  drained?(end: { daemon: string; isComplete: boolean; nowMs: number }): void;
  /** A daemon's process begins, or is gone (killed, drained, ended). */
  born?(daemon: string, consumer: string, nowMs: number): void;
  gone?(daemon: string, nowMs: number): void;
  /**
   * A receiver that speaks TLS met somebody who does not, and has answered with an alert, its end or silence, or ended over
   * the text. @param met.from the address
   */
  metStranger?(met: { how: 'alert' | 'end' | 'silence' | 'text'; from: string; nowMs: number }): void;
  /** A fault begins or ends. */
  fault?(kind: string, what: 'begins' | 'ends', nowMs: number): void;
  phase?(phase: Phase, nowMs: number): void;
  /** The world is over. */
  finish?(nowMs: number): void;
}

/** The first violation of a world ends it. */
export type Report = (invariant: string, what: string) => void;

export type CreateChecker = (report: Report, scenario: Scenario) => Checker;
