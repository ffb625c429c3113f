/** Rows of the table in settings.ts: what is promised of a delivery, and how it is made sure of. */
import { oneOf, switchText } from '../../schema/text.ts';
import { bandwidth, duration, rate, size } from '../../schema/units.ts';
import { defaulted, optional } from './setting.ts';
import { deadLetterPath, fileCount } from './values.ts';

export const deliverySettings = {
  strategy: defaulted(oneOf('failover', 'load-balance'), 'failover', {
    group: 'delivery',
    variables: ['SYSLOG_STRATEGY'],
    placeholder: '<failover|load-balance>',
    description:
      'with several receivers; failover: all logs go to the first receiver that is up; load-balance: each shard keeps to one of the receivers that are up',
  }),
  failbackAfter: defaulted(duration({ min: '100ms', max: '24h' }), '60s', {
    group: 'delivery',
    variables: ['SYSLOG_FAILBACK_AFTER'],
    placeholder: '<duration>',
    description: 'with several receivers: how long a receiver that was down must be up before it is used again',
  }),
  confirm: defaulted(oneOf('auto', 'on', 'off'), 'auto', {
    group: 'delivery',
    variables: ['SYSLOG_CONFIRM'],
    placeholder: '<auto|on|off>',
    description:
      'whether checkpoints wait until the receiver confirms the logs: the daemon ends a connection, and the receiver closes its side; auto: if the receiver confirms a test connection; udp cannot confirm',
  }),
  confirmInterval: defaulted(duration({ min: '100ms', max: '10m' }), '10s', {
    group: 'delivery',
    variables: ['SYSLOG_CONFIRM_INTERVAL'],
    placeholder: '<duration>',
    description: 'how often a connection that carried data is ended to confirm the data, and replaced',
  }),
  confirmBytes: defaulted(size({ min: '64KiB', max: '16GiB' }), '64MiB', {
    group: 'delivery',
    variables: ['SYSLOG_CONFIRM_BYTES'],
    placeholder: '<size>',
    description:
      'a connection is also confirmed after this many bytes; more bytes mean more duplicates after a lost connection',
  }),
  confirmTimeout: defaulted(duration({ min: '100ms', max: '10m' }), '30s', {
    group: 'delivery',
    variables: ['SYSLOG_CONFIRM_TIMEOUT'],
    placeholder: '<duration>',
    description:
      'how long the receiver may take to confirm a connection; after that, the connection counts as lost, and its logs are sent again; a slow receiver is given longer',
  }),
  confirmPatience: defaulted(duration({ min: '0s', max: '168h' }), '5m', {
    group: 'delivery',
    variables: ['SYSLOG_CONFIRM_PATIENCE'],
    placeholder: '<duration>',
    description:
      'with --confirm auto: how long checkpoints wait for a receiver that is silent from the start; after that, they wait only until the local kernel has accepted the logs',
  }),
  strictOrder: defaulted(switchText, 'false', {
    group: 'delivery',
    variables: ['SYSLOG_STRICT_ORDER'],
    description:
      'write to the next connection only when the previous connection is confirmed, for a receiver that mixes the logs of two connections',
  }),
  maxRate: optional(rate({ min: '1/s', max: '10000000/s' }), {
    group: 'delivery',
    variables: ['SYSLOG_MAX_RATE'],
    placeholder: '<messages/s>',
    description:
      'maximum messages per second, such as 5000/s, for all shards of this instance together; sent evenly, and shared among the shards',
  }),
  maxBandwidth: optional(bandwidth({ min: '1kB/s', max: '10GB/s' }), {
    group: 'delivery',
    variables: ['SYSLOG_MAX_BANDWIDTH'],
    placeholder: '<size/s>',
    description:
      'maximum bytes of messages per second, such as 10MB/s, for all shards of this instance together; TLS and network headers are not counted',
  }),
  onCorruptBatch: defaulted(oneOf('stop', 'skip'), 'stop', {
    group: 'delivery',
    variables: ['SLS_ON_CORRUPT_BATCH'],
    placeholder: '<stop|skip>',
    description:
      'what happens to a batch that cannot be read; stop: its shard pulls the batch again until it can be read; skip: after --corrupt-batch-patience the shard goes on behind the batch, and --dead-letter gets the place of the batch; the other shards go on in both cases',
  }),
  corruptBatchPatience: defaulted(duration({ min: '1s', max: '168h' }), '10m', {
    group: 'delivery',
    variables: ['SLS_CORRUPT_BATCH_PATIENCE'],
    placeholder: '<duration>',
    description:
      'with --on-corrupt-batch skip: how long the smallest unreadable piece of a batch is pulled again before it is skipped',
  }),
  onPoison: defaulted(oneOf('wait', 'dead-letter'), 'wait', {
    group: 'delivery',
    variables: ['SYSLOG_ON_POISON'],
    placeholder: '<wait|dead-letter>',
    description:
      'what happens to a message over which the receiver breaks every connection (mostly above the size limit of the receiver); wait: the shard sends the message again until the receiver takes it; dead-letter: after --poison-patience the log of the message goes to --dead-letter; the other shards go on in both cases',
  }),
  poisonPatience: defaulted(duration({ min: '1s', max: '168h' }), '10m', {
    group: 'delivery',
    variables: ['SYSLOG_POISON_PATIENCE'],
    placeholder: '<duration>',
    description:
      'with --on-poison dead-letter: how long the message is sent again before its log goes to --dead-letter',
  }),
  deadLetter: optional(deadLetterPath, {
    group: 'delivery',
    variables: ['SLS_DEAD_LETTER'],
    placeholder: '<file>',
    description:
      'file for logs and batches that cannot be sent, one line of JSON for each; each instance needs its own file: {consumer} in the name stands for --consumer-name',
  }),
  deadLetterMaxSize: defaulted(size({ min: '1MiB', max: '16GiB' }), '64MiB', {
    group: 'delivery',
    variables: ['SLS_DEAD_LETTER_MAX_SIZE'],
    placeholder: '<size>',
    description: 'size at which the dead-letter file is renamed to FILE.1, and a new file is begun',
  }),
  deadLetterFiles: defaulted(fileCount, '5', {
    group: 'delivery',
    variables: ['SLS_DEAD_LETTER_FILES'],
    placeholder: '<number>',
    description:
      'how many dead-letter files are kept: FILE, FILE.1 and so on; then the oldest file is removed, with a warning',
  }),
} as const;
