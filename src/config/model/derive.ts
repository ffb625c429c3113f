/** Defaults that depend on other settings or on the machine, as text, for the same schemas as everything else. Pure. */
import { formatDuration } from '../../schema/units.ts';
import type { PartialValues, SettingKey } from '../settings/settings.ts';
import type { Environment } from '../sources/variables.ts';

export interface Surroundings {
  readonly environment: Environment;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly hostname: string;
  readonly processId: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The log goes to a terminal. */
  readonly isTerminal: boolean;
  /** The region in an endpoint's host name, where the service's naming shows one. */
  readonly resolveRegion: (endpoint: string) => string | undefined;
  /** What only the library that speaks TLS can say of its settings. */
  readonly checkTls: CheckTls;
}

export interface TlsToCheck {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers?: string;
  /** PEM */
  readonly crl?: Buffer;
  /** PEM: our own, to be checked for its dates. */
  readonly cert?: Buffer;
}

/** @returns whatever is to be said of it; each phrase continues the setting's name */
export type CheckTls = (tls: TlsToCheck) => readonly {
  readonly setting: 'tls-min-version' | 'tls-ciphers' | 'crl' | 'cert';
  readonly phrase: string;
  /** `outdated`: it was right once, or will be: it does not keep the process from starting. */
  readonly kind: 'wrong' | 'outdated' | 'warning';
}[];

/** @returns undefined where it cannot be worked out */
type Derivation = (values: PartialValues, surroundings: Surroundings) => string | undefined;

/** In this order: a later one may use an earlier one's outcome. */
export const derivations: ReadonlyMap<SettingKey, Derivation> = new Map<SettingKey, Derivation>([
  ['region', ({ endpoint }, { resolveRegion }) => (endpoint === undefined ? undefined : resolveRegion(endpoint))],
  ['signVersion', ({ region }) => (region === undefined ? 'v1' : 'v4')],
  ['consumerName', ({ group }, surroundings) => (group === undefined ? undefined : consumerName(group, surroundings))],
  ['timezone', ({ rfc }) => (rfc === '3164' ? 'local' : 'utc')],
  // IBM, "LEEF event components": the time of RFC 5424 in front of LEEF is yyyy-MM-ddTHH:mm:ss.SSSZ.
  ['timePrecision', ({ format, rfc }) => (format === 'leef' && rfc === '5424' ? '3' : 'auto')],
  ['hostname', (_, { hostname }) => asHeaderText(hostname)],
  ['maxMessageBytes', ({ proto }) => (proto === 'udp' ? '8KiB' : '64KiB')],
  ['port', ({ proto }) => (proto === 'tls' ? '6514' : '514')],
  ['framing', ({ proto }) => (proto === 'udp' ? undefined : 'octet-counting')],
  ['logFormat', (_, { isTerminal }) => (isTerminal ? 'pretty' : 'json')],
  ['drainTimeout', ({ heartbeatInterval }) => drainTimeout(heartbeatInterval)],
]);

/**
 * A copy that comes back under the same name gets its shards back with its first heartbeat; one under a new name
 * waits until the group's timeout has passed. So the instance number that pm2 keeps over restarts goes first.
 */
function consumerName(group: string, { hostname, processId, environment }: Surroundings): string {
  const instance = environment.NODE_APP_INSTANCE || String(processId);
  const clean = (text: string, maxLength: number) => text.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, maxLength);
  const tail = `-${clean(hostname, 40) || 'host'}-${clean(instance, 16)}`;
  return group.slice(0, 128 - tail.length) + tail;
}

function asHeaderText(hostname: string): string {
  return hostname.replace(/[^\x21-\x7e]|[{}]/g, '-').slice(0, 255) || '-';
}

/** The service counts in whole seconds. */
export function groupTimeoutMs(heartbeatIntervalMs: number): number {
  return Math.ceil((heartbeatIntervalMs * 3) / 1000) * 1000;
}

/** Below the 30 s that Kubernetes grants between SIGTERM and SIGKILL, and below the group's timeout. */
function drainTimeout(heartbeatIntervalMs: number | undefined): string | undefined {
  if (heartbeatIntervalMs === undefined) return undefined;
  return formatDuration(Math.min(20_000, groupTimeoutMs(heartbeatIntervalMs) / 2));
}
