/** Applies a journal's changes to the store. */
import type { Change } from './journal.ts';
import type { Store } from './store.ts';

/** @throws ApiError when the change does not fit the store */
export function applyChange(store: Store, change: Change, bytes: Uint8Array): void {
  if (change.do === 'project') {
    store.createProject(change.project);
    return;
  }
  const { project } = change;
  if (change.do === 'logstore') {
    store.createLogstore(project, change.logstore, change.shards, change.retentionMs, change.createdMs);
    return;
  }
  // Not by `logstore()`, whose retention could drop log groups that a later change refers to.
  const logstore = store.logstoreWithoutRetention(project, change.logstore);
  switch (change.do) {
    case 'append':
      logstore.shard(change.shard).append(bytes, change.logs, change.receivedMs, change.origin);
      break;
    case 'expire': {
      const shard = logstore.shard(change.shard);
      shard.expireFirst(change.beginIndex - shard.beginIndex);
      break;
    }
    case 'split':
      logstore.split(change.shard, change.key, change.parts, change.nowMs);
      break;
    case 'merge':
      logstore.merge(change.shard, change.nowMs);
      break;
    case 'create-group':
      logstore.createConsumerGroup(change.group, change.settings);
      break;
    case 'update-group':
      logstore.consumerGroup(change.group).update(change.settings);
      break;
    case 'delete-group':
      logstore.deleteConsumerGroup(change.group);
      break;
    case 'heartbeat':
      logstore
        .consumerGroup(change.group)
        .heartbeat(change.consumer, change.held, logstore.groupShards(), change.nowMs);
      break;
    case 'checkpoint': {
      const { shard, cursor, consumer, force, nowMs } = change;
      logstore.consumerGroup(change.group).saveCheckpoint(shard, cursor, consumer, force, nowMs);
    }
  }
}
