/**
 * Turns failed attempts into errors whose messages say what failed, where, and what to check. Pure.
 *
 * The service's message is quoted, but cut, on one line and without our secrets: it may repeat what we sent.
 */
import { ServiceError } from '../core/errors.ts';
import {
  actionFor,
  badAnswer,
  classify,
  connectionErrors,
  type ErrorClass,
  otherConnectionError,
  type Phase,
  timedOut,
  unexpected,
} from './error-table.ts';
import { type Call, operations } from './operations.ts';
import { type Credentials, redact } from './signing/credentials.ts';

export interface Where {
  readonly endpoint: string;
  readonly project: string;
  readonly logstore: string;
  readonly consumerGroup: string;
}

/** One attempt, and its circumstances. */
export interface Attempt {
  readonly call: Call;
  readonly where: Where;
  readonly phase: Phase;
  /** Undefined where the provider gave none. */
  readonly credentials: Credentials | undefined;
  /** Time of the attempt by this machine's clock, unix milliseconds. */
  readonly atMs: number;
}

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Errors about credentials mention the clock when it is wrong by more than this (the service allows 15 minutes). */
const notableSkewMs = 5 * 60_000;
const maxQuotedChars = 400;
/** Error codes of the system, undici, its HTTP parser and OpenSSL. */
const networkCode = /^(?:E[A-Z0-9]+$|UND_ERR_|HPE_|ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_)/;

export function errorFromAnswer(answer: ErrorAnswer, attempt: Attempt): ServiceError {
  const { code: serviceCode, message } = parseErrorBody(answer.body);
  const errorClass = classify(answer.status, serviceCode);
  const requestId = answer.headers['x-log-requestid'] ?? '';
  const quoted = quote(message, attempt.credentials);
  const serverDateMs = Date.parse(answer.headers.date ?? '');
  const facts = [
    `HTTP ${answer.status}${serviceCode && ` ${quote(serviceCode, attempt.credentials)}`}`,
    quoted && `"${quoted}"`,
    requestId && `request ${requestId}`,
  ].filter(Boolean);
  return serviceError(errorClass, attempt, {
    detail: `(${facts.join(', ')})`,
    advice: adviceFor(errorClass, attempt, serverDateMs),
    status: answer.status,
    serviceCode,
    requestId,
  });
}

/** For a request without a complete answer. @param thrown what the network, the system or a library threw */
export function errorFromConnection(thrown: unknown, attempt: Attempt): ServiceError {
  const code = errorCode(thrown);
  const errorClass = classOf(code);
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const reason = [code, text].filter(Boolean).join(': ');
  return serviceError(errorClass, attempt, {
    detail: `(${quote(reason, attempt.credentials)})`,
    advice: connectionAdvice(errorClass, attempt.where),
    cause: thrown,
  });
}

function classOf(code: string | undefined): ErrorClass {
  if (code === undefined) return unexpected;
  if (Object.hasOwn(connectionErrors, code)) return connectionErrors[code]!;
  if (code.startsWith('HPE_')) return badAnswer;
  return networkCode.test(code) ? otherConnectionError : unexpected;
}

export function timeoutError(timeoutMs: number, attempt: Attempt): ServiceError {
  return serviceError(timedOut, attempt, { detail: `(no complete answer within ${timeoutMs} ms)`, advice: '' });
}

/** For an answer with a success status whose content is not as the API describes. */
export function badAnswerError(detail: string, status: number, requestId: string, attempt: Attempt): ServiceError {
  return serviceError(badAnswer, attempt, {
    detail: `(HTTP ${status}, ${detail}${requestId && `, request ${requestId}`})`,
    advice: `check that ${attempt.where.endpoint} is the endpoint of Log Service, and that no proxy answers in its place`,
    status,
    requestId,
  });
}

/** A copy of the error with `advice` behind its message. */
export function withAdvice(error: ServiceError, advice: string): ServiceError {
  const { code, action, context, cause, status, serviceCode, requestId } = error;
  return new ServiceError(`${error.message}; ${advice}`, {
    code,
    action,
    context,
    cause,
    status,
    serviceCode,
    requestId,
  });
}

interface Facts {
  readonly detail: string;
  readonly advice: string;
  readonly status?: number;
  readonly serviceCode?: string;
  readonly requestId?: string;
  readonly cause?: unknown;
}

function serviceError(errorClass: ErrorClass, attempt: Attempt, facts: Facts): ServiceError {
  const { call, where, phase } = attempt;
  const shard = call.shard === undefined ? '' : ` (shard ${call.shard})`;
  const message = `Log Service: ${operations[call.operation].description}${shard} failed ${facts.detail}`;
  return new ServiceError(facts.advice ? `${message}: ${facts.advice}` : message, {
    code: errorClass.code,
    action: actionFor(call.operation, errorClass, phase),
    context: {
      kind: errorClass.kind,
      operation: call.operation,
      ...(call.shard !== undefined && { shard: call.shard }),
      endpoint: where.endpoint,
      project: where.project,
      logstore: where.logstore,
    },
    cause: facts.cause,
    status: facts.status ?? 0,
    serviceCode: facts.serviceCode ?? '',
    requestId: facts.requestId ?? '',
  });
}

function adviceFor(errorClass: ErrorClass, attempt: Attempt, serverDateMs: number): string {
  const { where, credentials, atMs, call } = attempt;
  const { ramAction } = operations[call.operation];
  const token = credentials?.securityToken ? ', that the STS token (SLS_STS_TOKEN) has not expired' : '';
  const clocks = Number.isNaN(serverDateMs)
    ? `the clock here says ${isoSeconds(atMs)}`
    : `the server says ${isoSeconds(serverDateMs)}, the clock here says ${isoSeconds(atMs)}`;
  const skew = Math.abs(serverDateMs - atMs) > notableSkewMs ? `; check the clock too: ${clocks}` : '';
  const key = `access key ${credentials?.accessKeyId ?? ''}`;
  switch (errorClass.code) {
    case 'unauthorized':
      return `check that the ${key} (SLS_AK_ID) exists and is enabled${token}, and that its RAM policy allows ${ramAction} on project "${where.project}", logstore "${where.logstore}"${skew}`;
    case 'security-token-invalid':
      return `check that the STS token (SLS_STS_TOKEN) belongs to the ${key} and has not expired${skew}`;
    case 'signature-not-match':
      return `check that the secret (SLS_AK_KEY) belongs to the ${key}${token}, and the region where one is given${skew}`;
    case 'clock-skew':
      return `set this machine's clock (NTP): ${clocks}; the service allows 15 minutes`;
    case 'project-not-exist':
      return `check the project "${where.project}" and that ${where.endpoint} is the endpoint of its region`;
    case 'logstore-not-exist':
      return `check the logstore "${where.logstore}" in project "${where.project}" at ${where.endpoint}`;
    case 'project-forbidden':
      return `the project "${where.project}" is disabled; check its state and the account's payments`;
    case 'read-quota':
      return 'the read quota of the shard is used up (10 MB/s, 100 reads/s); reading goes on more slowly; splitting the shard helps';
    case 'consumer-group-not-exist':
      return `the consumer group "${where.consumerGroup}" does not exist, or was deleted`;
    case 'not-the-service':
      return `this is no answer of Log Service: a proxy may have answered for it; check the endpoint ${where.endpoint}`;
    default:
      return '';
  }
}

function connectionAdvice({ code }: ErrorClass, { endpoint }: Where): string {
  switch (code) {
    case 'name-not-resolved':
      return `check the endpoint ${endpoint} and the name servers of this machine`;
    case 'connection-refused':
    case 'connect-timeout':
      return `check the endpoint ${endpoint} and that a firewall lets this machine reach it`;
    case 'out-of-descriptors':
      return 'this process, or the machine, has no file descriptor left for a connection; raise the limit (ulimit -n)';
    case 'certificate-not-trusted':
      return `check the endpoint ${endpoint}; for a private authority, set NODE_EXTRA_CA_CERTS to its certificate`;
    case 'not-tls':
      return `${endpoint} does not speak TLS on this port; write http:// in front of the endpoint if that is meant`;
    default:
      return '';
  }
}

/** Reads `{errorCode, errorMessage}`, `{code, message}`, `{error, …}`, `{Error: {Code, Message}}`; keys in any case. */
function parseErrorBody(body: Uint8Array): { code: string; message: string } {
  const text = new TextDecoder().decode(body);
  const answer = lowerCaseKeys(parseJson(text));
  const nested = lowerCaseKeys(answer.error);
  const code = firstString(answer.errorcode, answer.code, nested.errorcode, nested.code, answer.error);
  const message = firstString(answer.errormessage, answer.message, nested.errormessage, nested.message);
  // Not an error of the service: the whole body is quoted.
  return { code, message: message || (code ? '' : text) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lowerCaseKeys(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toLowerCase(), each]));
}

function firstString(...values: unknown[]): string {
  return values.find((value): value is string => typeof value === 'string' && value !== '') ?? '';
}

function quote(text: string, credentials: Credentials | undefined): string {
  const line = redact(text, credentials)
    .replace(/[\s\x00-\x1f\x7f]+/g, ' ')
    .trim();
  return line.length > maxQuotedChars ? `${line.slice(0, maxQuotedChars)}…` : line;
}

/** The code of a system or TLS error; of an AggregateError (one error an address) that of the first. */
function errorCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  // undici throws it without a code for an answer that is not HTTP.
  if (thrown instanceof Error && thrown.name === 'HTTPParserError') return 'HPE_UNKNOWN';
  if (thrown instanceof AggregateError) return errorCode(thrown.errors[0]);
  return 'cause' in thrown ? errorCode(thrown.cause) : undefined;
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}/, '');
}
