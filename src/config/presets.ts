/**
 * What a receiver takes as it comes, as settings in a user's words: below everything that anybody has given, above the
 * defaults. What is known of each, and from where, is in docs/configuration.md. Pure.
 */
import type { SettingKey } from './settings.ts';

export const presetNames = ['qradar', 'arcsight', 'splunk-sc4s', 'rsyslog', 'syslog-ng', 'generic'] as const;
export type PresetName = (typeof presetNames)[number];

export interface Preset {
  /** For the documentation. */
  readonly title: string;
  readonly settings: Readonly<Partial<Record<SettingKey, string>>>;
  /** What to look after at the receiver, a sentence each. */
  readonly notes: readonly string[];
}

export const presets: Readonly<Record<PresetName, Preset>> = {
  qradar: {
    title: 'IBM QRadar',
    settings: { proto: 'tcp', framing: 'lf', rfc: '5424', format: 'leef', maxMessageBytes: '4KiB' },
    notes: [
      'QRadar tells log sources apart by the host name in the header: give --hostname the Log Source Identifier.',
      'The limit is that of "Max TCP Syslog Payload Length": raise both for audit logs.',
    ],
  },
  arcsight: {
    title: 'ArcSight SmartConnector, Syslog Daemon',
    settings: { proto: 'tcp', framing: 'lf', rfc: '3164', format: 'cef' },
    notes: ['The header has no time zone: the machine and the connector must have the same.'],
  },
  'splunk-sc4s': {
    title: 'Splunk Connect for Syslog',
    settings: { proto: 'tcp', framing: 'lf', rfc: '5424', format: 'json', maxMessageBytes: '64KiB' },
    notes: ['An index and a source type are chosen by SC4S: see its "Simple" log path.'],
  },
  rsyslog: {
    title: 'rsyslog',
    settings: { proto: 'tcp', framing: 'octet-counting', rfc: '5424', format: 'kv', maxMessageBytes: '8KiB' },
    notes: ['The limit is that of maxMessageSize: raise both, and maxFrameSize with them, for larger messages.'],
  },
  'syslog-ng': {
    title: 'syslog-ng, with a syslog() source',
    settings: { proto: 'tcp', framing: 'octet-counting', rfc: '5424', format: 'kv', maxMessageBytes: '64KiB' },
    notes: ['The limit is that of log-msg-size(): a larger message makes it close the connection.'],
  },
  generic: {
    title: 'a receiver of which nothing is known',
    settings: { proto: 'tcp', framing: 'lf', rfc: '5424', format: 'kv', maxMessageBytes: '8KiB' },
    notes: ['Receivers should take 2 KiB (RFC 5424, section 6.1), and most take 8 KiB.'],
  },
};
