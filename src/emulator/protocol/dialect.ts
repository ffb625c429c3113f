/**
 * Readings of the protocol where the official clients differ, or none of them shows what the service does. The real
 * service's behaviour is not verified: a consumer has to be right under each reading (docs/simulation.md).
 */
export interface Dialect {
  /** A consumer may save a shard's checkpoint only once a heartbeat of its own has listed the shard. */
  readonly strictOwner: boolean;
  /** The shape of an error's body: `{errorCode, …}`, `{code, …}`, `{error: {code, …}}`, `{Error: {Code, …}}`. */
  readonly errorBody: 'errorCode' | 'code' | 'error' | 'Error';
  /** The error code for a consumer that is not a live one of the group. */
  readonly consumerNotExist: 'ConsumerNotExsit' | 'ConsumerNotExist';
  readonly shardNotExist: 'ShardNotExist' | 'ShardNotExsit';
  /** The error code for a checkpoint of a shard that another consumer owns. */
  readonly lostCheckpoint: 'ConsumerNotMatch' | 'ConsumerNotExist' | 'ConsumerNotExsit';
  /** A pull's answer has `x-log-end-of-cursor`: 1 at the end of the shard. */
  readonly endOfCursor: boolean;
  /** A pull's answer has `x-log-cursor-time`: when its last log group was received, unix seconds. */
  readonly cursorTime: boolean;
  /** How a checkpoint that was never saved is listed. */
  readonly noCheckpoint: 'empty' | 'null' | 'absent';
  /** The updateTime of a checkpoint that was never saved: 0, or absent. */
  readonly noCheckpointTime: 'zero' | 'absent';
  /** Whether the list of consumer groups has their timeout and order. */
  readonly groupSettings: 'given' | 'missing' | 'no-timeout' | 'no-order';
  /**
   * How shards are shared out: with as few moves as possible; all anew when a consumer comes or goes; or one move at a
   * time, while a consumer has two shards more than another.
   */
  readonly balance: 'least-moves' | 'rehash' | 'greedy';
  readonly grantOrder: 'ascending' | 'descending' | 'shuffled';
  /** A heartbeat's answer grants all due shards, or one more than the answer before. */
  readonly grantsABeat: 'all' | 'one';
  /** A checkpoint that is not a cursor of its shard is refused. */
  readonly checksCursors: boolean;
  /** A consumer that is back after the timeout gets at once the shards that it lists and no other consumer has. */
  readonly lateHeartbeatKeeps: boolean;
  readonly readOnlySpelling: 'readonly' | 'READONLY';
}

export const defaultDialect: Dialect = {
  strictOwner: false,
  errorBody: 'errorCode',
  consumerNotExist: 'ConsumerNotExsit',
  shardNotExist: 'ShardNotExist',
  lostCheckpoint: 'ConsumerNotMatch',
  endOfCursor: false,
  cursorTime: false,
  noCheckpoint: 'empty',
  noCheckpointTime: 'zero',
  groupSettings: 'given',
  balance: 'least-moves',
  grantOrder: 'ascending',
  grantsABeat: 'all',
  checksCursors: true,
  lateHeartbeatKeeps: true,
  readOnlySpelling: 'readonly',
};

/** An error code in the dialect's spelling. */
export function spelt(code: string, { consumerNotExist, shardNotExist, lostCheckpoint }: Dialect): string {
  switch (code) {
    case 'ConsumerNotExsit':
      return consumerNotExist;
    case 'ShardNotExist':
      return shardNotExist;
    case 'ConsumerNotMatch':
      return lostCheckpoint;
    default:
      return code;
  }
}

export function errorBody(code: string, message: string, { errorBody: shape }: Dialect): unknown {
  switch (shape) {
    case 'errorCode':
      return { errorCode: code, errorMessage: message };
    case 'code':
      return { code, message };
    case 'error':
      return { error: { code, message } };
    case 'Error':
      return { Error: { Code: code, Message: message } };
  }
}
