/** What the answers look like, and what we take from them. Pure. */
import { z } from 'zod';
import type { BatchBody, Compression } from '../encode/bytes.ts';
import { CorruptBatchError } from '../errors.ts';
import type { Checkpoint } from '../group/log-service.ts';
import type { Answer, AnswerHead, BodyLimit } from './exchange.ts';

const shardId = z.number().int().nonnegative();

export const shardList = z.array(z.object({ shardID: shardId, status: z.string() }));
export const cursorAnswer = z.object({ cursor: z.string().min(1) });
/** Unix seconds. */
export const cursorTimeAnswer = z.object({ cursor_time: z.number().int().nonnegative() });
/** `timeout` in seconds. */
export const consumerGroupList = z.array(z.object({ name: z.string(), timeout: z.number(), order: z.boolean() }));
export const heldShards = z.array(shardId);
/** `updateTime` in microseconds; an empty `checkpoint` means that there is none yet. */
export const checkpointList = z.array(
  z.object({
    shard: shardId,
    checkpoint: z.string().default(''),
    updateTime: z.number().default(0),
    consumer: z.string().default(''),
  }),
);

/** @param saved a row of `checkpointList` that has one */
export function toCheckpoint({ checkpoint, updateTime, consumer }: z.infer<typeof checkpointList>[number]): Checkpoint {
  return { cursor: checkpoint, updatedAtMs: Math.floor(updateTime / 1000), consumer };
}

const compressions: ReadonlyMap<string, Compression> = new Map([
  ['', 'none'],
  ['none', 'none'],
  ['lz4', 'lz4'],
  ['zstd', 'zstd'],
  ['deflate', 'deflate'],
]);

export interface PullHead {
  /** The size of the LogGroupList, as claimed; 0 when there is no data. */
  readonly rawSize: number;
  readonly compression: Compression;
  /** Undefined where the answer has none, which is then no answer. */
  readonly nextCursor: string | undefined;
}

/**
 * Looks at what a pull's answer claims about its body, before any of it is read and anything is allocated for it.
 * @throws CorruptBatchError when the claim is none, or too large
 */
export function readPullHead(head: AnswerHead, maxRawBytes: number): PullHead {
  const nextCursor = head.headers['x-log-cursor'] || undefined;
  const refuse = (message: string, context?: Readonly<Record<string, unknown>>) =>
    new CorruptBatchError(message, context, undefined, nextCursor);
  const claimed = head.headers['x-log-bodyrawsize'] ?? '';
  const rawSize = /^\d+$/.test(claimed) ? Number(claimed) : Number.NaN;
  if (!Number.isSafeInteger(rawSize)) {
    throw refuse(`a pull's answer claims no size for its body (x-log-bodyrawsize: "${claimed}")`);
  }
  if (rawSize > maxRawBytes) {
    throw refuse(`a pull's answer claims ${rawSize} bytes of logs, more than the ${maxRawBytes} that are accepted`, {
      rawSize,
      maxRawBytes,
    });
  }
  const compressType = (head.headers['x-log-compresstype'] ?? '').toLowerCase();
  const compression = compressions.get(compressType);
  if (compression === undefined) {
    throw refuse(`a pull's answer is compressed with "${compressType}", which was not asked for`);
  }
  return { rawSize, compression, nextCursor };
}

/** No compressor makes data longer by more than a 128th and some bytes of frame: beyond that the claim is a lie. */
export function pullBodyLimit({ rawSize, compression, nextCursor }: PullHead): BodyLimit {
  const maxBytes = compression === 'none' || rawSize === 0 ? rawSize : rawSize + Math.ceil(rawSize / 128) + 64;
  const tooLong = () =>
    new CorruptBatchError(
      `a pull's body is longer than ${rawSize} bytes of logs can be`,
      { rawSize, compression },
      undefined,
      nextCursor,
    );
  return { maxBytes, cut: false, tooLong };
}

export function toBatchBody({ rawSize, compression }: PullHead, bytes: Uint8Array): BatchBody | undefined {
  return rawSize === 0 ? undefined : { bytes, compression, rawSize };
}

/** An answer with a good status that is not what the action answers. */
export class UnreadableAnswerError extends Error {
  override readonly name = 'UnreadableAnswerError';
}

/** Reads a JSON body of that shape. */
export function json<T extends z.ZodType>(schema: T): (answer: Answer) => z.infer<T> {
  return ({ body }) => {
    let parsed: unknown;
    try {
      parsed = JSON.parse(body.toString('utf8'));
    } catch {
      throw new UnreadableAnswerError('the body is not JSON');
    }
    const result = schema.safeParse(parsed);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw new UnreadableAnswerError(
      `the body's ${issue?.path.join('.') || 'shape'} is not as expected: ${issue?.message}`,
    );
  };
}

export function nothing(): void {
  // Nothing that matters is in the answer.
}
