/**
 * What each error answer of Log Service means and what is to be done about it: the only place that knows the
 * service's codes. (API reference, "Error codes", and each action's own.)
 *
 * The service spells some codes in two ways (`NotExist`, `NotExsit`) and their case has varied: both are levelled
 * before the look-up. Messages are never matched on.
 */
import type { ErrorAction } from '../errors.ts';

/**
 * - `credentials`, `clock`, `configuration`: somebody has to set something right. Before the service has answered
 *   anything else, that ends the process; later it is retried, for keys are rotated and clocks are set.
 * - `request`: the service does not like what we asked, for a reason that we do not know. Fatal until an operation
 *   has worked once, retried after that.
 * - `transient`: nothing is wrong that time does not heal.
 * - `cursor`, `shard`, `ownership`, `group`: the data's and the group's own events, for the caller to act on.
 */
export type ErrorKind =
  | 'credentials'
  | 'clock'
  | 'configuration'
  | 'request'
  | 'transient'
  | 'cursor'
  | 'shard'
  | 'ownership'
  | 'group';

export interface ErrorClass {
  /** Ours, kebab-case. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** While running; see `actionFor`. */
  readonly action: ErrorAction;
}

const byServiceCode: Readonly<Record<string, ErrorClass>> = {
  unauthorized: { code: 'unauthorized', kind: 'credentials', action: 'retry' },
  invalidaccesskeyid: { code: 'unauthorized', kind: 'credentials', action: 'retry' },
  invalidsecuritytoken: { code: 'security-token-invalid', kind: 'credentials', action: 'retry' },
  securitytokeninvalid: { code: 'security-token-invalid', kind: 'credentials', action: 'retry' },
  securitytokenexpired: { code: 'security-token-invalid', kind: 'credentials', action: 'retry' },
  signaturenotmatch: { code: 'signature-not-match', kind: 'credentials', action: 'retry' },
  requesttimetooskewed: { code: 'clock-skew', kind: 'clock', action: 'retry' },
  requesttimeexpired: { code: 'clock-skew', kind: 'clock', action: 'retry' },

  projectnotexist: { code: 'project-not-exist', kind: 'configuration', action: 'retry' },
  logstorenotexist: { code: 'logstore-not-exist', kind: 'configuration', action: 'retry' },
  consumergroupquotaexceed: { code: 'consumer-group-quota', kind: 'configuration', action: 'retry' },

  projectforbidden: { code: 'project-forbidden', kind: 'transient', action: 'retry' },
  shardreadquotaexceed: { code: 'read-quota', kind: 'transient', action: 'retry' },
  readquotaexceed: { code: 'read-quota', kind: 'transient', action: 'retry' },
  metaoperationqpslimitexceeded: { code: 'request-quota', kind: 'transient', action: 'retry' },
  serverbusy: { code: 'server-busy', kind: 'transient', action: 'retry' },
  internalservererror: { code: 'server-error', kind: 'transient', action: 'retry' },
  requesttimeout: { code: 'server-error', kind: 'transient', action: 'retry' },

  invalidcursor: { code: 'invalid-cursor', kind: 'cursor', action: 'reject' },
  shardnotexist: { code: 'shard-not-exist', kind: 'shard', action: 'release-shard' },
  consumernotmatch: { code: 'consumer-not-match', kind: 'ownership', action: 'release-shard' },
  consumernotexist: { code: 'consumer-not-exist', kind: 'ownership', action: 'release-shard' },

  // A heartbeat's caller creates the group again; whatever else meets this can wait until it has.
  consumergroupnotexist: { code: 'consumer-group-not-exist', kind: 'group', action: 'retry' },
  consumergroupalreadyexist: { code: 'consumer-group-already-exist', kind: 'group', action: 'reject' },
};

/** For a code that the table does not have. */
const byStatus: Readonly<Record<number, ErrorClass>> = {
  401: { code: 'unauthorized', kind: 'credentials', action: 'retry' },
  408: { code: 'server-error', kind: 'transient', action: 'retry' },
  429: { code: 'request-quota', kind: 'transient', action: 'retry' },
};
const unknown5xx: ErrorClass = { code: 'server-error', kind: 'transient', action: 'retry' };
const unknownOther: ErrorClass = { code: 'request-refused', kind: 'request', action: 'retry' };

export function classify(status: number, serviceCode: string): ErrorClass {
  const levelled = serviceCode.toLowerCase().replace('exsit', 'exist');
  if (Object.hasOwn(byServiceCode, levelled)) return byServiceCode[levelled]!;
  return byStatus[status] ?? (status >= 500 ? unknown5xx : unknownOther);
}

export interface Phase {
  /** Nothing has worked yet: what is wrong now is wrong with the configuration. */
  readonly atStart: boolean;
  /** This operation has worked before, so that our request cannot be nonsense. */
  readonly hasWorked: boolean;
  /** The caller can do without an answer. */
  readonly isOptional: boolean;
}

export function actionFor({ kind, action }: ErrorClass, phase: Phase): ErrorAction {
  if (kind === 'credentials' || kind === 'clock' || kind === 'configuration') return phase.atStart ? 'fatal' : action;
  if (kind === 'request') return phase.isOptional ? 'reject' : phase.hasWorked ? action : 'fatal';
  return action;
}

/** System and TLS error codes of a request that never got an answer. */
export const connectionErrors: Readonly<Record<string, ErrorClass>> = {
  ENOTFOUND: { code: 'name-not-resolved', kind: 'transient', action: 'retry' },
  EAI_AGAIN: { code: 'name-not-resolved', kind: 'transient', action: 'retry' },
  ECONNREFUSED: { code: 'connection-refused', kind: 'transient', action: 'retry' },
  ECONNRESET: { code: 'connection-lost', kind: 'transient', action: 'retry' },
  EPIPE: { code: 'connection-lost', kind: 'transient', action: 'retry' },
  UND_ERR_SOCKET: { code: 'connection-lost', kind: 'transient', action: 'retry' },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: { code: 'connection-lost', kind: 'transient', action: 'retry' },
  ETIMEDOUT: { code: 'connect-timeout', kind: 'transient', action: 'retry' },
  UND_ERR_CONNECT_TIMEOUT: { code: 'connect-timeout', kind: 'transient', action: 'retry' },
  EMFILE: { code: 'out-of-descriptors', kind: 'transient', action: 'retry' },
  ENFILE: { code: 'out-of-descriptors', kind: 'transient', action: 'retry' },
  // Certificates and protocols do not change by themselves.
  SELF_SIGNED_CERT_IN_CHAIN: { code: 'certificate-not-trusted', kind: 'configuration', action: 'retry' },
  DEPTH_ZERO_SELF_SIGNED_CERT: { code: 'certificate-not-trusted', kind: 'configuration', action: 'retry' },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { code: 'certificate-not-trusted', kind: 'configuration', action: 'retry' },
  UNABLE_TO_GET_ISSUER_CERT: { code: 'certificate-not-trusted', kind: 'configuration', action: 'retry' },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { code: 'certificate-not-trusted', kind: 'configuration', action: 'retry' },
  CERT_HAS_EXPIRED: { code: 'certificate-not-trusted', kind: 'configuration', action: 'retry' },
  CERT_NOT_YET_VALID: { code: 'certificate-not-trusted', kind: 'configuration', action: 'retry' },
  ERR_TLS_CERT_ALTNAME_INVALID: { code: 'certificate-not-trusted', kind: 'configuration', action: 'retry' },
  ERR_SSL_WRONG_VERSION_NUMBER: { code: 'not-tls', kind: 'configuration', action: 'retry' },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: { code: 'not-tls', kind: 'configuration', action: 'retry' },
};
export const otherConnectionError: ErrorClass = { code: 'connection-failed', kind: 'transient', action: 'retry' };
export const timedOut: ErrorClass = { code: 'request-timeout', kind: 'transient', action: 'retry' };
/** An answer that is not what the action answers; a proxy's page, for example. */
export const badAnswer: ErrorClass = { code: 'bad-answer', kind: 'transient', action: 'retry' };
