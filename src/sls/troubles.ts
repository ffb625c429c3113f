/**
 * What is going wrong at the moment: one report when a kind of trouble begins and one when it is over, however many
 * calls meet it and however often they are tried again.
 *
 *   unnoticed  a call has failed, and may work the next time. Three failures of one call in a row, or one that
 *              time will not heal (credentials, clock, configuration) → `onTrouble`, reported.
 *   reported   some call still fails this way.
 *   quiet      no call is failing this way now: those that did have worked since, or nobody tries them again. A new
 *              failure → reported, without another report. None for a while → over; `onRecovered` if one of them has
 *              worked, or any call where nobody makes those any more: what was merely given up did not recover. Any
 *              other call that works tells it too, when those that failed are not made for a while.
 *
 * All failures of the network are one kind: a server that goes away is first reset, then refused, then timed out.
 * To be out of file descriptors is another: it is ours to set right.
 */
import type { AppError } from '../core/errors.ts';
import type { Clock, Timer } from '../core/time/clock.ts';
import type { ShardId } from '../group/service/log-service.ts';
import type { Operation } from './operations.ts';

export interface TroubledCall {
  readonly operation: Operation | 'refreshCredentials';
  readonly shard?: ShardId;
}

/** The operation and the shard are those of the call that met it first. */
export interface Trouble extends TroubledCall {
  /** `network`, or the error's code. */
  readonly kind: string;
  /** The latest. */
  readonly error: AppError;
  /** When it began, unix milliseconds. */
  readonly sinceMs: number;
  /** Failures since then, of all calls. */
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
  /** How long all must have worked until a trouble is over. */
  readonly quietMs: number;
  readonly clock: Clock;
}

const failuresBeforeReport = 3;
const neverHealsAlone = new Set<unknown>(['credentials', 'clock', 'configuration', 'request', 'address']);
/** A call that is tried once has a timer behind it that tries it again; without another failure in this time it has not. */
const lapseMs = 120_000;
/** When those that have failed are not tried again for so long, any call that works tells that it is over. */
const otherWorksMs = 30_000;

interface Entry {
  readonly kind: string;
  readonly first: TroubledCall;
  /** Calls that have failed this way and may be made again, and those of them that still fail. */
  readonly members: Set<string>;
  readonly failing: Set<string>;
  readonly sinceMs: number;
  error: AppError;
  attempts: number;
  reported: boolean;
  /** When a call first worked after the last failure, unix milliseconds. */
  workedAtMs: number | undefined;
  /** When another call first worked, while none of those that had failed was tried. */
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
  #wellSinceMs: number;

  constructor(options: TroublesOptions) {
    this.#options = options;
    this.#wellSinceMs = options.clock.now();
  }

  /** Unix milliseconds at which the last trouble was over, or the client was made. */
  get wellSinceMs(): number {
    return this.#wellSinceMs;
  }

  /** What has been reported and is not over. */
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
      // Where nobody tries any more what has failed, whatever works tells as well that it is over.
      if (!entry.members.has(key) && entry.members.size > 0) {
        this.#otherWorked(entry);
        continue;
      }
      entry.workedAtMs ??= this.#options.clock.now();
      this.#leave(entry, key);
    }
  }

  /** It works for somebody else. */
  #otherWorked(entry: Entry): void {
    const { clock } = this.#options;
    if (entry.failing.size > 0 || !entry.reported || entry.otherWorkedAtMs !== undefined || this.#closed) return;
    if (entry.workedAtMs !== undefined) return;
    entry.otherWorkedAtMs = clock.now();
    clock.cancel(entry.quietTimer);
    entry.quietTimer = clock.timer(otherWorksMs, () => this.#end(entry));
    entry.quietTimer.unref();
  }

  /** The call has failed and is not tried again, or not by us. */
  lapsed(call: TroubledCall): void {
    for (const entry of this.#entries.values()) this.#leave(entry, keyOf(call));
  }

  /** The call ended without an answer of its own: aborted, or with an error that is the caller's to act on. */
  givenUp(call: TroubledCall): void {
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
    // Counted from the first call that worked, or else one that is made every second would put the end off for ever.
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
    if (entry.reported) this.#wellSinceMs = this.#options.clock.now();
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
