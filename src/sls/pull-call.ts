/** The PullLogs call: its request, and how its answer is read. */
import { BudgetFullError } from '../core/errors.ts';
import type { Cursor, PulledBatch, PullOptions, ShardId } from '../group/service/log-service.ts';
import {
  countOf,
  endOfCursor,
  memoryOf,
  type PullHead,
  pullBodyLimit,
  readPullHead,
  toBatchBody,
  UnreadableAnswerError,
} from './answers.ts';
import type { ServiceCall } from './service-call.ts';

export interface PullPlace {
  readonly shard: ShardId;
  readonly cursor: Cursor;
  /** The shard's URL path, encoded. */
  readonly path: string;
  /** SPL; undefined: all logs. */
  readonly query: string | undefined;
  readonly maxResponseBytes: number;
}

const maxLogGroupsPerPull = 1_000;

export function pullCall(place: PullPlace, options: PullOptions): ServiceCall<PulledBatch> {
  const { shard, cursor, path, query: spl, maxResponseBytes } = place;
  const { maxLogGroups, endCursor, isFresh = false, onSize, onPause, onFailed } = options;
  let count = maxLogGroups;
  let logGroups: number | undefined;
  let pullHead: PullHead | undefined;
  return {
    operation: 'pull',
    shard,
    method: 'GET',
    path,
    query: () => ({
      type: 'logs',
      cursor,
      count: String(Math.min(Math.max(Math.trunc(count), 1), maxLogGroupsPerPull)),
      ...(endCursor !== undefined && { end_cursor: endCursor }),
      ...(spl !== undefined && { query: spl, pullMode: 'scan_on_stream' }),
    }),
    headers: { accept: 'application/x-protobuf', 'accept-encoding': 'lz4' },
    isFresh,
    limit: (head) => {
      logGroups = countOf(head.headers['x-log-count']);
      pullHead = readPullHead(head, maxResponseBytes);
      const bytes = memoryOf(pullHead, head.headers['content-length']);
      if (onSize?.(bytes) === false) throw new BudgetFullError(bytes);
      return pullBodyLimit(pullHead);
    },
    read: ({ headers, body, release }) => {
      const { nextCursor } = pullHead ?? {};
      if (!nextCursor || !pullHead) throw new UnreadableAnswerError('the answer has no x-log-cursor');
      // With a query, it is not documented which log groups x-log-count counts.
      const batch = toBatchBody(pullHead, body, spl === undefined ? logGroups : undefined);
      return {
        body: batch,
        nextCursor,
        logGroupCount: logGroups ?? 0,
        isAll: endOfCursor(headers['x-log-end-of-cursor']),
        ...(batch && { release }),
      };
    },
    onPause,
    onFailed: (failure) => {
      if (onFailed) count = onFailed({ ...failure, logGroups });
    },
  };
}
