/** Rows of the table in settings.ts: a message's header, how large it may be, and how it says which log it is. */
import { defaulted, derived } from './setting.ts';
import { facility, severity } from './syslog-names.ts';
import { headerText, oneOf, switchText } from './text.ts';
import { size } from './units.ts';
import { enterpriseId } from './values.ts';

export const messageSettings = {
  rfc: defaulted(oneOf('5424', '3164'), '5424', {
    group: 'message',
    variables: ['SYSLOG_RFC'],
    placeholder: '<5424|3164>',
    description: 'syslog header: RFC 5424, or the older RFC 3164',
  }),
  facility: defaulted(facility, 'user', {
    group: 'message',
    variables: ['SYSLOG_FACILITY'],
    placeholder: '<name|number>',
    description: 'facility of every message: kern, user, … local7, or 0 to 23',
  }),
  severity: defaulted(severity, 'info', {
    group: 'message',
    variables: ['SYSLOG_SEVERITY'],
    placeholder: '<name|number>',
    description: 'severity of every message: emerg, alert, crit, err, warning, notice, info, debug, or 0 to 7',
  }),
  hostname: derived(headerText(255), "the machine's", {
    group: 'message',
    variables: ['SYSLOG_HOSTNAME'],
    placeholder: '<name>',
    description: 'HOSTNAME of every message; a SIEM tells log sources apart by it',
  }),
  tag: defaulted(headerText(48), '-', {
    group: 'message',
    variables: ['SYSLOG_TAG'],
    placeholder: '<name>',
    description: 'APP-NAME (RFC 5424) or TAG (RFC 3164) of every message',
  }),
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
