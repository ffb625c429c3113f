/** A project's address and region, by the endpoint. Pure. */
import { ConfigError } from '../core/errors.ts';

export interface ServiceAddress {
  /** What to connect to: scheme, host and port, no path. */
  readonly origin: string;
  /**
   * The `Host` header: `<project>.<endpoint>`, with the port where it is not the scheme's default. Signature v4 signs
   * it exactly as it stands here.
   */
  readonly host: string;
}

/**
 * The address of a project behind an endpoint.
 *
 * `cn-hangzhou.log.aliyuncs.com` → connects to `<project>.cn-hangzhou.log.aliyuncs.com`. With an IP address or
 * `localhost` there is no host name of the project to resolve: the client connects to the endpoint itself, and only the
 * `Host` header names the project (the official SDKs do the same for an IP address).
 *
 * An endpoint without a scheme is https. (The official Python SDK takes http.) A certificate names hosts, so an IP
 * address works with `http://` only, unless the certificate is for `<project>.<ip>`.
 * @throws ConfigError when the endpoint is not an address, or has a part that does not belong there
 */
export function resolveAddress(endpoint: string, project: string): ServiceAddress {
  const url = parseEndpoint(endpoint);
  if (!/^[\w-]+$/.test(project)) {
    throw configError(`"${project}" is not a project's name: it has letters, digits and hyphens`, 'project');
  }
  if (url.hostname.startsWith(`${project.toLowerCase()}.`)) {
    const bare = url.hostname.slice(project.length + 1);
    throw configError(`the endpoint "${endpoint}" already contains the project; use "${bare}"`, 'endpoint');
  }
  const origin = hasNoProjectNames(url.hostname) ? url.origin : `${url.protocol}//${project}.${url.host}`;
  return { origin, host: `${project}.${url.host}` };
}

/**
 * The region that an endpoint belongs to: `cn-hangzhou` for `cn-hangzhou.log.aliyuncs.com`, its internal forms
 * (`-intranet`, `-internal`, `-vpc`, `-share`) and their spelling with `.sls.`. Undefined where the name has no region
 * (the accelerated `log-global.aliyuncs.com`, an IP address, a private cloud): signature v4 then needs `--region`.
 */
export function resolveRegion(endpoint: string): string | undefined {
  const host = /^(?:https?:\/\/)?([^/:]+?)\.?(?::\d+)?\/?$/i.exec(endpoint.trim())?.[1]?.toLowerCase();
  const label = host && /^([a-z0-9-]+)\.(?:log|sls)\.aliyuncs\.com$/.exec(host)?.[1];
  if (!label) return undefined;
  const region = label.replace(/-(?:intranet|internal|vpc|share)$/, '');
  return regionsUnderOtherNames[region] ?? region;
}

/** Regions whose endpoint has another name (official SDKs, `getEndpoint`). */
const regionsUnderOtherNames: Readonly<Record<string, string>> = { 'zhangbei-corp': 'cn-zhangbei-corp' };

function parseEndpoint(endpoint: string): URL {
  const trimmed = endpoint.trim();
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  const example = 'write it like "cn-hangzhou.log.aliyuncs.com", or with https:// or http:// in front';
  if (!url?.hostname) throw configError(`the endpoint "${endpoint}" is not an address; ${example}`, 'endpoint');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw configError(`the endpoint "${endpoint}" has the scheme "${url.protocol}"; ${example}`, 'endpoint');
  }
  if (url.username || url.password) {
    throw configError(`the endpoint must not contain credentials; ${example}`, 'endpoint');
  }
  if (url.pathname !== '/' || url.search || url.hash) {
    throw configError(`the endpoint "${endpoint}" must not have a path; ${example}`, 'endpoint');
  }
  return url;
}

function hasNoProjectNames(hostname: string): boolean {
  const isIp = /^\d+(\.\d+){3}$/.test(hostname) || hostname.startsWith('[');
  return isIp || hostname === 'localhost' || hostname.endsWith('.localhost');
}

function configError(message: string, setting: 'endpoint' | 'project'): ConfigError {
  return new ConfigError([{ message, flag: `--${setting}`, variable: `SLS_${setting.toUpperCase()}` }]);
}
