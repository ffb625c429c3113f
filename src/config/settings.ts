/**
 * THE TABLE OF ALL SETTINGS. Flags, `--help`, the environment, the file's keys, redaction and
 * docs/configuration.md are all made from it: a setting is added here, given its place in `Config`, and nowhere else.
 *
 * A row's name in camelCase is its name everywhere: `maxInFlight` is `--max-in-flight`, and `max-in-flight` in the
 * file. Order matters only in so far as help and documentation keep it.
 */

import { deliverySettings } from './delivery-settings.ts';
import { messageSettings } from './message-settings.ts';
import {
  defaulted,
  derived,
  kebabCase,
  optional,
  repeatable,
  required,
  requiredList,
  type Setting,
  type SettingGroup,
} from './setting.ts';
import { facility, severity } from './syslog-names.ts';
import { headerText, oneOf, plainText, switchText } from './text.ts';
import { pointInTime } from './time.ts';
import { duration, size } from './units.ts';
import {
  consumerText,
  credential,
  endpoint,
  fingerprint,
  hostText,
  logstoreName,
  maskEndpoint,
  port,
  projectName,
  receiverAddress,
  regionId,
  separator,
} from './values.ts';

const hidden = () => '[redacted]';
/** A key id is no secret, but nobody needs all of it to tell which one it is. */
const shortened = (text: string) => (text.length > 8 ? `${text.slice(0, 4)}…` : '…');

const table = {
  endpoint: required(endpoint, {
    group: 'service',
    variables: ['SLS_ENDPOINT'],
    placeholder: '<host>',
    description: 'endpoint of the region, such as cn-hangzhou.log.aliyuncs.com; https unless it begins with http://',
    mask: maskEndpoint,
  }),
  project: required(projectName, {
    group: 'service',
    variables: ['SLS_PROJECT'],
    placeholder: '<name>',
    description: 'project that holds the logstore',
  }),
  logstore: required(logstoreName, {
    group: 'service',
    variables: ['SLS_LOGSTORE'],
    placeholder: '<name>',
    description: 'logstore to ship',
  }),
  accessKeyId: required(credential, {
    group: 'service',
    variables: ['SLS_AK_ID'],
    description: 'AccessKey id; environment or file only',
    noFlag: true,
    mask: shortened,
  }),
  accessKeySecret: required(credential, {
    group: 'service',
    variables: ['SLS_AK_KEY'],
    description: 'AccessKey secret; environment or file only, since a flag would show in ps',
    noFlag: true,
    mask: hidden,
  }),
  stsToken: optional(credential, {
    group: 'service',
    variables: ['SLS_STS_TOKEN'],
    description: 'security token of temporary (STS) credentials; environment or file only',
    noFlag: true,
    mask: hidden,
  }),
  signVersion: derived(oneOf('v1', 'v4'), 'v4 where the region is known, else v1', {
    group: 'service',
    variables: ['SLS_SIGN_VERSION'],
    placeholder: '<v1|v4>',
    description: 'version of the request signature',
  }),
  region: derived(regionId, 'from the endpoint', {
    group: 'service',
    variables: ['SLS_REGION'],
    placeholder: '<id>',
    description: 'region, such as cn-hangzhou, for the v4 signature',
  }),
  query: optional(plainText, {
    group: 'service',
    variables: ['SLS_QUERY'],
    placeholder: '<spl>',
    description:
      "SPL by which the service filters and shapes logs before they are pulled, such as * | where status = '500'",
  }),

  group: required(consumerText, {
    group: 'group',
    variables: ['SLS_CG'],
    placeholder: '<name>',
    description: 'consumer group; created when it does not exist; copies with the same group share the shards',
    aliases: ['consumer-group'],
  }),
  consumerName: derived(consumerText, '<group>-<host>-<instance>', {
    group: 'group',
    variables: ['SLS_CONSUMER_NAME'],
    placeholder: '<name>',
    description:
      'name of this copy, unique in the group and best kept over restarts; the instance is NODE_APP_INSTANCE where it is set (pm2 numbers the copies by it), else the process id',
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
    description: 'stop there and exit: an ISO time with its zone, unix seconds, or the end as it is at start',
  }),
  heartbeatInterval: defaulted(duration({ min: '1s', max: '10m' }), '20s', {
    group: 'group',
    variables: ['SLS_HEARTBEAT_INTERVAL'],
    placeholder: '<duration>',
    description: "pause between heartbeats; the group's timeout, after which others take over, is three times that",
  }),
  fetchInterval: defaulted(duration({ min: '1ms', max: '1m' }), '200ms', {
    group: 'group',
    variables: ['SLS_FETCH_INTERVAL'],
    placeholder: '<duration>',
    description: 'pause before a drained shard is pulled again; grows to 1s while it stays idle',
  }),
  checkpointInterval: defaulted(duration({ min: '100ms', max: '10m' }), '5s', {
    group: 'group',
    variables: ['SLS_CHECKPOINT_INTERVAL'],
    placeholder: '<duration>',
    description: 'how often progress is saved with the service',
  }),
  maxInFlight: defaulted(size({ min: '1MiB', max: '16GiB' }), '64MiB', {
    group: 'group',
    variables: ['SLS_MAX_IN_FLIGHT'],
    placeholder: '<size>',
    description: 'bytes of logs, over all shards, pulled and not yet delivered',
  }),
  inOrder: defaulted(switchText, 'false', {
    group: 'group',
    variables: ['SLS_IN_ORDER'],
    description: "hold back the children of a split shard until the parent's logs are delivered",
  }),

  sep: defaulted(separator, '||', {
    group: 'message',
    variables: ['SYSLOG_SEP'],
    placeholder: '<text>',
    description: 'what stands before each key=value pair; \\t for a tab',
  }),
  escape: defaulted(oneOf('standard', 'none'), 'standard', {
    group: 'message',
    variables: ['SYSLOG_ESCAPE'],
    placeholder: '<standard|none>',
    description: 'standard: nothing in a log can forge a field or a message; none: raw text, line breaks excepted',
  }),
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
  ...messageSettings,

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
  timeout: defaulted(duration({ min: '1s', max: '1h' }), '120s', {
    group: 'receiver',
    variables: ['SYSLOG_TIMEOUT'],
    placeholder: '<duration>',
    description: 'a receiver that takes nothing for so long is connected to anew',
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
    description: 'PEM file of the private key of --cert, without a passphrase',
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
    description: "do not verify the receiver's certificate; for trying out only, and warned of at every start",
  }),

  ...deliverySettings,

  config: optional(plainText, {
    group: 'operation',
    variables: ['SLS_SYSLOG_CONFIG'],
    placeholder: '<file>',
    description: 'YAML file with the same keys as the flags',
    noFile: true,
  }),
  logLevel: defaulted(oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace'), 'info', {
    group: 'operation',
    variables: ['SLS_SYSLOG_LOG_LEVEL'],
    placeholder: '<level>',
    description: "least severe level of this program's own log: fatal, error, warn, info, debug or trace",
  }),
  logFormat: derived(oneOf('json', 'pretty'), 'pretty on a terminal, else json', {
    group: 'operation',
    variables: ['SLS_SYSLOG_LOG_FORMAT'],
    placeholder: '<json|pretty>',
    description: "form of this program's own log, on stderr",
  }),
  drainTimeout: derived(duration({ min: '100ms', max: '30m' }), "20s, at most half the group's timeout", {
    group: 'operation',
    variables: ['SLS_SYSLOG_DRAIN_TIMEOUT'],
    placeholder: '<duration>',
    description: "how long a shutdown or a shard's hand-over may take to confirm and save; below the group's timeout",
  }),
} as const;

export type SettingKey = keyof typeof table;

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** Every setting's value, once all is known. */
export type Values = { readonly [Key in SettingKey]: ValueOf<(typeof table)[Key]> };

/** A region may stay unknown, with v1; framing is nothing to udp. */
export type PartialValues = { readonly [Key in SettingKey]?: Values[Key] | undefined };

export const settings: Readonly<Record<SettingKey, Setting<unknown>>> = table;

export const settingKeys = Object.keys(table) as readonly SettingKey[];

export const groupTitles: Readonly<Record<SettingGroup, string>> = {
  service: 'Service',
  group: 'Consumer group',
  message: 'Message',
  receiver: 'Receiver',
  delivery: 'Delivery',
  operation: 'Operation',
};

/** Every spelling in kebab case, aliases included → the setting. */
export const settingByName: ReadonlyMap<string, SettingKey> = new Map(
  settingKeys.flatMap((key) => [kebabCase(key), ...(settings[key].aliases ?? [])].map((name) => [name, key] as const)),
);

/** `--max-in-flight`; undefined where there is no flag. */
export function flagOf(key: SettingKey): string | undefined {
  return settings[key].noFlag ? undefined : `--${kebabCase(key)}`;
}

export function isSwitch(key: SettingKey): boolean {
  return settings[key].schema === switchText;
}
