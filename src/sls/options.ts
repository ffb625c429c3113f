/** Options of a Log Service client. */
import type { BackoffLimits } from '../core/backoff.ts';
import { ConfigError } from '../core/errors.ts';
import { type Clock, systemClock } from '../core/time/clock.ts';
import type { BodyPool } from './body-pool.ts';
import { resolveRegion } from './endpoint.ts';
import type { Credentials, CredentialsProvider } from './signing/credentials.ts';
import { signV1 } from './signing/sign-v1.ts';
import { createKeyOfDay, signV4 } from './signing/sign-v4.ts';
import type { SignableRequest } from './signing/signable-request.ts';
import type { OpenHttp } from './transport.ts';
import type { Recovery, Trouble } from './troubles.ts';

export interface SlsLogServiceOptions {
  /** `cn-hangzhou.log.aliyuncs.com`; https unless `http://` is in front. See `resolveAddress`. */
  readonly endpoint: string;
  readonly project: string;
  readonly logstore: string;
  readonly consumerGroup: string;
  /** Kept over restarts, and never used by two running processes. */
  readonly consumerName: string;
  readonly credentials: CredentialsProvider;
  readonly signVersion: 'v1' | 'v4';
  /** For signature v4; default: the endpoint's region. */
  readonly region?: string;
  /** SPL query by which the service filters logs before they are pulled. */
  readonly query?: string;
  /** For example `sls-syslog/1.2.3`; the consumer group and the consumer are added. */
  readonly userAgent?: string;
  /** The largest LogGroupList that is accepted, in bytes; the service's own limit is about 10 MB. */
  readonly maxResponseBytes?: number;
  /** Time-out of one attempt, from the request to the end of the answer. */
  readonly requestTimeoutMs?: number;
  /** More concurrent pulls than that wait for a connection. */
  readonly maxPullConnections?: number;
  /** Buffers for pulls' bodies, shared by several clients. Absent: the client has its own. */
  readonly bodies?: BodyPool;
  readonly backoff?: BackoffLimits;
  /** How long all calls have to succeed before a trouble is over. */
  readonly quietMs?: number;
  /** Called once when a kind of trouble begins, not at each retry. */
  readonly onTrouble?: (trouble: Trouble) => void;
  readonly onRecovered?: (recovery: Recovery) => void;
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /** Default: undici's. */
  readonly openHttp?: OpenHttp | undefined;
}

type Defaulted = 'userAgent' | 'maxResponseBytes' | 'requestTimeoutMs' | 'maxPullConnections' | 'backoff' | 'quietMs';
export type CompleteOptions = SlsLogServiceOptions &
  Required<Pick<SlsLogServiceOptions, Defaulted>> & { readonly clock: Clock };

export function withDefaults(options: SlsLogServiceOptions): CompleteOptions {
  return {
    userAgent: 'sls-syslog',
    maxResponseBytes: 64 << 20,
    requestTimeoutMs: 60_000,
    maxPullConnections: 64,
    backoff: { minMs: 100, maxMs: 30_000 },
    quietMs: 5_000,
    ...options,
    clock: options.clock ?? systemClock,
  };
}

export type Sign = (request: SignableRequest, credentials: Credentials) => Record<string, string>;

/** @throws ConfigError when v4 has no region */
export function createSign(options: CompleteOptions): Sign {
  const { signVersion, endpoint, region = resolveRegion(endpoint), clock } = options;
  if (signVersion === 'v1') return (request, credentials) => signV1(request, credentials, clock.now());
  if (!region) {
    const message = `the region cannot be told from the endpoint "${endpoint}", and signature version v4 needs it: set the region, or use v1`;
    throw new ConfigError([{ message, flag: '--region', variable: 'SLS_REGION' }]);
  }
  const keyOfDay = createKeyOfDay();
  return (request, credentials) => signV4(request, credentials, clock.now(), region, keyOfDay);
}

/** Visible ASCII only, as a header has to be. */
export function userAgentOf({ userAgent, consumerGroup, consumerName }: CompleteOptions): string {
  return `${userAgent} (group ${consumerGroup}; consumer ${consumerName})`.replace(/[^\x20-\x7e]/g, '?');
}
