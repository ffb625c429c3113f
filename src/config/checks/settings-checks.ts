/** What settings demand of each other. Each rule looks only at values that are known: the others have problems of their own. Pure. */
import { MAX_DATAGRAM_BYTES } from '../../encode/frame/framing.ts';
import { formatDuration } from '../../schema/units.ts';
import { groupTimeoutMs } from '../model/derive.ts';
import { portsThatDiffer } from '../settings/preset-choice.ts';
import type { PartialValues, SettingKey } from '../settings/settings.ts';
import { formatChecks } from './format-checks.ts';
import { type Check, idle, none, type Objection, objection } from './objection.ts';

const tlsOnly = [
  'ca',
  'cert',
  'key',
  'keyPassphrase',
  'crl',
  'tlsMinVersion',
  'tlsCiphers',
  'serverName',
  'fingerprint',
  'insecure',
  'allowLfOverTls',
] as const;

const checks: readonly Check[] = [
  function regionForV4({ signVersion, region, endpoint }, given) {
    if (signVersion !== 'v4' || region !== undefined || endpoint === undefined || given('region')) return none;
    return objection(
      'region',
      ' is missing: the v4 signature needs it, and the endpoint does not show it; set it, or sign with v1',
    );
  },

  function endpointWithoutProject({ endpoint, project }) {
    if (endpoint === undefined || project === undefined) return none;
    const { host } = new URL(endpoint);
    if (!host.startsWith(`${project}.`)) return none;
    return objection('endpoint', `: "${host}" already contains the project; give "${host.slice(project.length + 1)}"`);
  },

  function untilAfterFrom({ from, until }) {
    if (typeof from !== 'number' || typeof until !== 'number' || until > from) return none;
    return objection('until', ' is not later than --from: nothing would be shipped');
  },

  function drainBelowGroupTimeout({ drainTimeout, heartbeatInterval }) {
    if (drainTimeout === undefined || heartbeatInterval === undefined) return none;
    const timeoutMs = groupTimeoutMs(heartbeatInterval);
    if (drainTimeout < timeoutMs) return none;
    return objection(
      'drainTimeout',
      ` is ${formatDuration(drainTimeout)}, but has to be below the group's timeout, 3 times --heartbeat-interval = ${formatDuration(timeoutMs)}: others would take the shards over while this instance still sends`,
    );
  },

  function eachReceiverOnce({ host: receivers, port }) {
    const names = receivers?.map((each) => `${each.host.toLowerCase()} port ${each.port ?? port}`) ?? [];
    const twice = names.find((name, index) => names.indexOf(name) < index);
    return twice === undefined ? none : objection('host', `: ${twice} is there twice; give each receiver once`);
  },

  function tlsOptionsNeedTls(values, given) {
    const { proto } = values;
    if (proto === undefined || proto === 'tls') return none;
    const withoutMeaning = tlsOnly.filter((key) => given(key) && values[key] !== false);
    return withoutMeaning.flatMap((key) =>
      idle(key, ` has no meaning with --proto ${proto}; use --proto tls, or leave it out`),
    );
  },

  function onePresetListener(values, given) {
    const differing = given('framing') ? undefined : portsThatDiffer(values);
    if (differing === undefined) return none;
    return objection(
      'host',
      `: the ports of preset ${values.preset} read in different ways (${differing}); give ports that read alike, a receiver to each, or --framing`,
    );
  },

  function noFramingOverUdp({ proto }, given) {
    if (proto !== 'udp' || !given('framing')) return none;
    return idle('framing', ' has no meaning with --proto udp: a datagram is one message; leave it out');
  },

  function noConfirmationOverUdp({ proto, confirm }, given) {
    if (proto !== 'udp' || confirm !== 'on' || !given('confirm')) return none;
    return idle('confirm', ' has no meaning with --proto udp: a datagram is never answered; leave it out');
  },

  function octetCountingOverTls({ proto, framing, allowLfOverTls }) {
    if (proto !== 'tls' || framing !== 'lf' || allowLfOverTls !== false) return none;
    return objection(
      'framing',
      ': syslog over TLS is octet-counting (RFC 5425, section 4.3); leave it out, or add --allow-lf-over-tls if the receiver reads nothing but lines',
    );
  },

  function keyNeedsCertificate({ key }, given) {
    if (key === undefined || given('cert')) return none;
    return objection('cert', ' is missing: --key is the private key of a client certificate');
  },

  function passphraseNeedsCertificate({ proto }, given) {
    if (proto !== 'tls' || !given('keyPassphrase') || given('cert') || given('key')) return none;
    return idle('keyPassphrase', ' has no meaning without --cert and --key; add them, or leave it out');
  },

  function revocationNeedsChain({ proto, insecure }, given) {
    if (proto !== 'tls' || !given('crl')) return none;
    if (insecure) return idle('crl', ' has no meaning with --insecure, which verifies no chain; leave one of them out');
    if (!given('fingerprint') || given('ca')) return none;
    return idle('crl', ' has no meaning with --fingerprint alone, which verifies no chain; add --ca, or leave it out');
  },

  ...formatChecks,

  function separatorThatEscapes({ sep, escape: mode, format }) {
    if (format !== 'kv') return none;
    // Its first character is the one that is escaped inside values: not one that keys or escapes are made of.
    if (sep === undefined || mode !== 'standard' || !/^[A-Za-z0-9\\=\u0080-\uffff]/.test(sep)) return none;
    return objection(
      'sep',
      ' begins with a letter, a digit, \\, = or a character outside ASCII, so it could not be told from text; begin it with a sign such as | , ; or \\t, or use --escape none',
    );
  },

  function tagOfRfc3164({ rfc, tag }) {
    // What comes from a field is cleaned and cut, as it was asked for.
    if (rfc !== '3164' || typeof tag !== 'string' || tag.length <= 32) return none;
    return objection('tag', ` has ${tag.length} characters; with --rfc 3164 it has at most 32`);
  },

  function messageFitsDatagram({ proto, maxMessageBytes }, given) {
    if (proto !== 'udp' || maxMessageBytes === undefined || !given('maxMessageBytes')) return none;
    if (maxMessageBytes <= MAX_DATAGRAM_BYTES) return none;
    return objection(
      'maxMessageBytes',
      ` is ${maxMessageBytes} bytes; with --proto udp a message has at most ${MAX_DATAGRAM_BYTES}, which is what a datagram can carry`,
    );
  },

  function identityNeedsRfc5424({ identity, rfc }) {
    if (!identity || rfc !== '3164') return none;
    return objection('identity', ' has no place with --rfc 3164, which has no structured data; use --rfc 5424');
  },

  function enterpriseIdNeedsIdentity({ identity, format }, given) {
    if (identity !== false || format === 'sd' || !given('enterpriseId')) return none;
    return idle('enterpriseId', ' has no meaning without --identity or --format sd; add one of them, or leave it out');
  },

  function oversizeNeedsDeadLetter({ oversize }, given) {
    if (oversize !== 'dead-letter' || given('deadLetter')) return none;
    return objection('deadLetter', ' is missing: --oversize dead-letter needs a file for the logs that are not sent');
  },

  function skippingNeedsDeadLetter({ onCorruptBatch }, given) {
    if (onCorruptBatch !== 'skip' || given('deadLetter')) return none;
    return objection('deadLetter', ' is missing: --on-corrupt-batch skip needs a file for what is skipped');
  },

  function patienceNeedsSkipping({ onCorruptBatch }, given) {
    if (onCorruptBatch === 'skip' || !given('corruptBatchPatience')) return none;
    const why = ' has no meaning without --on-corrupt-batch skip; add that, or leave it out';
    return idle('corruptBatchPatience', why);
  },

  function poisonNeedsDeadLetter({ onPoison }, given) {
    if (onPoison !== 'dead-letter' || given('deadLetter')) return none;
    return objection('deadLetter', ' is missing: --on-poison dead-letter needs a file for the logs that are not sent');
  },

  function poisonPatienceNeedsDeadLetter({ onPoison }, given) {
    if (onPoison === 'dead-letter' || !given('poisonPatience')) return none;
    return idle('poisonPatience', ' has no meaning without --on-poison dead-letter; add that, or leave it out');
  },

  function deadLetterFilesNeedDeadLetter(_, given) {
    if (given('deadLetter')) return none;
    const alone = (['deadLetterMaxSize', 'deadLetterFiles'] as const).filter((key) => given(key));
    return alone.flatMap((key) => idle(key, ' has no meaning without --dead-letter; add that, or leave it out'));
  },
];

export function objections(values: PartialValues, given: (key: SettingKey) => boolean): readonly Objection[] {
  return checks.flatMap((check) => check(values, given));
}
