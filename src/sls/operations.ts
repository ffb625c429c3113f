/** The requests that we make of Log Service. */
import type { ShardId } from '../group/log-service.ts';

export interface OperationFacts {
  /** As in "pulling logs failed". */
  readonly description: string;
  /** What a RAM policy has to allow (user guide, "Consume logs with consumer groups"). */
  readonly ramAction: string;
}

export const operations = {
  listShards: { description: 'listing the shards', ramAction: 'log:ListShards' },
  getCursor: { description: 'looking up a cursor', ramAction: 'log:GetCursorOrData' },
  getCursorTime: { description: 'looking up the time of a cursor', ramAction: 'log:GetCursorOrData' },
  pull: { description: 'pulling logs', ramAction: 'log:GetCursorOrData' },
  createConsumerGroup: { description: 'creating the consumer group', ramAction: 'log:CreateConsumerGroup' },
  listConsumerGroups: { description: 'listing the consumer groups', ramAction: 'log:ListConsumerGroup' },
  updateConsumerGroup: { description: 'updating the consumer group', ramAction: 'log:UpdateConsumerGroup' },
  heartbeat: { description: 'sending a heartbeat', ramAction: 'log:ConsumerGroupHeartBeat' },
  getCheckpoint: { description: 'reading a checkpoint', ramAction: 'log:GetConsumerGroupCheckPoint' },
  listCheckpoints: { description: 'reading the checkpoints', ramAction: 'log:GetConsumerGroupCheckPoint' },
  updateCheckpoint: { description: 'saving a checkpoint', ramAction: 'log:ConsumerGroupUpdateCheckPoint' },
} as const satisfies Record<string, OperationFacts>;

export type Operation = keyof typeof operations;

export interface Call {
  readonly operation: Operation;
  readonly shard?: ShardId;
}
