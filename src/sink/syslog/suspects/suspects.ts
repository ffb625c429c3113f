/**
 * Finds the message over which a receiver breaks each connection: one that is longer than its limit, say. Without that,
 * everything that shares a connection with it would be sent again and again, and never be confirmed.
 *
 * Connections that break several times in a row, before anything is confirmed, make suspects of the streams that they
 * carried. What a suspect brings is tried on connections of its own, one after the other; everybody else goes on as ever.
 *
 *   trying    so many of its next frames are written to a fresh connection, and that is ended after a moment.
 *             Confirmed → the next frames, twice as many. Broken → half as many. Unclear → the same, after a pause
 *   alone     one frame has broken a connection: an empty connection is ended then.
 *             Answered, for the third time → found. Answered → the frame again. Otherwise → the same, after a pause
 *   found     whoever delivers is told, and asked. `again` → the frame again, with pauses that grow to a minute;
 *             `skip` → the next frames.
 *
 * A stream is no suspect any more when `firstChunks` of its chunks were confirmed so, or skipped; twice as many each time
 * that it becomes one again, until a connection that it shares with others is confirmed.
 */
import { type Backoff, createBackoff } from '../../../core/backoff.ts';
import { createDeferred, type Deferred } from '../../../core/deferred.ts';
import type { AppError, DeliveryLostError } from '../../../core/errors.ts';
import type { Timer } from '../../../core/time/clock.ts';
import type { DeliveryRef } from '../../sink.ts';
import { silenceCode } from '../confirm/half-close.ts';
import type { Entry } from '../link/entry.ts';
import type { Connection } from '../link/transport.ts';
import { frameEnds } from './frames.ts';
import type { SuspectsOptions, SuspectsParts, WaitingChunk } from './suspects-parts.ts';

interface TrialChunk<M extends DeliveryRef> extends WaitingChunk<M> {
  readonly ends: readonly number[];
  /** Frames that are confirmed or skipped. */
  at: number;
  /** Frames of the delivery in front of this chunk. */
  readonly before: number;
  isOver: boolean;
}

interface Suspect<M extends DeliveryRef> {
  /** Chunks to be confirmed, or skipped, until the stream is no suspect any more. */
  chunksLeft: number;
  /** Frames that are tried at once. */
  maxFrames: number;
  /** The chunks to be tried, in their order. */
  readonly queue: TrialChunk<M>[];
  notBeforeMs: number;
  /** How often the next frame has broken a connection that it had for itself, and an empty one was answered. */
  proofs: number;
  foundAtMs: number | undefined;
  readonly pauses: Backoff;
}

type TrialOutcome = 'confirmed' | 'broken' | 'unclear';

interface Trial<M extends DeliveryRef> {
  readonly tried: TrialChunk<M>;
  /** How many of the chunk's next frames; 0: the connection is empty, to see whether the receiver answers at all. */
  readonly frames: number;
  readonly outcome: Deferred<TrialOutcome>;
  connection: Connection | undefined;
}

const proofsRequired = 3;
/** Chunks that are tried at first: one by one they take long, and mostly the receiver was only restarted several times. */
const firstChunks = 16;
const pauses = { minMs: 500, maxMs: 60_000 };
/** How long a connection with one frame stands at least before its end; twice as long for each proof. See `ConfirmationClock.standMs`. */
const aloneLingerMs = 250;
/** Endings of a connection that say nothing of what it carried. */
const unclearCodes = new Set([silenceCode, 'stalled', 'not-kept', 'unauthentic-end', 'destroyed', 'drain-deadline']);

export class Suspects<M extends DeliveryRef> {
  readonly #options: SuspectsOptions;
  readonly #parts: SuspectsParts<M>;
  /** By stream; the one that was tried last is last. */
  readonly #suspects = new Map<string, Suspect<M>>();
  readonly #framesBefore = new WeakMap<Entry<M>, number>();
  /** By stream: how many chunks it is to be tried for the next time. */
  readonly #chunks = new Map<string, number>();
  #trial: Trial<M> | undefined;
  #isRunning = false;
  #timer: Timer | undefined;

  constructor(options: SuspectsOptions, parts: SuspectsParts<M>) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Connections have broken that carried these streams. */
  suspect(streams: Iterable<string>): void {
    for (const stream of streams) {
      if (this.#suspects.has(stream)) continue;
      const chunksLeft = this.#chunks.get(stream) ?? firstChunks;
      this.#chunks.set(stream, 2 * chunksLeft);
      this.#suspects.set(stream, {
        chunksLeft,
        maxFrames: Number.MAX_SAFE_INTEGER,
        queue: [],
        notBeforeMs: 0,
        proofs: 0,
        foundAtMs: undefined,
        pauses: createBackoff(pauses, this.#options.clock.random),
      });
    }
  }

  /** The delivery's chunks are to be given to `take`. */
  isSuspect(entry: Entry<M>): boolean {
    return entry.carrier === undefined && this.#suspects.has(entry.ref.stream);
  }

  add(waiting: WaitingChunk<M>): void {
    const { entry, chunk } = waiting;
    const suspect = this.#suspects.get(entry.ref.stream);
    if (!suspect) throw new Error('not a suspect');
    const ends = frameEnds(chunk, this.#options.framing);
    const before = this.#framesBefore.get(entry) ?? 0;
    this.#framesBefore.set(entry, before + ends.length);
    suspect.queue.push({ ...waiting, ends, at: 0, before, isOver: false });
    void this.#run();
  }

  /** Gives up what deliveries brought that are over. */
  dropOver(error: DeliveryLostError): void {
    for (const { queue } of this.#suspects.values()) {
      const over = queue.filter(({ entry }) => entry.isOver);
      if (over.length === 0) continue;
      queue.splice(0, queue.length, ...queue.filter((each) => !over.includes(each)));
      for (const tried of over) this.#drop(tried, error);
    }
  }

  #drop(tried: TrialChunk<M>, error: DeliveryLostError): void {
    const trial = this.#trial?.tried === tried ? this.#trial : undefined;
    tried.isOver = true;
    tried.taken.reject(error);
    // Otherwise it is released when nobody reads its bytes any more.
    if (!trial) tried.chunk.release();
    else if (!trial.connection) this.#endTrial('unclear');
  }

  /** Whether somebody else may begin a delivery on the current connection. */
  allowsDelivery(connection: Connection): boolean {
    return this.#trial === undefined || (this.#trial.connection !== undefined && this.#trial.connection !== connection);
  }

  /** The connection is, or was, there for a trial. */
  isTrialOn(connection: Connection): boolean {
    return this.#trial?.connection === connection;
  }

  /** @returns how long the connection stands at least before it is ended; undefined: it carries nothing doubtful */
  lingerMs(connection: Connection): number | undefined {
    if (!this.#trial || !this.isTrialOn(connection) || this.#trial.frames === 0) return undefined;
    if (this.#trial.frames > 1) return 0;
    const { proofs = 0 } = this.#suspects.get(this.#trial.tried.entry.ref.stream) ?? {};
    return aloneLingerMs << Math.min(proofs, proofsRequired);
  }

  /** The connection is to be ended even if nothing on it waits to be confirmed. */
  wantsRotation(connection: Connection): boolean {
    return this.isTrialOn(connection) || (this.#trial !== undefined && this.#trial.connection === undefined);
  }

  /** There may be a fresh connection. */
  room(): void {
    const trial = this.#trial;
    const connection = this.#parts.current();
    if (!trial || trial.connection || !connection || this.#parts.isUsed(connection)) return;
    trial.connection = connection;
    this.#write(trial, connection);
    this.#parts.confirmSoon();
  }

  /** @param streams what it carried, beside a trial */
  confirmed(connection: Connection, streams: Iterable<string>): void {
    if (this.isTrialOn(connection)) this.#endTrial('confirmed');
    for (const stream of streams) this.#chunks.delete(stream);
  }

  lost(connection: Connection, error: AppError): void {
    if (this.isTrialOn(connection)) this.#endTrial(unclearCodes.has(error.code) ? 'unclear' : 'broken');
  }

  /** Tries what is due, one after the other, until nothing is. */
  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#options.clock.cancel(this.#timer);
    for (let due = this.#nextDue(); due; due = this.#nextDue()) {
      const [stream, suspect] = due;
      this.#suspects.delete(stream);
      this.#suspects.set(stream, suspect);
      await this.#step(suspect, suspect.queue[0] as TrialChunk<M>);
    }
    this.#isRunning = false;
    this.#waitForNext();
  }

  #nextDue(): readonly [string, Suspect<M>] | undefined {
    const nowMs = this.#options.clock.monotonic();
    return [...this.#suspects].find(([, { queue, notBeforeMs }]) => queue.length > 0 && notBeforeMs <= nowMs);
  }

  #waitForNext(): void {
    const { clock } = this.#options;
    const waiting = [...this.#suspects.values()].filter(({ queue }) => queue.length > 0);
    const times = waiting.map(({ notBeforeMs }) => notBeforeMs);
    const nextMs = Math.min(...times);
    if (Number.isFinite(nextMs)) {
      this.#timer = clock.timer(Math.max(0, nextMs - clock.monotonic()), () => void this.#run());
      this.#timer.unref();
    }
  }

  async #step(suspect: Suspect<M>, tried: TrialChunk<M>): Promise<void> {
    const frames = Math.min(suspect.maxFrames, tried.ends.length - tried.at);
    const outcome = await this.#try(tried, frames);
    if (tried.isOver) return;
    if (outcome === 'confirmed') {
      const bytes = this.#bytesOf(tried, frames).length;
      suspect.maxFrames = Math.min(2 * frames, Number.MAX_SAFE_INTEGER);
      this.#parts.confirmed(frames, bytes);
      this.#goOn(suspect, tried, frames);
    } else if (outcome === 'broken' && frames > 1) suspect.maxFrames = Math.floor(frames / 2);
    else if (outcome === 'broken') await this.#tryEmptyConnection(suspect, tried);
    else this.#pause(suspect);
  }

  /** A frame has broken a connection that it had for itself: perhaps any connection breaks at present. */
  async #tryEmptyConnection(suspect: Suspect<M>, tried: TrialChunk<M>): Promise<void> {
    const outcome = await this.#try(tried, 0);
    if (tried.isOver) return;
    if (outcome === 'confirmed') suspect.proofs++;
    if (suspect.proofs < proofsRequired) {
      if (outcome !== 'confirmed') this.#pause(suspect);
      return;
    }
    const nowMs = this.#options.clock.monotonic();
    suspect.foundAtMs ??= nowMs;
    // Other suspects are tried while the caller decides.
    suspect.notBeforeMs = Number.POSITIVE_INFINITY;
    const refusal = {
      frame: tried.before + tried.at,
      bytes: this.#bytesOf(tried, 1),
      forMs: nowMs - suspect.foundAtMs,
    };
    const decided = tried.onRefused?.(refusal) ?? Promise.resolve('again' as const);
    void decided.then(
      (decision) => this.#decided(suspect, tried, decision),
      () => this.#decided(suspect, tried, 'again'),
    );
  }

  #decided(suspect: Suspect<M>, tried: TrialChunk<M>, decision: 'again' | 'skip'): void {
    if (tried.isOver) return;
    if (decision === 'skip') this.#goOn(suspect, tried, 1);
    else this.#pause(suspect);
    if (!this.#isRunning) void this.#run();
  }

  #goOn(suspect: Suspect<M>, tried: TrialChunk<M>, frames: number): void {
    tried.at += frames;
    suspect.proofs = 0;
    suspect.foundAtMs = undefined;
    suspect.notBeforeMs = 0;
    suspect.pauses.reset();
    if (tried.at < tried.ends.length) return;
    suspect.queue.shift();
    tried.isOver = true;
    tried.chunk.release();
    this.#parts.done(tried.entry);
    tried.taken.resolve();
    if (--suspect.chunksLeft <= 0 && suspect.queue.length === 0) this.#suspects.delete(tried.entry.ref.stream);
  }

  #pause(suspect: Suspect<M>): void {
    suspect.notBeforeMs = this.#options.clock.monotonic() + suspect.pauses.next();
  }

  /** Some of its frames, or none, on a connection of their own, to its end. */
  async #try(tried: TrialChunk<M>, frames: number): Promise<TrialOutcome> {
    const outcome = createDeferred<TrialOutcome>();
    this.#trial = { tried, frames, outcome, connection: undefined };
    this.#parts.confirmSoon();
    this.room();
    const ended = await outcome.promise;
    // The chunk's bytes are not read any more.
    if (tried.isOver) tried.chunk.release();
    return ended;
  }

  #write({ tried, frames }: Trial<M>, connection: Connection): void {
    if (frames === 0) return;
    const { entry } = tried;
    const chunk = { bytes: this.#bytesOf(tried, frames), frameCount: frames, release: () => undefined };
    connection.write(chunk, () => undefined, {
      isWanted: () => !entry.isOver && entry.ref.isWithdrawn?.() !== true,
      dropped: () => {
        if (!entry.isOver) this.#parts.withdrawn(entry);
      },
    });
    this.#parts.wrote(connection, chunk.bytes.length);
  }

  #bytesOf({ chunk, ends, at }: TrialChunk<M>, frames: number): Uint8Array {
    return chunk.bytes.subarray(at === 0 ? 0 : ends[at - 1], ends[at + frames - 1]);
  }

  #endTrial(outcome: TrialOutcome): void {
    const trial = this.#trial;
    if (!trial) return;
    this.#trial = undefined;
    trial.outcome.resolve(outcome);
    this.#parts.room();
  }
}
