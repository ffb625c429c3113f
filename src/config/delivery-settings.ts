/** Rows of the table in settings.ts: what is promised of a delivery, and how it is made sure of. */
import { defaulted } from './setting.ts';
import { oneOf, switchText } from './text.ts';
import { duration, size } from './units.ts';

export const deliverySettings = {
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
    description: 'a receiver that has not answered for so long has not read it: it is sent again',
  }),
  strictOrder: defaulted(switchText, 'false', {
    group: 'delivery',
    variables: ['SYSLOG_STRICT_ORDER'],
    description: 'write to the next connection only when the last is confirmed, for a receiver that mixes connections',
  }),
} as const;
