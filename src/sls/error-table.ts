/**
 * What each error answer of Log Service means and what is to be done about it: the only place that knows the
 * service's codes. (API reference, "Error codes", and each action's own.)
 *
 * The service spells some codes in two ways (`NotExist`, `NotExsit`) and their case has varied: both are levelled
 * before the look-up. Messages are never matched on.
 *
 * The action for an error depends on the error's class, the operation, and whether the daemon starts; never on what worked
 * before. Only an answer of the service itself, which says so by a code in its body, ends a process, and only at its
 * start, when somebody looks. docs/log-service.md shows this table to operators.
 */
import type { ErrorAction } from '../core/errors.ts';
import type { Phase } from '../group/service/log-service.ts';
import { type Operation, operations } from './operations.ts';

/**
 * - `credentials`, `clock`, `configuration`: somebody has to set something right.
 * - `request`: the service does not like what we asked, for a reason that we do not know.
 * - `address`: what answers at the endpoint has no certificate that is trusted, or speaks no TLS.
 * - `not-the-service`: an error answer without a code of the service: a proxy's page. It says nothing about the service.
 * - `transient`: nothing is wrong that time does not heal.
 * - `cursor`, `shard`, `ownership`, `group`: the data's and the group's own events, for the caller to act on.
 */
export type ErrorKind =
  | 'credentials'
  | 'clock'
  | 'configuration'
  | 'request'
  | 'address'
  | 'not-the-service'
  | 'transient'
  | 'cursor'
  | 'shard'
  | 'ownership'
  | 'group';

export interface ErrorClass {
  /** Ours, kebab-case. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** Where the table `whatToDo` has no row for its kind. */
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
/** A proxy's page, for example. It may stand there for a moment, or until somebody mends the way. */
const notTheService: ErrorClass = { code: 'not-the-service', kind: 'not-the-service', action: 'retry' };

/** @param serviceCode of the answer's body; empty where it has none */
export function classify(status: number, serviceCode: string): ErrorClass {
  const levelled = serviceCode.toLowerCase().replace('exsit', 'exist');
  if (Object.hasOwn(byServiceCode, levelled)) return byServiceCode[levelled]!;
  if (serviceCode === '' && status !== 408 && status !== 429) return status >= 500 ? unknown5xx : notTheService;
  return byStatus[status] ?? (status >= 500 ? unknown5xx : unknownOther);
}

export type { Phase };

const fatalAtStart: Readonly<Record<Phase, ErrorAction>> = { start: 'fatal', running: 'retry' };
const never: Readonly<Record<Phase, ErrorAction>> = { start: 'retry', running: 'retry' };

/** What is done about an error; keys are rotated and clocks are set while a daemon runs. */
export const whatToDo: Partial<Readonly<Record<ErrorKind, Readonly<Record<Phase, ErrorAction>>>>> = {
  credentials: fatalAtStart,
  clock: fatalAtStart,
  configuration: fatalAtStart,
  request: fatalAtStart,
  address: never,
  'not-the-service': never,
  transient: never,
};

export function actionFor(operation: Operation, { kind, action }: ErrorClass, phase: Phase): ErrorAction {
  if (kind === 'request' && operations[operation].givesUpRefused) return 'reject';
  return whatToDo[kind]?.[phase] ?? action;
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
  SELF_SIGNED_CERT_IN_CHAIN: { code: 'certificate-not-trusted', kind: 'address', action: 'retry' },
  DEPTH_ZERO_SELF_SIGNED_CERT: { code: 'certificate-not-trusted', kind: 'address', action: 'retry' },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { code: 'certificate-not-trusted', kind: 'address', action: 'retry' },
  UNABLE_TO_GET_ISSUER_CERT: { code: 'certificate-not-trusted', kind: 'address', action: 'retry' },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { code: 'certificate-not-trusted', kind: 'address', action: 'retry' },
  CERT_HAS_EXPIRED: { code: 'certificate-not-trusted', kind: 'address', action: 'retry' },
  CERT_NOT_YET_VALID: { code: 'certificate-not-trusted', kind: 'address', action: 'retry' },
  ERR_TLS_CERT_ALTNAME_INVALID: { code: 'certificate-not-trusted', kind: 'address', action: 'retry' },
  ERR_SSL_WRONG_VERSION_NUMBER: { code: 'not-tls', kind: 'address', action: 'retry' },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: { code: 'not-tls', kind: 'address', action: 'retry' },
};
export const otherConnectionError: ErrorClass = { code: 'connection-failed', kind: 'transient', action: 'retry' };
export const timedOut: ErrorClass = { code: 'request-timeout', kind: 'transient', action: 'retry' };
/** An exception of the system or of a library that no table knows: a failure of that one request. */
export const unexpected: ErrorClass = { code: 'request-failed', kind: 'transient', action: 'retry' };
/** An answer that is not what the action answers; a proxy's page, for example. */
export const badAnswer: ErrorClass = { code: 'bad-answer', kind: 'transient', action: 'retry' };
