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
      'receiver whose usual transport, framing, format, message size and header are used; any setting that you give wins',
  }),
  proto: defaulted(oneOf('udp', 'tcp', 'tls'), 'tcp', {
    group: 'receiver',
    variables: ['SYSLOG_PROTO', 'SYSLOG_PROTOCOL'],
    placeholder: '<udp|tcp|tls>',
    description: 'transport; udp is best effort: datagrams can get lost without an error',
    aliases: ['protocol'],
  }),
  host: requiredList(receiverAddress, {
    group: 'receiver',
    variables: ['SYSLOG_HOST'],
    placeholder: '<host[:port],…>',
    description:
      'name or address of the receiver; several receivers with commas between them, each with or without its own port',
  }),
  port: derived(port, '514, or 6514 with tls', {
    group: 'receiver',
    variables: ['SYSLOG_PORT'],
    placeholder: '<number>',
    description: 'port of each receiver that has no port in --host',
  }),
  framing: derived(oneOf('octet-counting', 'lf'), 'octet-counting; none with udp', {
    group: 'receiver',
    variables: ['SYSLOG_FRAMING'],
    placeholder: '<octet-counting|lf>',
    description: 'how messages are separated on a connection (RFC 6587)',
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
    description: 'a connection that takes no data for this long is closed, and opened again',
  }),
  dnsRefresh: defaulted(duration({ min: '1s', max: '24h' }), '30s', {
    group: 'receiver',
    variables: ['SYSLOG_DNS_REFRESH'],
    placeholder: '<duration>',
    description:
      "with udp: how often the receiver's name is looked up again; also on SIGHUP and on errors; tcp and tls look the name up for each connection",
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
      "PEM file of certificate revocation lists, one list from each authority above the receiver's certificate; a revoked certificate is refused",
  }),
  tlsMinVersion: defaulted(oneOf('1.2', '1.3'), '1.2', {
    group: 'receiver',
    variables: ['SYSLOG_TLS_MIN_VERSION'],
    placeholder: '<1.2|1.3>',
    description: 'lowest TLS version that is accepted; node --tls-min-v1.3 raises it to 1.3, too',
  }),
  tlsCiphers: optional(plainText, {
    group: 'receiver',
    variables: ['SYSLOG_TLS_CIPHERS'],
    placeholder: '<list>',
    description:
      'ciphers that are offered: OpenSSL names with colons between them; by default ciphers with forward secrecy and authenticated encryption',
  }),
  serverName: optional(hostText, {
    group: 'receiver',
    variables: ['SYSLOG_SERVER_NAME'],
    placeholder: '<name>',
    description: "name that the receiver's certificate must have, if it differs from --host",
  }),
  fingerprint: repeatable(fingerprint, {
    group: 'receiver',
    variables: ['SYSLOG_FINGERPRINT'],
    placeholder: '<sha256:hex>',
    description: "SHA-256 fingerprint that the receiver's certificate must have; of several, one must match",
  }),
  insecure: defaulted(switchText, 'false', {
    group: 'receiver',
    variables: ['SYSLOG_INSECURE'],
    description:
      "do not verify the receiver's certificate, except its --fingerprint if you give one; without --fingerprint, for tests only",
  }),
} as const;
