/** Finds the log that a frame was made from, by encoding the batch again, one frame at a time. */
import type { BatchBody } from '../core/bytes.ts';
import type { EncoderOptions } from './frame/encoder-options.ts';
import { DEFAULT_MAX_RAW_BYTES } from './frame/encoder-options.ts';
import { createReferenceEncoder } from './reference-encoder.ts';
import type { BatchOrigin } from './wire/batch-origin.ts';
import { LogCutter } from './wire/log-cutter.ts';
import { LogWalker } from './wire/log-walker.ts';
import { unpack } from './wire/unpack.ts';

export interface LocatedLog {
  /** The log's place in the batch, as a dead letter has it. */
  readonly index: number;
  /** A LogGroupList with only this log and its group's own fields. */
  readonly logGroupList: Uint8Array;
}

/**
 * @param frame the frame's place among the batch's frames, from 0
 * @param turn lets the event loop run
 * @returns undefined: the batch has no such frame
 */
export type LocateLog = (
  body: BatchBody,
  origin: BatchOrigin,
  frame: number,
  turn: () => Promise<void>,
) => Promise<LocatedLog | undefined>;

const framesATurn = 500;

/** @param options the options of the encoder that made the frames */
export function createLocateLog(options: EncoderOptions): LocateLog {
  const { maxRawBytes = DEFAULT_MAX_RAW_BYTES } = options;
  return async (body, origin, frame, turn) => {
    const encoder = createReferenceEncoder({ ...options, maxChunkFrames: 1 });
    const batch = encoder.begin(body, origin);
    const { counts } = batch;
    try {
      for (let frames = 0; ; ) {
        const whole = counts.logs;
        const chunk = batch.next();
        if (!chunk) return undefined;
        chunk.release();
        batch.takeRejected();
        frames += chunk.frameCount;
        if (frames > frame) {
          const isWhole = counts.logs > whole;
          const index = counts.logs + counts.deadLettered + counts.dropped - (isWhole ? 1 : 0);
          return { index, logGroupList: cutLog(unpack(body, maxRawBytes), index) };
        }
        if (frames % framesATurn === 0) await turn();
      }
    } finally {
      batch.close();
    }
  };
}

function cutLog(raw: Uint8Array, index: number): Uint8Array {
  const walker = new LogWalker(raw);
  for (let left = index; walker.nextGroup(); ) {
    while (walker.nextLog()) if (left-- === 0) return new LogCutter().cut(raw, walker);
  }
  throw new Error(`the batch has no log ${index}`);
}
