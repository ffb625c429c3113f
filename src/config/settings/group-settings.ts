/** Rows of the table in settings.ts: the consumer group, and what is read of the logstore. */
import { switchText } from '../../schema/text.ts';
import { pointInTime } from '../../schema/time.ts';
import { duration, size } from '../../schema/units.ts';
import { defaulted, derived, optional, required } from './setting.ts';
import { consumerText } from './values.ts';

export const groupSettings = {
  group: required(consumerText, {
    group: 'group',
    variables: ['SLS_CG'],
    placeholder: '<name>',
    description: 'consumer group; created if it does not exist; instances with the same group share the shards',
    aliases: ['consumer-group'],
  }),
  consumerName: derived(consumerText, '<group>-<host>-<instance>', {
    group: 'group',
    variables: ['SLS_CONSUMER_NAME'],
    placeholder: '<name>',
    description:
      'name of this instance, unique in the group and best kept over restarts; the default ends in NODE_APP_INSTANCE if it is set (pm2 numbers instances with it), else in the process id',
  }),
  from: defaulted(pointInTime('begin', 'end'), 'begin', {
    group: 'group',
    variables: ['SLS_FROM'],
    placeholder: '<begin|end|time>',
    description: 'where a shard without a checkpoint starts: begin, end, an ISO time with its zone, or unix seconds',
  }),
  until: optional(pointInTime('end'), {
    group: 'group',
    variables: ['SLS_UNTIL'],
    placeholder: '<time|end>',
    description:
      'stop at this point and exit: an ISO time with its zone, unix seconds, or end: the end of each shard at start',
  }),
  heartbeatInterval: defaulted(duration({ min: '1s', max: '10m' }), '20s', {
    group: 'group',
    variables: ['SLS_HEARTBEAT_INTERVAL'],
    placeholder: '<duration>',
    description:
      "pause between heartbeats; the group's timeout, after which other consumers take over the shards, is three times the pause",
  }),
  fetchInterval: defaulted(duration({ min: '1ms', max: '1m' }), '200ms', {
    group: 'group',
    variables: ['SLS_FETCH_INTERVAL'],
    placeholder: '<duration>',
    description:
      'pause between two pulls of a shard that has little data; the pause grows while the shard stays idle, to 3s at most',
  }),
  checkpointInterval: defaulted(duration({ min: '100ms', max: '10m' }), '5s', {
    group: 'group',
    variables: ['SLS_CHECKPOINT_INTERVAL'],
    placeholder: '<duration>',
    description: 'how often checkpoints are saved in Log Service',
  }),
  maxInFlight: defaulted(size({ min: '1MiB', max: '16GiB' }), '32MiB', {
    group: 'group',
    variables: ['SLS_MAX_IN_FLIGHT'],
    placeholder: '<size>',
    description: 'maximum bytes of logs that are pulled and not yet delivered, for all shards of all sources together',
    wholeProcess: true,
  }),
  inOrder: defaulted(switchText, 'false', {
    group: 'group',
    variables: ['SLS_IN_ORDER'],
    description: "hold back the children of a split shard until the parent's logs are delivered",
  }),
  updateGroup: defaulted(switchText, 'false', {
    group: 'group',
    variables: ['SLS_UPDATE_GROUP'],
    description:
      "at start, set an existing group to this instance's timeout and order, for all consumers of the group; without --update-group, this instance follows the group's timeout and order",
  }),
} as const;
