/**
 * The reference implementation of `BatchEncoder`, in plain TypeScript: unpack → walk → format → frame, in one pass
 * over the bytes, with no object made for a log or a field. What the kernel has to equal, byte for byte.
 *
 * A slice ends when its chunk is full, so that the event loop gets its turn: 256 KiB of frames take about 1 ms. A
 * log that is larger than a chunk gets a chunk of its own and of its size. One that is over the limit is never
 * written whole anywhere: its parts are made one by one, in as many slices as they take, or it is rejected unwritten.
 *
 * Damage is reported after what stood before it: the frames of the logs in front of it are handed out, and the
 * call after that throws, as does every later one.
 */

import type { BatchCounts, BatchEncoder, EncodedBatch, RejectedLog } from './batch-encoder.ts';
import type { BatchBody, FrameChunk } from './bytes.ts';
import { addFrameEnd, type ChunkBuffer } from './chunk-pool.ts';
import { CutText } from './cut-text.ts';
import type { EncoderOptions } from './encoder-options.ts';
import { batchIdentity, createEncoderParts, type EncoderParts } from './encoder-parts.ts';
import { MAX_FRAMING_BYTES, reserveOctetCount, writeOctetCount } from './framing.ts';
import { type BatchIdentity, type BatchOrigin, NO_PART } from './identity.ts';
import { LogCutter } from './log-cutter.ts';
import { LogWalker } from './log-walker.ts';
import type { MessageWriter } from './message-writer.ts';
import { byteSource, decimalDigits, Output } from './output.ts';
import { unpack } from './unpack.ts';

const LINE_FEED = 0x0a;

/** @throws AppError code `encoder-options`, action `fatal`: a number is out of range, or options do not go together */
export function createReferenceEncoder(options: EncoderOptions): BatchEncoder {
  const parts = createEncoderParts(options);
  return {
    kind: 'reference',
    begin: (body: BatchBody, origin?: BatchOrigin): EncodedBatch =>
      new ReferenceBatch(
        unpack(body, parts.limits.maxRawBytes),
        parts,
        batchIdentity(parts, origin),
        origin?.firstIndex ?? 0,
      ),
  };
}

interface BatchState {
  readonly raw: Uint8Array;
  readonly walker: LogWalker;
  readonly message: MessageWriter;
  readonly cutter: LogCutter;
}

/** What looking for the next log came upon. */
type Found = 'log' | 'rejected log' | 'end';

const NO_FRAMES: FrameChunk = { bytes: new Uint8Array(0), frameCount: 0, release: () => undefined };

class ReferenceBatch implements EncodedBatch {
  readonly counts: BatchCounts;
  readonly #parts: EncoderParts;
  /** Undefined once the batch is at its end or closed: the raw bytes are let go. */
  #state: BatchState | undefined;
  /** The walker stands in a group. */
  #inGroup = false;
  /** The message writer has not seen the group yet; one without logs it never sees. */
  #isNewGroup = false;
  /** The walker stands at a log that is not written yet, or not to its end. */
  #atLog = false;
  /** What is still to be written of the log, where it is split, and how many parts have been. */
  #rest: CutText | undefined;
  #partCount = 0;
  #rejected: RejectedLog[] = [];
  #failure: unknown;
  readonly #firstIndex: number;
  readonly #identity: BatchIdentity | undefined;
  /** What stands before a text is never longer. */
  readonly #maxHeadBytes: number;

  constructor(raw: Uint8Array, parts: EncoderParts, identity: BatchIdentity | undefined, firstIndex: number) {
    const walker = new LogWalker(raw);
    this.#parts = parts;
    this.#identity = identity;
    this.#firstIndex = firstIndex;
    this.#maxHeadBytes = parts.header.maxBytes + (identity?.maxBytes ?? 0);
    this.#state = {
      raw,
      walker,
      message: parts.createMessage(byteSource(raw), walker),
      cutter: new LogCutter(),
    };
    this.counts = { logs: 0, rawBytes: raw.length, frameBytes: 0, truncated: 0, split: 0, deadLettered: 0 };
  }

  next(): FrameChunk | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const state = this.#state;
    const found = state === undefined ? 'end' : this.#findLog(state);
    if (state === undefined || found === 'end') return undefined;
    if (found === 'rejected log') return NO_FRAMES;
    const { pool, framing } = this.#parts;
    const maxFrameBytes = this.#maxFrameBytes(state);
    const buffer = pool.acquire(maxFrameBytes > pool.chunkBytes ? this.#exactFrameBytes(state) : 0);
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
    this.#rest = undefined;
  }

  /** Writes messages while they fit, and no limit is reached; the first one is always written. */
  #fill(state: BatchState, buffer: ChunkBuffer, output: Output): number {
    const { maxChunkFrames, maxChunkBytes } = this.#parts.limits;
    const capacity = buffer.bytes.length;
    let frameCount = 0;
    do {
      const room = capacity - output.position;
      if (frameCount > 0 && this.#maxFrameBytes(state) > room && this.#exactFrameBytes(state) > room) break;
      this.#writeFrame(state, output);
      if (this.#parts.framing === 'datagram') addFrameEnd(buffer, frameCount, output.position);
      frameCount++;
      if (this.#rest !== undefined) continue;
      this.#atLog = false;
      this.counts.logs++;
    } while (
      frameCount < maxChunkFrames &&
      output.position < maxChunkBytes &&
      (this.#atLog || this.#findNextLog(state) === 'log')
    );
    return frameCount;
  }

  /** Goes on to the next log unless the walker is at one. A failure here has nothing in front of it. */
  #findLog(state: BatchState): Found {
    if (this.#atLog) return 'log';
    const found = this.#findNextLog(state);
    if (this.#failure !== undefined) throw this.#failure;
    if (found === 'end') this.close();
    return found;
  }

  /** @returns `end` at damage too, which is then kept for the next call */
  #findNextLog(state: BatchState): Found {
    const { walker, message } = state;
    try {
      while (!(this.#inGroup && walker.nextLog())) {
        this.#inGroup = walker.nextGroup();
        if (!this.#inGroup) return 'end';
        this.#isNewGroup = true;
      }
      if (this.#isNewGroup) message.beginGroup();
      this.#isNewGroup = false;
      message.beginLog(this.#parts.header.facility, this.#parts.header.severity);
      if (this.#parts.limits.oversize === 'dead-letter' && this.#isOversize(state)) {
        this.#rejected.push({
          index: this.#index,
          reason: 'oversize',
          logGroupList: state.cutter.cut(state.raw, walker),
        });
        this.counts.deadLettered++;
        return 'rejected log';
      }
      this.#atLog = true;
      return 'log';
    } catch (error) {
      this.#failure = error;
      this.close();
      return 'end';
    }
  }

  /** Of the log that the walker stands at. */
  get #index(): number {
    return this.#firstIndex + this.counts.logs + this.counts.deadLettered;
  }

  /** Whether the walker's log is too long for one message, found out without writing it. */
  #isOversize({ walker, message }: BatchState): boolean {
    const { header, limits } = this.#parts;
    if (this.#maxHeadBytes + message.maxLength() <= limits.maxMessageBytes) return false;
    const head = header.length(walker.time, walker.timeNs) + (this.#identity?.length(this.#index) ?? 0);
    const room = limits.maxMessageBytes - head;
    return message.maxLength() > room && message.exactLength() > room;
  }

  #writeFrame(state: BatchState, output: Output): void {
    const { header, framing, limits } = this.#parts;
    const { walker } = state;
    const frameStart = output.position;
    const counted = framing === 'octet-counting';
    if (counted) reserveOctetCount(output, decimalDigits(this.#likelyMessageBytes(state)));
    const messageStart = output.position;
    header.write(output, walker.time, walker.timeNs);
    this.#writeAfterHeader(state, output, messageStart + limits.maxMessageBytes);
    if (counted) writeOctetCount(output, frameStart, messageStart);
    else if (framing === 'lf') output.byte(LINE_FEED);
  }

  /** @param limit where the message has to end in the output, at the latest */
  #writeAfterHeader({ message }: BatchState, output: Output, limit: number): void {
    if (this.#rest !== undefined) {
      this.#writePart(this.#rest, output, limit);
      return;
    }
    const index = this.#index;
    const identity = this.#identity;
    const room = limit - output.position - (identity?.length(index) ?? 0);
    if (message.maxLength() <= room || message.exactLength() <= room) {
      identity?.write(output, index, NO_PART);
      message.write(output);
    } else {
      this.#writeOversize(message, output, limit);
    }
  }

  #writeOversize(message: MessageWriter, output: Output, limit: number): void {
    switch (this.#parts.limits.oversize) {
      case 'truncate':
        this.#identity?.write(output, this.#index, NO_PART);
        message.writeCut(output, limit);
        this.counts.truncated++;
        return;
      case 'split':
        this.#partCount = 0;
        this.#writePart(new CutText(message.pieces()), output, limit);
        this.counts.split++;
        return;
      case 'dead-letter':
        throw new TypeError('a log over the limit is rejected before it is written');
    }
  }

  #writePart(text: CutText, output: Output, limit: number): void {
    this.#partCount++;
    this.#identity?.write(output, this.#index, this.#partCount);
    text.write(output, limit);
    this.#rest = text.atEnd ? undefined : text;
  }

  /** A guess: right where nothing has to be escaped, and for all parts but the last. */
  #likelyMessageBytes({ message }: BatchState): number {
    return this.#messageBytes(this.#rest === undefined ? message.plainLength() : Number.POSITIVE_INFINITY);
  }

  #maxFrameBytes({ message }: BatchState): number {
    return MAX_FRAMING_BYTES + this.#messageBytes(this.#rest ? Number.POSITIVE_INFINITY : message.maxLength());
  }

  /** What is left of a split log is not measured: that would be work for each of its parts. */
  #exactFrameBytes({ message }: BatchState): number {
    return MAX_FRAMING_BYTES + this.#messageBytes(this.#rest ? Number.POSITIVE_INFINITY : message.exactLength());
  }

  /** Of a message with so much text, before it is cut. */
  #messageBytes(textBytes: number): number {
    return Math.min(this.#parts.limits.maxMessageBytes, this.#maxHeadBytes + textBytes);
  }
}
