/** Rows of the table in settings.ts: where messages go, and how. */
import { oneOf, plainText, switchText } from '../../schema/text.ts';
import { duration } from '../../schema/units.ts';
import { presetNames } from './presets.ts';
import { defaulted, derived, hidden, optional, repeatable, requiredList } from './setting.ts';
import { fingerprint, hostText, port, receiverAddress } from './values.ts';

export const receiverSettings = {
  preset: optional(oneOf(...presetNames), {
    group: 'receiver',
    variables: ['SYSLOG_PRESET'],
    placeholder: `<${presetNames.join('|')}>`,
    description:
      'what this receiver takes as it comes: transport, framing, format, size and header; whatever is given otherwise wins',
  }),
  proto: defaulted(oneOf('udp', 'tcp', 'tls'), 'tcp', {
    group: 'receiver',
    variables: ['SYSLOG_PROTO', 'SYSLOG_PROTOCOL'],
    placeholder: '<udp|tcp|tls>',
    description: 'transport; udp is best effort: datagrams get lost and nobody is told',
    aliases: ['protocol'],
  }),
  host: requiredList(receiverAddress, {
    group: 'receiver',
    variables: ['SYSLOG_HOST'],
    placeholder: '<host[:port],…>',
    description: 'name or address of the receiver; several, each with a port of its own or not, with commas between',
  }),
  port: derived(port, '514, with tls 6514', {
    group: 'receiver',
    variables: ['SYSLOG_PORT'],
    placeholder: '<number>',
    description: 'port of the receivers that --host gives none',
  }),
  framing: derived(oneOf('octet-counting', 'lf'), 'octet-counting; udp has none', {
    group: 'receiver',
    variables: ['SYSLOG_FRAMING'],
    placeholder: '<octet-counting|lf>',
    description: 'how messages are told apart on a connection (RFC 6587)',
  }),
  allowLfOverTls: defaulted(switchText, 'false', {
    group: 'receiver',
    variables: ['SYSLOG_ALLOW_LF_OVER_TLS'],
    description:
      'permit --framing lf with tls, for a receiver that reads nothing else (RFC 5425 asks for octet counting)',
  }),
  timeout: defaulted(duration({ min: '1s', max: '1h' }), '3m', {
    group: 'receiver',
    variables: ['SYSLOG_TIMEOUT'],
    placeholder: '<duration>',
    description: 'a receiver that takes nothing for so long is connected to anew',
  }),
  dnsRefresh: defaulted(duration({ min: '1s', max: '24h' }), '30s', {
    group: 'receiver',
    variables: ['SYSLOG_DNS_REFRESH'],
    placeholder: '<duration>',
    description:
      'with udp, how often the name of the receiver is looked up again; also on SIGHUP and on errors; tcp and tls look it up for each connection',
  }),
  ca: optional(plainText, {
    group: 'receiver',
    variables: ['SYSLOG_CA', 'SYSLOG_CERT_PATH'],
    placeholder: '<file>',
    description: "PEM file of the authorities that may sign the receiver's certificate, in place of the built-in ones",
    aliases: ['cert-path'],
  }),
  cert: optional(plainText, {
    group: 'receiver',
    variables: ['SYSLOG_CERT'],
    placeholder: '<file>',
    description: 'PEM file of the client certificate, for a receiver that asks for one',
  }),
  key: optional(plainText, {
    group: 'receiver',
    variables: ['SYSLOG_KEY'],
    placeholder: '<file>',
    description: 'PEM file of the private key of --cert; encrypted or not',
  }),
  keyPassphrase: optional(plainText, {
    group: 'receiver',
    variables: ['SYSLOG_KEY_PASSPHRASE'],
    description: 'passphrase of an encrypted private key; environment or file only, since a flag would show in ps',
    noFlag: true,
    mask: hidden,
  }),
  crl: optional(plainText, {
    group: 'receiver',
    variables: ['SYSLOG_CRL'],
    placeholder: '<file>',
    description:
      "PEM file of revocation lists that the receiver's certificate must not be on; one of each authority above it",
  }),
  tlsMinVersion: defaulted(oneOf('1.2', '1.3'), '1.2', {
    group: 'receiver',
    variables: ['SYSLOG_TLS_MIN_VERSION'],
    placeholder: '<1.2|1.3>',
    description: 'lowest version of TLS that is spoken; node --tls-min-v1.3 asks for 1.3 as well',
  }),
  tlsCiphers: optional(plainText, {
    group: 'receiver',
    variables: ['SYSLOG_TLS_CIPHERS'],
    placeholder: '<list>',
    description:
      'ciphers that are offered, as OpenSSL writes them, with colons between; by default those with forward secrecy and authenticated encryption',
  }),
  serverName: optional(hostText, {
    group: 'receiver',
    variables: ['SYSLOG_SERVER_NAME'],
    placeholder: '<name>',
    description: "name that the receiver's certificate must have, where it is not that of --host",
  }),
  fingerprint: repeatable(fingerprint, {
    group: 'receiver',
    variables: ['SYSLOG_FINGERPRINT'],
    placeholder: '<sha256:hex>',
    description: "SHA-256 fingerprint that the receiver's certificate must have; several: one of them",
  }),
  insecure: defaulted(switchText, 'false', {
    group: 'receiver',
    variables: ['SYSLOG_INSECURE'],
    description:
      "do not verify the receiver's certificate but for its --fingerprint, if one is given; without one for trying out only",
  }),
} as const;
