/**
 * Troubles of the service: reports once when a kind of trouble begins and once when it is over, however many calls fail
 * by it and however often they are retried.
 *
 *   unnoticed  a call has failed, and may succeed the next time. Three failures of one call in a row, or one of a kind
 *              that does not go away by itself (credentials, clock, configuration) → `onTrouble`, reported.
 *   reported   a call still fails by this trouble.
 *   quiet      no call fails by it now: the calls that did have succeeded since, or are not made any more. A new
 *              failure → reported, without another report. None for a while → over; `onRecovered` if one of those calls
 *              has succeeded, or another call while those are not made: a call that was given up shows no recovery.
 *
 * All network failures are one kind: to a server that goes away, connections are first reset, then refused, then timed
 * out. Being out of file descriptors is another kind: the operator has to fix it on this machine.
 */
import type { AppError } from '../core/errors.ts';
import type { Clock, Timer } from '../core/time/clock.ts';
import type { ShardId } from '../group/service/log-service.ts';
import type { Operation } from './operations.ts';

export interface TroubledCall {
  readonly operation: Operation | 'refreshCredentials';
  readonly shard?: ShardId;
}

/** A trouble; its operation and shard are those of the first call that failed. */
export interface Trouble extends TroubledCall {
  /** `network`, or the error's code. */
  readonly kind: string;
  /** The latest error. */
  readonly error: AppError;
  /** When the trouble began, unix milliseconds. */
  readonly sinceMs: number;
  /** Failures of all calls since the trouble began. */
  readonly attempts: number;
}

export interface Recovery extends TroubledCall {
  readonly kind: string;
  readonly sinceMs: number;
  /** From the first failure to the first success after the last. */
  readonly durationMs: number;
  readonly attempts: number;
}

export interface TroublesOptions {
  readonly onTrouble?: ((trouble: Trouble) => void) | undefined;
  readonly onRecovered?: ((recovery: Recovery) => void) | undefined;
  /** How long all calls have to succeed before a trouble is over. */
  readonly quietMs: number;
  readonly clock: Clock;
}

const failuresBeforeReport = 3;
const neverHealsAlone = new Set<unknown>(['credentials', 'clock', 'configuration', 'request', 'address']);
/** A failed call that is not made again within this time counts as given up. */
const lapseMs = 120_000;
/** When no failed call is made for so long after another call has succeeded, the trouble is over. */
const otherWorksMs = 30_000;

interface Entry {
  readonly kind: string;
  readonly first: TroubledCall;
  /** Calls that have failed by this trouble and may be made again; and, in `failing`, those that still fail. */
  readonly members: Set<string>;
  readonly failing: Set<string>;
  readonly sinceMs: number;
  error: AppError;
  attempts: number;
  reported: boolean;
  /** When one of `members` first succeeded after the last failure, unix milliseconds. */
  workedAtMs: number | undefined;
  /** When another call first succeeded while none of `members` was made. */
  otherWorkedAtMs: number | undefined;
  quietTimer: Timer | undefined;
  quietSinceWorked: boolean;
}

export class Troubles {
  readonly #options: TroublesOptions;
  readonly #entries = new Map<string, Entry>();
  /** Failures in a row, by call. */
  readonly #streaks = new Map<string, number>();
  #closed = false;
  #upSinceMs: number;

  constructor(options: TroublesOptions) {
    this.#options = options;
    this.#upSinceMs = options.clock.now();
  }

  /** When the last trouble was over, or else the client was created; unix milliseconds. */
  get upSinceMs(): number {
    return this.#upSinceMs;
  }

  /** Troubles that were reported and are not over. */
  get current(): readonly Trouble[] {
    return [...this.#entries.values()].filter((entry) => entry.reported).map(toTrouble);
  }

  failed(call: TroubledCall, error: AppError): void {
    if (this.#closed) return;
    const key = keyOf(call);
    const streak = (this.#streaks.get(key) ?? 0) + 1;
    this.#streaks.set(key, streak);
    const kind = isOfNetwork(error) ? 'network' : error.code;
    for (const other of this.#entries.values()) {
      if (other.kind !== kind) this.#leave(other, key);
    }
    const entry = this.#entries.get(kind) ?? this.#begin(kind, call, error);
    this.#options.clock.cancel(entry.quietTimer);
    entry.quietTimer = undefined;
    entry.members.add(key);
    entry.failing.add(key);
    entry.workedAtMs = undefined;
    entry.otherWorkedAtMs = undefined;
    entry.error = error;
    entry.attempts++;
    if (entry.reported || (streak < failuresBeforeReport && !neverHealsAlone.has(error.context.kind))) return;
    entry.reported = true;
    this.#options.onTrouble?.(toTrouble(entry));
  }

  worked(call: TroubledCall): void {
    const key = keyOf(call);
    this.#streaks.delete(key);
    for (const entry of this.#entries.values()) {
      // When the failed calls are not made any more, the success of another call ends the trouble.
      if (!entry.members.has(key) && entry.members.size > 0) {
        this.#otherWorked(entry);
        continue;
      }
      entry.workedAtMs ??= this.#options.clock.now();
      this.#leave(entry, key);
    }
  }

  /** A call that had not failed by this trouble has succeeded. */
  #otherWorked(entry: Entry): void {
    const { clock } = this.#options;
    if (entry.failing.size > 0 || !entry.reported || entry.otherWorkedAtMs !== undefined || this.#closed) return;
    if (entry.workedAtMs !== undefined) return;
    entry.otherWorkedAtMs = clock.now();
    clock.cancel(entry.quietTimer);
    entry.quietTimer = clock.timer(otherWorksMs, () => this.#end(entry));
    entry.quietTimer.unref();
  }

  /** The call has failed, and the client does not retry it. */
  lapsed(call: TroubledCall): void {
    for (const entry of this.#entries.values()) this.#leave(entry, keyOf(call));
  }

  /** The call ended without an answer: aborted, or with an error that the caller acts on. */
  abandoned(call: TroubledCall): void {
    const key = keyOf(call);
    this.#streaks.delete(key);
    for (const entry of this.#entries.values()) {
      this.#leave(entry, key);
      entry.members.delete(key);
    }
  }

  close(): void {
    this.#closed = true;
    for (const entry of this.#entries.values()) this.#options.clock.cancel(entry.quietTimer);
  }

  #begin(kind: string, first: TroubledCall, error: AppError): Entry {
    const entry: Entry = {
      kind,
      first,
      members: new Set(),
      failing: new Set(),
      sinceMs: this.#options.clock.now(),
      error,
      attempts: 0,
      reported: false,
      workedAtMs: undefined,
      otherWorkedAtMs: undefined,
      quietTimer: undefined,
      quietSinceWorked: false,
    };
    this.#entries.set(kind, entry);
    return entry;
  }

  #leave(entry: Entry, key: string): void {
    entry.failing.delete(key);
    if (entry.failing.size > 0 || this.#closed) return;
    const hasWorked = entry.workedAtMs !== undefined;
    // The time counts from the first success: a call made every second would otherwise put the end off for ever.
    if (entry.quietTimer && entry.quietSinceWorked === hasWorked) return;
    if (!hasWorked && entry.otherWorkedAtMs !== undefined) return;
    this.#options.clock.cancel(entry.quietTimer);
    if (hasWorked && !entry.reported) {
      this.#entries.delete(entry.kind);
      return;
    }
    entry.quietSinceWorked = hasWorked;
    const quietMs = hasWorked ? this.#options.quietMs : lapseMs;
    entry.quietTimer = this.#options.clock.timer(quietMs, () => this.#end(entry));
    entry.quietTimer.unref();
  }

  #end(entry: Entry): void {
    const { kind, first, sinceMs, attempts, otherWorkedAtMs, workedAtMs = otherWorkedAtMs } = entry;
    this.#entries.delete(kind);
    if (entry.reported) this.#upSinceMs = this.#options.clock.now();
    if (!entry.reported || workedAtMs === undefined) return;
    this.#options.onRecovered?.({ kind, ...first, sinceMs, durationMs: workedAtMs - sinceMs, attempts });
  }
}

function toTrouble({ kind, first, error, sinceMs, attempts }: Entry): Trouble {
  return { kind, ...first, error, sinceMs, attempts };
}

function isOfNetwork(error: AppError): boolean {
  if (error.code === 'out-of-descriptors') return false;
  return 'status' in error && error.status === 0 && error.context.kind === 'transient';
}

function keyOf({ operation, shard }: TroubledCall): string {
  return `${operation}/${shard ?? ''}`;
}
