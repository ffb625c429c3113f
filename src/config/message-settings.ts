/** Rows of the table in settings.ts: how large a message may be, and how it says which log it is. */
import { defaulted, derived } from './setting.ts';
import { oneOf, switchText } from './text.ts';
import { size } from './units.ts';
import { enterpriseId } from './values.ts';

export const messageSettings = {
  maxMessageBytes: derived(size({ min: '480B', max: '64MiB' }), '64KiB, with udp 8KiB', {
    group: 'message',
    variables: ['SYSLOG_MAX_MESSAGE_BYTES'],
    placeholder: '<size>',
    description: 'largest message, header included; keep it at or below what the receiver takes',
  }),
  oversize: defaulted(oneOf('truncate', 'split', 'dead-letter'), 'truncate', {
    group: 'message',
    variables: ['SYSLOG_OVERSIZE'],
    placeholder: '<truncate|split|dead-letter>',
    description:
      'a larger message; truncate: is cut, and counted; split: goes on in further messages, each with the header; dead-letter: is not sent, its log goes to --dead-letter',
  }),
  identity: defaulted(switchText, 'false', {
    group: 'message',
    variables: ['SYSLOG_IDENTITY'],
    description:
      'say in structured data which log a message is (project, logstore, shard, cursor, index), so that duplicates can be told; RFC 5424 only',
  }),
  enterpriseId: defaulted(enterpriseId, '32473', {
    group: 'message',
    variables: ['SYSLOG_ENTERPRISE_ID'],
    placeholder: '<number>',
    description:
      'Private Enterprise Number in [sls@number …] of --identity; 32473 is set aside for examples (RFC 5612): give your own where you have one',
  }),
} as const;
