/** The requests that we make of Log Service. */
import type { ShardId } from '../group/log-service.ts';

export interface OperationFacts {
  /** Continues "Log Service could not …". */
  readonly description: string;
  /** What a RAM policy has to allow (user guide, "Consume logs with consumer groups"). */
  readonly ramAction: string;
}

export const operations = {
  listShards: { description: 'list the shards', ramAction: 'log:ListShards' },
  getCursor: { description: 'look up a cursor', ramAction: 'log:GetCursorOrData' },
  getCursorTime: { description: 'look up the time of a cursor', ramAction: 'log:GetCursorOrData' },
  pull: { description: 'pull logs', ramAction: 'log:GetCursorOrData' },
  createConsumerGroup: { description: 'create the consumer group', ramAction: 'log:CreateConsumerGroup' },
  listConsumerGroups: { description: 'list the consumer groups', ramAction: 'log:ListConsumerGroup' },
  updateConsumerGroup: { description: 'update the consumer group', ramAction: 'log:UpdateConsumerGroup' },
  heartbeat: { description: 'accept a heartbeat', ramAction: 'log:ConsumerGroupHeartBeat' },
  getCheckpoint: { description: 'read a checkpoint', ramAction: 'log:GetConsumerGroupCheckPoint' },
  updateCheckpoint: { description: 'save a checkpoint', ramAction: 'log:ConsumerGroupUpdateCheckPoint' },
} as const satisfies Record<string, OperationFacts>;

export type Operation = keyof typeof operations;

export interface Call {
  readonly operation: Operation;
  readonly shard?: ShardId;
}
