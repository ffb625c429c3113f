/** The requests that we make of Log Service. */
import type { ShardId } from '../group/service/log-service.ts';

export interface OperationFacts {
  /** As in "pulling logs failed". */
  readonly description: string;
  /** What a RAM policy has to allow (user guide, "Consume logs with consumer groups"). */
  readonly ramAction: string;
  /** A refusal that we do not know the reason of is the caller's to act on: it is not sent again as it is. */
  readonly givesUpRefused?: boolean;
}

const table = {
  listShards: { description: 'listing the shards', ramAction: 'log:ListShards' },
  getCursor: { description: 'looking up a cursor', ramAction: 'log:GetCursorOrData' },
  // The end of a shard may have no time to tell.
  getCursorTime: {
    description: 'looking up the time of a cursor',
    ramAction: 'log:GetCursorOrData',
    givesUpRefused: true,
  },
  // It may be the cursor that the service does not like.
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
