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
      'with several receivers: all to the first one that is up, or each shard to one of those that are, always the same',
  }),
  failbackAfter: defaulted(duration({ min: '100ms', max: '24h' }), '60s', {
    group: 'delivery',
    variables: ['SYSLOG_FAILBACK_AFTER'],
    placeholder: '<duration>',
    description: 'with several receivers: one that was down is used again when it has been up for so long',
  }),
  confirm: defaulted(oneOf('auto', 'on', 'off'), 'auto', {
    group: 'delivery',
    variables: ['SYSLOG_CONFIRM'],
    placeholder: '<auto|on|off>',
    description:
      'whether a checkpoint waits for the receiver to have read what it covers, told by ending connections; auto: if the receiver answers that at start; udp has nothing of the kind',
  }),
  confirmInterval: defaulted(duration({ min: '100ms', max: '10m' }), '10s', {
    group: 'delivery',
    variables: ['SYSLOG_CONFIRM_INTERVAL'],
    placeholder: '<duration>',
    description: 'how often a connection that carried anything is confirmed, and replaced',
  }),
  confirmBytes: defaulted(size({ min: '64KiB', max: '16GiB' }), '64MiB', {
    group: 'delivery',
    variables: ['SYSLOG_CONFIRM_BYTES'],
    placeholder: '<size>',
    description: 'and after so many bytes: the most that a lost connection makes to be sent again, with what follows',
  }),
  confirmTimeout: defaulted(duration({ min: '100ms', max: '10m' }), '30s', {
    group: 'delivery',
    variables: ['SYSLOG_CONFIRM_TIMEOUT'],
    placeholder: '<duration>',
    description:
      'a receiver that has not answered for so long has not read it: it is sent again; one that turns out to be slow is given longer',
  }),
  confirmPatience: defaulted(duration({ min: '0s', max: '168h' }), '5m', {
    group: 'delivery',
    variables: ['SYSLOG_CONFIRM_PATIENCE'],
    placeholder: '<duration>',
    description:
      'with --confirm auto: how long checkpoints wait for a receiver that is silent from the start, before they follow the local kernel',
  }),
  strictOrder: defaulted(switchText, 'false', {
    group: 'delivery',
    variables: ['SYSLOG_STRICT_ORDER'],
    description: 'write to the next connection only when the last is confirmed, for a receiver that mixes connections',
  }),
  maxRate: optional(rate({ min: '1/s', max: '10000000/s' }), {
    group: 'delivery',
    variables: ['SYSLOG_MAX_RATE'],
    placeholder: '<messages/s>',
    description: 'most messages a second, as 5000/s, over all shards of this copy; evenly, and shared among the shards',
  }),
  maxBandwidth: optional(bandwidth({ min: '1kB/s', max: '10GB/s' }), {
    group: 'delivery',
    variables: ['SYSLOG_MAX_BANDWIDTH'],
    placeholder: '<size/s>',
    description:
      'most bytes of messages a second, as 10MB/s, over all shards of this copy, TLS and headers of the network not counted',
  }),
  onCorruptBatch: defaulted(oneOf('stop', 'skip'), 'stop', {
    group: 'delivery',
    variables: ['SLS_ON_CORRUPT_BATCH'],
    placeholder: '<stop|skip>',
    description:
      'a batch that cannot be read; stop: its shard waits, and pulls it again until it can, the others go on; skip: after --corrupt-batch-patience, where it was goes to --dead-letter, and the shard goes on',
  }),
  corruptBatchPatience: defaulted(duration({ min: '1s', max: '168h' }), '10m', {
    group: 'delivery',
    variables: ['SLS_CORRUPT_BATCH_PATIENCE'],
    placeholder: '<duration>',
    description:
      'with --on-corrupt-batch skip: how long the smallest piece that cannot be read is pulled again before it is skipped',
  }),
  onPoison: defaulted(oneOf('wait', 'dead-letter'), 'wait', {
    group: 'delivery',
    variables: ['SYSLOG_ON_POISON'],
    placeholder: '<wait|dead-letter>',
    description:
      'a message over which the receiver breaks each connection (its limit, mostly); wait: its shard waits, and it is sent again until it is taken, the others go on; dead-letter: after --poison-patience its log goes to --dead-letter',
  }),
  poisonPatience: defaulted(duration({ min: '1s', max: '168h' }), '10m', {
    group: 'delivery',
    variables: ['SYSLOG_POISON_PATIENCE'],
    placeholder: '<duration>',
    description: 'with --on-poison dead-letter: how long such a message is sent again before its log is set aside',
  }),
  deadLetter: optional(deadLetterPath, {
    group: 'delivery',
    variables: ['SLS_DEAD_LETTER'],
    placeholder: '<file>',
    description:
      'file for what cannot be sent, a line of JSON each; each copy needs one of its own: {consumer} stands for its --consumer-name',
  }),
  deadLetterMaxSize: defaulted(size({ min: '1MiB', max: '16GiB' }), '64MiB', {
    group: 'delivery',
    variables: ['SLS_DEAD_LETTER_MAX_SIZE'],
    placeholder: '<size>',
    description: 'size at which that file is renamed to FILE.1, and a new one begun',
  }),
  deadLetterFiles: defaulted(fileCount, '5', {
    group: 'delivery',
    variables: ['SLS_DEAD_LETTER_FILES'],
    placeholder: '<number>',
    description: 'how many are kept, the first included: FILE, FILE.1 and so on; the oldest is removed, with a warning',
  }),
} as const;
