/** Rows of the table in settings.ts: a message's header, how large it may be, and how it says which log it is. */
import {
  MAX_APP_NAME_LENGTH,
  MAX_HOSTNAME_LENGTH,
  MAX_MSG_ID_LENGTH,
  MAX_PROC_ID_LENGTH,
} from '../../rules/header-fields.ts';
import { headerTemplate } from '../../rules/header-template.ts';
import { facility, severity } from '../../schema/syslog-names.ts';
import { oneOf, switchText } from '../../schema/text.ts';
import { timePrecision, timeZone } from '../../schema/time.ts';
import { size } from '../../schema/units.ts';
import { defaulted, derived, optional } from './setting.ts';
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
  hostname: derived(headerTemplate(MAX_HOSTNAME_LENGTH), "the machine's name", {
    group: 'message',
    variables: ['SYSLOG_HOSTNAME'],
    placeholder: '<name>',
    description:
      'HOSTNAME of every message, by which a SIEM tells log sources apart; may have {field} or {field|text} in it, such as {__tag__:__hostname__}',
  }),
  tag: defaulted(headerTemplate(MAX_APP_NAME_LENGTH), '-', {
    group: 'message',
    variables: ['SYSLOG_TAG'],
    placeholder: '<name>',
    description: 'APP-NAME (RFC 5424) or TAG (RFC 3164) of every message; may have {field} in it',
  }),
  procid: optional(headerTemplate(MAX_PROC_ID_LENGTH), {
    group: 'message',
    variables: ['SYSLOG_PROCID'],
    placeholder: '<text>',
    description: "PROCID (RFC 5424), or the TAG's [pid] (RFC 3164); may have {field} in it",
  }),
  msgid: optional(headerTemplate(MAX_MSG_ID_LENGTH), {
    group: 'message',
    variables: ['SYSLOG_MSGID'],
    placeholder: '<text>',
    description: 'MSGID (RFC 5424 only); may have {field} in it',
  }),
  timezone: derived(timeZone, 'utc, or local with RFC 3164', {
    group: 'message',
    variables: ['SYSLOG_TIMEZONE'],
    placeholder: '<utc|local|zone>',
    description:
      'time zone of time stamps: utc, local (from TZ or /etc/localtime, like the date command), or a name such as Asia/Shanghai',
  }),
  timePrecision: derived(timePrecision, 'auto, or 3 with leef and RFC 5424', {
    group: 'message',
    variables: ['SYSLOG_TIME_PRECISION'],
    placeholder: '<auto|0..6>',
    description:
      'fractional digits of the seconds in time stamps; auto: 6 if the log has nanoseconds, else none; QRadar wants 3 with LEEF',
  }),
  rfc3164Time: defaulted(oneOf('legacy', 'year', 'rfc3339'), 'legacy', {
    group: 'message',
    variables: ['SYSLOG_RFC3164_TIME'],
    placeholder: '<legacy|year|rfc3339>',
    description:
      'time stamps with RFC 3164; legacy: Nov 20 10:11:12; year: Nov 20 2026 10:11:12; rfc3339: 2026-11-20T10:11:12+08:00',
  }),
  maxMessageBytes: derived(size({ min: '480B', max: '64MiB' }), '64KiB, or 8KiB with udp', {
    group: 'message',
    variables: ['SYSLOG_MAX_MESSAGE_BYTES'],
    placeholder: '<size>',
    description: "largest message, header included; keep it at or below the receiver's limit",
  }),
  oversize: defaulted(oneOf('truncate', 'split', 'dead-letter'), 'truncate', {
    group: 'message',
    variables: ['SYSLOG_OVERSIZE'],
    placeholder: '<truncate|split|dead-letter>',
    description:
      'what happens to a message above --max-message-bytes; truncate: it is cut, and counted; split: its text goes on in further messages, each with the header; dead-letter: its log goes to --dead-letter, and is not sent',
  }),
  identity: defaulted(switchText, 'false', {
    group: 'message',
    variables: ['SYSLOG_IDENTITY'],
    description:
      'write the identity of each log (project, logstore, shard, cursor, index) in structured data, to recognise duplicates by; RFC 5424 only',
  }),
  enterpriseId: defaulted(enterpriseId, '32473', {
    group: 'message',
    variables: ['SYSLOG_ENTERPRISE_ID'],
    placeholder: '<number>',
    description:
      'Private Enterprise Number in [sls@number …] of --identity and [fields@number …] of --format sd; 32473 is reserved for examples (RFC 5612): give your own number if you have one',
  }),
} as const;
