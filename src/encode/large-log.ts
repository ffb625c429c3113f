/** Writes large logs in steps: their frames in chunks of their own, and an empty chunk for each step in between. */
import type { ByteSource } from '../core/byte-source.ts';
import type { FrameChunk } from '../core/bytes.ts';
import type { EncoderParts } from './encoder-parts.ts';
import type { BatchCounts } from './frame/batch-encoder.ts';
import { addFrameEnd } from './frame/chunk-pool.ts';
import { FrameWriter } from './frame-writer.ts';
import type { LargeWriter } from './large/large-message.ts';
import type { BatchIdentity, Lead } from './lead/lead.ts';
import type { Columns } from './text/columns.ts';
import { Output } from './text/output.ts';
import type { LogWalker } from './wire/log-walker.ts';

export const NO_FRAMES: FrameChunk = { bytes: new Uint8Array(0), frameCount: 0, release: () => undefined };

/** Yields an empty chunk for each step, so that the event loop can run. */
export function* emptyChunks(steps: Generator<undefined, void>): Generator<FrameChunk, void> {
  for (const _ of steps) yield NO_FRAMES;
}

/** Whether the walker's present log is large; topic, source and tags of its group count. */
export function isLargeLog(walker: LogWalker, { largeAboveFields, largeAboveBytes }: EncoderParts['limits']): boolean {
  const { tags, contents, topicStart, topicEnd, sourceStart, sourceEnd, logStart, logEnd } = walker;
  const bytes = logEnd - logStart + tags.keyBytes + tags.valueBytes + topicEnd - topicStart + sourceEnd - sourceStart;
  return tags.count + contents.count > largeAboveFields || bytes > largeAboveBytes;
}

export interface LargeLogsParts {
  readonly parts: EncoderParts;
  readonly walker: LogWalker;
  readonly message: LargeWriter;
  readonly identity: BatchIdentity | undefined;
  readonly counts: BatchCounts;
}

/** Writes the large logs of one batch. */
export class LargeLogs {
  readonly #parts: EncoderParts;
  readonly #message: LargeWriter;
  readonly #frames: FrameWriter;
  readonly #counts: BatchCounts;

  constructor({ parts, walker, message, identity, counts }: LargeLogsParts) {
    this.#parts = parts;
    this.#message = message;
    this.#frames = new FrameWriter({ parts, walker, message, identity, counts });
    this.#counts = counts;
  }

  /**
   * Writes the walker's present log.
   * @param index the log's place in the batch
   * @returns false: the message would be over the limit, and the caller has to reject the log
   */
  *write(lead: Lead, index: number): Generator<FrameChunk, boolean> {
    const message = this.#message;
    const frames = this.#frames;
    const { limits, pool, framing } = this.#parts;
    frames.begin(lead, index);
    yield* emptyChunks(message.prepare(lead.facility, lead.severity, frames.textRoom(), limits.oversize));
    if (message.isOversize && limits.oversize === 'dead-letter') return false;
    const { maxMessageBytes, maxChunkFrames, maxChunkBytes } = limits;
    for (let isWhole = false; !isWhole; ) {
      yield* emptyChunks(message.lookAhead(Math.max(maxMessageBytes, pool.chunkBytes)));
      const buffer = pool.acquire(frames.exactFrameBytes());
      const output = new Output(buffer);
      let frameCount = 0;
      do {
        isWhole = frames.write(output);
        if (framing === 'datagram') addFrameEnd(buffer, frameCount, output.position);
        frameCount++;
      } while (
        !isWhole &&
        frameCount < maxChunkFrames &&
        output.position < maxChunkBytes &&
        buffer.bytes.length - output.position >= frames.maxFrameBytes() &&
        message.isAhead(maxMessageBytes)
      );
      if (isWhole) {
        this.#counts.logs++;
        this.#counts.renamedFields += message.renamedFields;
      }
      this.#counts.frameBytes += output.position;
      yield pool.chunk(buffer, output.position, frameCount, framing === 'datagram');
    }
    return true;
  }
}

export function createLargeLogs(
  batch: Omit<LargeLogsParts, 'message'> & { readonly source: ByteSource; readonly columns: Columns },
): LargeLogs | undefined {
  const { parts, source, walker, columns } = batch;
  const message = parts.createLargeMessage?.(source, walker, columns);
  return message && new LargeLogs({ ...batch, message });
}
