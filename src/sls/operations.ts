/** The operations of Log Service that the daemon calls. */
import type { ShardId } from '../group/service/log-service.ts';

export interface OperationFacts {
  /** Text for messages, as in "pulling logs failed". */
  readonly description: string;
  /** The RAM action that a policy has to allow (user guide, "Consume logs with consumer groups"). */
  readonly ramAction: string;
  /** A refusal with an unknown code goes to the caller, and is not retried. */
  readonly givesUpRefused?: boolean;
}

const table = {
  listShards: { description: 'listing the shards', ramAction: 'log:ListShards' },
  getCursor: { description: 'looking up a cursor', ramAction: 'log:GetCursorOrData' },
  // The cursor at a shard's end may have no time.
  getCursorTime: {
    description: 'looking up the time of a cursor',
    ramAction: 'log:GetCursorOrData',
    givesUpRefused: true,
  },
  // The service may refuse the cursor.
  pull: { description: 'pulling logs', ramAction: 'log:GetCursorOrData', givesUpRefused: true },
  createConsumerGroup: { description: 'creating the consumer group', ramAction: 'log:CreateConsumerGroup' },
  listConsumerGroups: { description: 'listing the consumer groups', ramAction: 'log:ListConsumerGroup' },
  updateConsumerGroup: { description: 'updating the consumer group', ramAction: 'log:UpdateConsumerGroup' },
  heartbeat: { description: 'sending a heartbeat', ramAction: 'log:ConsumerGroupHeartBeat' },
  getCheckpoint: { description: 'reading a checkpoint', ramAction: 'log:GetConsumerGroupCheckPoint' },
  listCheckpoints: {
    description: 'reading the checkpoints',
    ramAction: 'log:GetConsumerGroupCheckPoint',
    givesUpRefused: true,
  },
  updateCheckpoint: { description: 'saving a checkpoint', ramAction: 'log:ConsumerGroupUpdateCheckPoint' },
} as const satisfies Record<string, OperationFacts>;

export type Operation = keyof typeof table;

export const operations: Readonly<Record<Operation, OperationFacts>> = table;

export interface Call {
  readonly operation: Operation;
  readonly shard?: ShardId;
}
