/**
 * Readings of the protocol that differ between the official clients, or that none of them tells. What the real service
 * does is not verified: a consumer has to be right under each (docs/simulation.md).
 */
export interface Dialect {
  /** A shard counts as a consumer's, for its checkpoints, only once a heartbeat of it has listed the shard. */
  readonly strictOwner: boolean;
  /** How an error's body is spelt: `{errorCode, …}`, `{code, …}`, `{error: {code, …}}`, `{Error: {Code, …}}`. */
  readonly errorBody: 'errorCode' | 'code' | 'error' | 'Error';
  /** Of a consumer that is no live member. */
  readonly consumerNotExist: 'ConsumerNotExsit' | 'ConsumerNotExist';
  readonly shardNotExist: 'ShardNotExist' | 'ShardNotExsit';
  /** Of a checkpoint for a shard that another consumer owns. */
  readonly lostCheckpoint: 'ConsumerNotMatch' | 'ConsumerNotExist' | 'ConsumerNotExsit';
  /** A pull says `x-log-end-of-cursor`: 1 where it has come to the end. */
  readonly endOfCursor: boolean;
  /** A pull says `x-log-cursor-time`: unix seconds of what it brought last. */
  readonly cursorTime: boolean;
  /** What stands for a checkpoint that nobody has saved. */
  readonly noCheckpoint: 'empty' | 'null' | 'absent';
  /** The time of a checkpoint that nobody has saved: 0, or none. */
  readonly noCheckpointTime: 'zero' | 'absent';
  /** Whether the list of groups says their timeout and order. */
  readonly groupSettings: 'given' | 'missing' | 'no-timeout' | 'no-order';
  /**
   * How shards are shared out: with as few moves as can be; anew in turn whenever somebody comes or goes; or so that
   * only free shards move, until one has two more than another.
   */
  readonly balance: 'least-moves' | 'rehash' | 'greedy';
  readonly grantOrder: 'ascending' | 'descending' | 'shuffled';
  /** A heartbeat's answer grants all that is due, or one shard more at a time. */
  readonly grantsABeat: 'all' | 'one';
  /** A checkpoint that is no cursor of its shard is refused. */
  readonly checksCursors: boolean;
  /** Who comes back from beyond the timeout gets at once what it lists, and nobody else has taken. */
  readonly lateHeartbeatKeeps: boolean;
  readonly readOnlySpelling: 'readonly' | 'READONLY';
}

export const usualDialect: Dialect = {
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

/** A code as the dialect spells it. */
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
