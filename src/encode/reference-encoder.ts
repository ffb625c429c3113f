/**
 * The reference implementation of `BatchEncoder`, in plain TypeScript: unpack → walk → format → frame, without an
 * object for each log or field. The kernel has to write the same bytes.
 *
 * A slice ends when its chunk is full, so that the event loop can run: 512 KiB of frames take about 2 ms; and when much
 * was read, whether it gave frames or not. A large log (many fields, or many bytes) is read and written in as many
 * slices as it takes (large-message.ts), into chunks of its own. A row's text over the limit is never made whole: its
 * parts are made one by one, or the log is rejected.
 *
 * Damage is reported after the frames of the logs in front of it: the call after those throws, and so does every later
 * one.
 */
import { type ByteSource, byteSource } from '../core/byte-source.ts';
import type { BatchBody, FrameChunk } from '../core/bytes.ts';
import { batchIdentity, createEncoderParts, type EncoderParts } from './encoder-parts.ts';
import { type BatchEncoder, type EncodedBatch, noCounts, type RejectedLog } from './frame/batch-encoder.ts';
import { addFrameEnd, type ChunkBuffer } from './frame/chunk-pool.ts';
import type { EncoderOptions } from './frame/encoder-options.ts';
import { FrameWriter } from './frame-writer.ts';
import { createLargeLogs, emptyChunks, isLargeLog, type LargeLogs, NO_FRAMES } from './large-log.ts';
import type { BatchIdentity } from './lead/lead.ts';
import { Columns } from './text/columns.ts';
import { FormatError, type MessageWriter } from './text/message-writer.ts';
import { Output } from './text/output.ts';
import type { BatchOrigin } from './wire/batch-origin.ts';
import { checkGroupCount } from './wire/group-count.ts';
import { LogCutter } from './wire/log-cutter.ts';
import { LogWalker, type Work } from './wire/log-walker.ts';
import { unpack } from './wire/unpack.ts';

/** A slice ends after so many raw bytes of dropped logs. */
const MAX_DROPPED_BYTES = 512 * 1024;

/** A slice reads so many fields of groups and logs at most: some milliseconds. */
const MAX_WORK = 20_000;

/** @throws AppError like `createEncoderParts` */
export function createReferenceEncoder(options: EncoderOptions): BatchEncoder {
  const parts = createEncoderParts(options);
  return {
    kind: 'reference',
    ...(parts.rules && { filterNames: parts.rules.filters.map(({ name }) => name) }),
    begin: (body: BatchBody, origin?: BatchOrigin): EncodedBatch => {
      const raw = unpack(body, parts.limits.maxRawBytes);
      checkGroupCount(body, () => raw);
      return new ReferenceBatch(raw, parts, batchIdentity(parts, origin), origin);
    },
  };
}

interface BatchState {
  readonly raw: Uint8Array;
  readonly source: ByteSource;
  readonly work: Work;
  readonly walker: LogWalker;
  readonly columns: Columns;
  readonly message: MessageWriter;
  readonly frames: FrameWriter;
  readonly cutter: LogCutter;
}

/** Result of the search for the next log. */
type Found = 'log' | 'nothing to write' | 'end';

class ReferenceBatch implements EncodedBatch {
  readonly counts: ReturnType<typeof noCounts>;
  readonly #parts: EncoderParts;
  /** Undefined once the batch is at its end or closed, so that the raw bytes can be freed. */
  #state: BatchState | undefined;
  /** Whether the walker is in a group. */
  #inGroup = false;
  /** Whether the message writer has yet to begin the group; without logs to write it never does. */
  #isNewGroup = false;
  /** Whether the columns have yet to begin the group, in steps, as it has many tags. */
  #isLargeGroup = false;
  /** The large log that is being written, and the writer of such logs, once there was one. */
  #largeLog: Generator<FrameChunk, void> | undefined;
  #largeLogs: LargeLogs | undefined;
  readonly #identity: BatchIdentity | undefined;
  /** Whether the walker is at a log that is not written to its end. */
  #atLog = false;
  /** Raw bytes of logs dropped in this slice. */
  #droppedBytes = 0;
  #rejected: RejectedLog[] = [];
  #failure: unknown;
  readonly #firstIndex: number;

  constructor(raw: Uint8Array, parts: EncoderParts, identity: BatchIdentity | undefined, origin?: BatchOrigin) {
    const work: Work = { left: 0 };
    const walker = new LogWalker(raw, work, origin?.byteShift);
    const source = byteSource(raw);
    const columns = new Columns(parts.columns, source, walker);
    const message = parts.createMessage(source, walker, columns);
    this.counts = noCounts(raw.length, parts.rules?.filters.length ?? 0);
    this.#parts = parts;
    this.#firstIndex = origin?.firstIndex ?? 0;
    this.#identity = identity;
    this.#state = {
      raw,
      source,
      work,
      walker,
      columns,
      message,
      frames: new FrameWriter({ parts, walker, message, identity, counts: this.counts }),
      cutter: new LogCutter(),
    };
  }

  next(): FrameChunk | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const state = this.#state;
    if (state === undefined) return undefined;
    this.#droppedBytes = 0;
    state.work.left = MAX_WORK;
    const chunk = this.#nextOfLargeLog();
    if (chunk) return chunk;
    const found = this.#findLog(state);
    if (found === 'end') return undefined;
    if (found === 'nothing to write') return NO_FRAMES;
    const { pool, framing } = this.#parts;
    const { frames } = state;
    const buffer = pool.acquire(frames.maxFrameBytes() > pool.chunkBytes ? frames.exactFrameBytes() : 0);
    const output = new Output(buffer);
    const frameCount = this.#fill(state, buffer, output);
    this.counts.frameBytes += output.position;
    return pool.chunk(buffer, output.position, frameCount, framing === 'datagram');
  }

  takeRejected(): readonly RejectedLog[] {
    const rejected = this.#rejected;
    this.#rejected = [];
    return rejected;
  }

  close(): void {
    this.#state = undefined;
  }

  /** Writes frames while they fit, and no limit is reached; the first frame is always written. */
  #fill(state: BatchState, buffer: ChunkBuffer, output: Output): number {
    const { maxChunkFrames, maxChunkBytes } = this.#parts.limits;
    const { frames } = state;
    const capacity = buffer.bytes.length;
    let frameCount = 0;
    do {
      const room = capacity - output.position;
      if (frameCount > 0 && frames.maxFrameBytes() > room && frames.exactFrameBytes() > room) break;
      const isWhole = frames.write(output);
      if (this.#parts.framing === 'datagram') addFrameEnd(buffer, frameCount, output.position);
      frameCount++;
      if (!isWhole) continue;
      this.#atLog = false;
      this.counts.logs++;
      this.counts.renamedFields += state.message.renamedFields;
    } while (
      frameCount < maxChunkFrames &&
      output.position < maxChunkBytes &&
      (this.#atLog || this.#findNextLog(state) === 'log')
    );
    return frameCount;
  }

  /** Goes to the next log, unless the walker is at one. A failure has no frames in front of it: it is thrown. */
  #findLog(state: BatchState): Found {
    if (this.#atLog) return 'log';
    const found = this.#findNextLog(state);
    if (this.#failure !== undefined) throw this.#failure;
    if (found === 'end') this.close();
    return found;
  }

  /** @returns `end` at damage too; the error is kept for the next call */
  #findNextLog(state: BatchState): Found {
    try {
      for (;;) {
        const found = this.#nextLog(state);
        if (found !== 'log') return found;
        if (this.#isLarge(state)) {
          this.#largeLog = this.#writeLarge(state);
          return 'nothing to write';
        }
        state.columns.beginLog();
        if (!this.#isDropped(state)) return this.#begin(state);
        if (this.#droppedBytes > MAX_DROPPED_BYTES) return 'nothing to write';
      }
    } catch (error) {
      this.#failure = error;
      this.close();
      return 'end';
    }
  }

  /** @returns `nothing to write` where much was read; the next slice goes on */
  #nextLog({ walker, columns }: BatchState): Found {
    for (;;) {
      if (this.#inGroup) {
        if (walker.nextLog()) return 'log';
        if (walker.isPaused) return 'nothing to write';
        this.#inGroup = false;
      }
      if (!walker.nextGroup()) return walker.isPaused ? 'nothing to write' : 'end';
      this.#inGroup = true;
      this.#isNewGroup = true;
      this.#isLargeGroup = walker.tags.count > this.#parts.limits.largeAboveFields;
      if (!this.#isLargeGroup) columns.beginGroup();
    }
  }

  /** Whether the present log is read in steps; only code without `inSteps` does not write it in steps too. */
  #isLarge({ walker }: BatchState): boolean {
    return this.#isLargeGroup || isLargeLog(walker, this.#parts.limits);
  }

  /** @returns undefined where no large log is being written, or the last one has just ended */
  #nextOfLargeLog(): FrameChunk | undefined {
    try {
      const next = this.#largeLog?.next();
      if (next?.done === false) return next.value;
    } catch (error) {
      this.#failure = error;
      this.close();
      throw error;
    }
    this.#largeLog = undefined;
    return undefined;
  }

  /** Writes the walker's present log in steps. */
  *#writeLarge(state: BatchState): Generator<FrameChunk, void> {
    const { columns } = state;
    const { evaluator, leads } = this.#parts;
    if (this.#isLargeGroup) yield* emptyChunks(columns.beginLargeGroup());
    this.#isLargeGroup = false;
    yield* emptyChunks(columns.beginLargeLog());
    if (this.#isDropped(state)) return;
    this.#largeLogs ??= createLargeLogs({
      parts: this.#parts,
      identity: this.#identity,
      counts: this.counts,
      ...state,
    });
    if (this.#largeLogs === undefined) {
      if (this.#begin(state) !== 'log') yield NO_FRAMES;
      return;
    }
    const lead = leads.of(evaluator?.decide(columns.value), columns.value);
    const isWritten = yield* this.#largeLogs.write(lead, this.#index);
    if (isWritten) return;
    this.#reject(state, { reason: 'oversize' });
    yield NO_FRAMES;
  }

  #isDropped({ walker, columns }: BatchState): boolean {
    const filter = this.#parts.evaluator?.droppedBy(columns.value) ?? -1;
    if (filter === -1) return false;
    this.counts.dropped++;
    this.counts.droppedBy[filter]!++;
    this.#droppedBytes += walker.logEnd - walker.logStart;
    return true;
  }

  /** Prepares the walker's present log for writing. */
  #begin(state: BatchState): Found {
    const { columns, message, frames } = state;
    const { evaluator, leads, limits } = this.#parts;
    const lead = leads.of(evaluator?.decide(columns.value), columns.value);
    try {
      if (this.#isNewGroup) message.beginGroup();
      this.#isNewGroup = false;
      message.beginLog(lead.facility, lead.severity);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return this.#reject(state, { reason: 'format', error: error.cause });
    }
    frames.begin(lead, this.#index);
    if (limits.oversize === 'dead-letter' && frames.isOversize()) return this.#reject(state, { reason: 'oversize' });
    this.#atLog = true;
    return 'log';
  }

  #reject({ raw, walker, cutter }: BatchState, why: Pick<RejectedLog, 'reason' | 'error'>): Found {
    this.#rejected.push({ index: this.#index, ...why, logGroupList: cutter.cut(raw, walker) });
    this.counts.deadLettered++;
    return 'nothing to write';
  }

  /** The index of the walker's present log. */
  get #index(): number {
    return this.#firstIndex + this.counts.logs + this.counts.deadLettered + this.counts.dropped;
  }
}
