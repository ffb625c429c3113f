/** Schemas of Log Service's answers, and what is read from their headers. Pure. */
import { z } from 'zod';
import type { BatchBody, Compression } from '../core/bytes.ts';
import { CorruptBatchError } from '../core/errors.ts';
import type { Checkpoint } from '../group/service/log-service.ts';
import type { BodyLimit, ServiceAnswer, ServiceAnswerHead } from './exchange.ts';

const shardId = z.number().int().nonnegative();

/** A shard without a status counts as readwrite: it may get more data. */
export const shardList = z.array(
  z.object({ shardID: shardId, status: z.string().nullish(), createTime: z.number().nullish().catch(undefined) }),
);
export const cursorAnswer = z.object({ cursor: z.string().min(1) });
/** `cursor_time` in unix seconds. */
export const cursorTimeAnswer = z.object({ cursor_time: z.number().int().nonnegative() });
/** `timeout` in seconds. */
export const consumerGroupList = z.array(
  z.object({ name: z.string(), timeout: z.number().nullish(), order: z.boolean().nullish() }),
);
export const heldShards = z.array(shardId);
/** `updateTime` in microseconds; a missing or empty `checkpoint` means that none was saved. */
export const checkpointList = z.array(
  z.object({
    shard: shardId,
    checkpoint: z.string().nullish(),
    updateTime: z.number().nullish(),
    consumer: z.string().nullish(),
  }),
);

/** @returns a checkpoint without a cursor where none was saved */
export function toCheckpoint(row: z.infer<typeof checkpointList>[number] | undefined): Checkpoint {
  const { checkpoint, updateTime, consumer } = row ?? {};
  if (!checkpoint) return { cursor: undefined, updatedAtMs: 0, consumer: '' };
  return { cursor: checkpoint, updatedAtMs: Math.floor((updateTime ?? 0) / 1000), consumer: consumer ?? '' };
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
  /** Undefined where the answer lacks it: the answer is unreadable then. */
  readonly nextCursor: string | undefined;
}

/**
 * Reads the size, compression and next cursor from a pull's headers, before the body is read or memory allocated for
 * it.
 * @throws CorruptBatchError when the size is missing or too large, or the compression is unknown
 */
export function readPullHead(head: ServiceAnswerHead, maxRawBytes: number): PullHead {
  const nextCursor = head.headers['x-log-cursor'] || undefined;
  const refuse = (message: string, context?: Readonly<Record<string, unknown>>) =>
    new CorruptBatchError(message, context, undefined, nextCursor);
  const claimed = head.headers['x-log-bodyrawsize'] ?? '';
  const rawSize = /^\d+$/.test(claimed) ? Number(claimed) : Number.NaN;
  if (!Number.isSafeInteger(rawSize)) {
    throw refuse(`a pull's answer gives no valid size of its body (x-log-bodyrawsize: "${claimed}")`);
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

/** Bytes that a pull's body takes in memory, compressed and decompressed together, by its headers. */
export function memoryOf({ rawSize }: PullHead, contentLength: string | undefined): number {
  return rawSize === 0 ? 0 : rawSize + (countOf(contentLength) ?? rawSize);
}

/** Compression makes data longer by at most 1/128 and some bytes of frame: a longer body contradicts its raw size. */
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

/** @param logGroups how many log groups the answer says that it holds; undefined where the number is not reliable */
export function toBatchBody(
  { rawSize, compression }: PullHead,
  bytes: Uint8Array,
  logGroups?: number,
): BatchBody | undefined {
  if (rawSize === 0) return undefined;
  return { bytes, compression, rawSize, ...(logGroups !== undefined && { logGroups }) };
}

/** @param said the value of x-log-count or content-length */
export function countOf(said: string | undefined): number | undefined {
  return said !== undefined && /^\d{1,9}$/.test(said) ? Number(said) : undefined;
}

/** @param said the value of x-log-end-of-cursor, which not every service sends: 1 at the end of the shard */
export function endOfCursor(said: string | undefined): boolean | undefined {
  if (said === undefined) return undefined;
  if (said === '1' || said.toLowerCase() === 'true') return true;
  return said === '0' || said.toLowerCase() === 'false' ? false : undefined;
}

/** An answer with a success status whose content is not as the API describes. */
export class UnreadableAnswerError extends Error {
  override readonly name = 'UnreadableAnswerError';
}

/** Reads a JSON body. @throws UnreadableAnswerError when it does not match the schema */
export function json<T extends z.ZodType>(schema: T): (answer: ServiceAnswer) => z.infer<T> {
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
  // The answer's body is not used.
}
