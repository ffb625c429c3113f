/**
 * The reference implementation of `BatchEncoder`, in plain TypeScript: unpack → walk → format → frame, in one pass
 * over the bytes, with no object made for a log or a field. What the kernel has to equal, byte for byte.
 *
 * A slice ends when its chunk is full, so that the event loop gets its turn: 256 KiB of frames take about 1 ms. A
 * log that is larger than a chunk gets a chunk of its own and of its size.
 *
 * Damage is reported after what stood before it: the frames of the logs in front of it are handed out, and the
 * call after that throws, as does every later one.
 */
import type { BatchCounts, BatchEncoder, EncodedBatch } from './batch-encoder.ts';
import type { BatchBody, FrameChunk } from './bytes.ts';
import { addFrameEnd, type ChunkBuffer, ChunkPool } from './chunk-pool.ts';
import { type CheckedOptions, checkEncoderOptions, type EncoderOptions } from './encoder-options.ts';
import { type Framing, MAX_FRAMING_BYTES, reserveOctetCount, utf8Cut, writeOctetCount } from './framing.ts';
import { HeaderWriter } from './header.ts';
import { LogWalker } from './log-walker.ts';
import { type CompiledRow, compileRow, MessageWriter } from './message-writer.ts';
import { byteSource, decimalDigits, Output } from './output.ts';
import { unpack } from './unpack.ts';

const CHUNK_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

/** What all batches of an encoder share. */
interface EncoderParts {
  readonly row: CompiledRow;
  readonly header: HeaderWriter;
  readonly framing: Framing;
  readonly limits: CheckedOptions;
  readonly pool: ChunkPool;
}

/** @throws AppError code `encoder-options`, action `fatal`: a number is out of range, or format and framing do not go together */
export function createReferenceEncoder(options: EncoderOptions): BatchEncoder {
  const header = new HeaderWriter(options.header);
  const parts: EncoderParts = {
    row: compileRow(options.format),
    header,
    framing: options.framing,
    limits: checkEncoderOptions(options, header.maxBytes),
    pool: new ChunkPool({ chunkBytes: CHUNK_BYTES }),
  };
  return {
    begin: (body: BatchBody): EncodedBatch => new ReferenceBatch(unpack(body, parts.limits.maxRawBytes), parts),
  };
}

interface BatchState {
  readonly walker: LogWalker;
  readonly message: MessageWriter;
}

class ReferenceBatch implements EncodedBatch {
  readonly counts: BatchCounts;
  readonly #parts: EncoderParts;
  /** Undefined once the batch is at its end or closed: the raw bytes are let go. */
  #state: BatchState | undefined;
  /** The walker stands in a group. */
  #inGroup = false;
  /** The message writer has not seen the group yet; one without logs it never sees. */
  #isNewGroup = false;
  /** The walker stands at a log that is not written yet. */
  #atLog = false;
  #failure: unknown;

  constructor(raw: Uint8Array, parts: EncoderParts) {
    const walker = new LogWalker(raw);
    this.#parts = parts;
    this.#state = { walker, message: new MessageWriter(parts.row, byteSource(raw), walker) };
    this.counts = { logs: 0, rawBytes: raw.length, frameBytes: 0, truncated: 0 };
  }

  next(): FrameChunk | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const state = this.#state;
    if (state === undefined || !this.#findLog(state)) return undefined;
    const { pool, framing } = this.#parts;
    const maxFrameBytes = this.#maxFrameBytes(state);
    const buffer = pool.acquire(maxFrameBytes > pool.chunkBytes ? this.#exactFrameBytes(state) : 0);
    const output = new Output(buffer);
    const frameCount = this.#fill(state, buffer, output);
    this.counts.logs += frameCount;
    this.counts.frameBytes += output.position;
    return pool.chunk(buffer, output.position, frameCount, framing === 'datagram');
  }

  close(): void {
    this.#state = undefined;
  }

  /** Writes logs while they fit, and no limit is reached; the first one is always written. */
  #fill(state: BatchState, buffer: ChunkBuffer, output: Output): number {
    const { maxChunkFrames, maxChunkBytes } = this.#parts.limits;
    const capacity = buffer.bytes.length;
    let frameCount = 0;
    do {
      const room = capacity - output.position;
      if (frameCount > 0 && this.#maxFrameBytes(state) > room && this.#exactFrameBytes(state) > room) break;
      this.#writeFrame(state, output);
      if (this.#parts.framing === 'datagram') addFrameEnd(buffer, frameCount, output.position);
      this.#atLog = false;
      frameCount++;
    } while (frameCount < maxChunkFrames && output.position < maxChunkBytes && this.#findNextLog(state));
    return frameCount;
  }

  /** Goes on to the next log unless the walker is at one. A failure here has nothing in front of it. */
  #findLog(state: BatchState): boolean {
    if (this.#atLog || this.#findNextLog(state)) return true;
    if (this.#failure !== undefined) throw this.#failure;
    this.close();
    return false;
  }

  /** @returns false at the end of the batch, and at damage, which is then kept for the next call */
  #findNextLog({ walker, message }: BatchState): boolean {
    try {
      while (!(this.#inGroup && walker.nextLog())) {
        this.#inGroup = walker.nextGroup();
        if (!this.#inGroup) return false;
        this.#isNewGroup = true;
      }
      if (this.#isNewGroup) message.beginGroup();
      this.#isNewGroup = false;
      this.#atLog = true;
      return true;
    } catch (error) {
      this.#failure = error;
      this.close();
      return false;
    }
  }

  #writeFrame({ walker, message }: BatchState, output: Output): void {
    const { header, framing } = this.#parts;
    const frameStart = output.position;
    const counted = framing === 'octet-counting';
    if (counted) reserveOctetCount(output, decimalDigits(header.maxBytes + message.plainLength()));
    const messageStart = output.position;
    header.write(output, walker.time, walker.timeNs);
    message.write(output);
    if (counted) writeOctetCount(output, frameStart, messageStart);
    else if (framing === 'lf') output.byte(LINE_FEED);
    else this.#cutDatagram(output, frameStart);
  }

  #cutDatagram(output: Output, frameStart: number): void {
    const limit = frameStart + this.#parts.limits.maxDatagramBytes;
    if (output.position <= limit) return;
    output.position = utf8Cut(output.bytes, frameStart, limit);
    this.counts.truncated++;
  }

  #maxFrameBytes({ message }: BatchState): number {
    return MAX_FRAMING_BYTES + this.#parts.header.maxBytes + message.maxLength();
  }

  #exactFrameBytes({ message }: BatchState): number {
    return MAX_FRAMING_BYTES + this.#parts.header.maxBytes + message.exactLength();
  }
}
