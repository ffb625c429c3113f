/**
 * The meaning of each error of Log Service, and what is to be done about it: the only place that knows the service's error
 * codes. (API reference, "Error codes", and the codes of each action.)
 *
 * The service spells some codes in two ways (`NotExist`, `NotExsit`), and their case has varied: both are normalized
 * before the look-up. Messages are never matched on.
 *
 * The action for an error depends on the error's class, the operation, and whether the daemon starts; never on whether
 * earlier calls succeeded. Only an error with a code of the service ends the process, and only at its start, when an
 * operator looks. docs/log-service.md shows this table to operators.
 */
import type { ErrorAction } from '../core/errors.ts';
import type { Phase } from '../group/service/log-service.ts';
import { type Operation, operations } from './operations.ts';

/**
 * - `credentials`, `clock`, `configuration`: an operator has to fix something.
 * - `request`: the service refuses the request with a code that the table does not have.
 * - `address`: the endpoint's certificate is not trusted, or the endpoint does not speak TLS.
 * - `not-the-service`: an error without a code of the service: a proxy's page. It says nothing about the service.
 * - `transient`: goes away by itself.
 * - `cursor`, `shard`, `ownership`, `group`: events of the data and of the group, for the caller to act on.
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
  /** Our code for the error, in kebab-case. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** The action, where the table `actionByKind` has no row for the kind. */
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

  // The heartbeat's caller creates the group again; other calls can wait until it has.
  consumergroupnotexist: { code: 'consumer-group-not-exist', kind: 'group', action: 'retry' },
  consumergroupalreadyexist: { code: 'consumer-group-already-exist', kind: 'group', action: 'reject' },
};

/** Classes by HTTP status, for a code that `byServiceCode` does not have. */
const byStatus: Readonly<Record<number, ErrorClass>> = {
  401: { code: 'unauthorized', kind: 'credentials', action: 'retry' },
  408: { code: 'server-error', kind: 'transient', action: 'retry' },
  429: { code: 'request-quota', kind: 'transient', action: 'retry' },
};
const unknown5xx: ErrorClass = { code: 'server-error', kind: 'transient', action: 'retry' };
const unknownOther: ErrorClass = { code: 'request-refused', kind: 'request', action: 'retry' };
/** A proxy's page, for example. It may go away in a moment, or stay until somebody fixes the network. */
const notTheService: ErrorClass = { code: 'not-the-service', kind: 'not-the-service', action: 'retry' };

/** @param serviceCode the code in the answer's body; empty where it has none */
export function classify(status: number, serviceCode: string): ErrorClass {
  const normalized = serviceCode.toLowerCase().replace('exsit', 'exist');
  if (Object.hasOwn(byServiceCode, normalized)) return byServiceCode[normalized]!;
  if (serviceCode === '' && status !== 408 && status !== 429) return status >= 500 ? unknown5xx : notTheService;
  return byStatus[status] ?? (status >= 500 ? unknown5xx : unknownOther);
}

export type { Phase };

const fatalAtStart: Readonly<Record<Phase, ErrorAction>> = { start: 'fatal', running: 'retry' };
const never: Readonly<Record<Phase, ErrorAction>> = { start: 'retry', running: 'retry' };

/** The action by kind and phase. While running all is retried: keys are rotated and clocks set while a daemon runs. */
export const actionByKind: Partial<Readonly<Record<ErrorKind, Readonly<Record<Phase, ErrorAction>>>>> = {
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
  return actionByKind[kind]?.[phase] ?? action;
}

/** Classes by the system's or TLS's error code, for a request that got no answer. */
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
/** Any other exception of the system or of a library: a failure of this one request. */
export const unexpected: ErrorClass = { code: 'request-failed', kind: 'transient', action: 'retry' };
/** An answer whose content is not as the API describes; a proxy's page, for example. */
export const badAnswer: ErrorClass = { code: 'bad-answer', kind: 'transient', action: 'retry' };
