/** Schemas of the settings that name things: endpoint, project, consumer, host, fingerprint, separator. */
import { type TextSchema, textSchema } from '../../schema/text.ts';

/**
 * `cn-hangzhou.log.aliyuncs.com`, with a port or a scheme before it → scheme, host and port. Without a scheme
 * it is https (the vendor's Python SDK would take http).
 */
export const endpoint: TextSchema<string> = textSchema((text, complain) => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    return complain(`starts with ${scheme}://; only https:// and http:// can be spoken`);
  }
  const url = parseUrl(scheme === undefined ? `https://${text}` : text);
  if (!url || /\s/.test(text)) return complain('is not an endpoint; give one such as cn-hangzhou.log.aliyuncs.com');
  if (url.username || url.password || text.includes('@')) {
    return complain('holds credentials; they go into SLS_AK_ID and SLS_AK_KEY');
  }
  const instead = serviceHost(url);
  if (instead !== undefined) return complain(instead);
  if (url.pathname !== '/' || url.search || url.hash) {
    return complain(
      'has something behind the host; give the host only (project and logstore have settings of their own)',
    );
  }
  return url.origin;
});

const region = '((?:cn|ap|us|eu|me|na|rus)-[a-z]+(?:-[a-z0-9]+)*)';
const hostsBesides = [`^${region}$`, `^${region}\\.aliyuncs\\.com$`, `^(?:log|sls)\\.${region}\\.aliyuncs\\.com$`].map(
  (pattern) => new RegExp(pattern),
);

/** @returns a phrase where the host is near to a region's, but is none: the log service answers nothing there */
function serviceHost({ hostname, port: given }: URL): string | undefined {
  if (hostname.endsWith('console.aliyun.com') || hostname.endsWith('console.alibabacloud.com')) {
    return "is the console's address; give the endpoint of the region, such as cn-hangzhou.log.aliyuncs.com";
  }
  if (['aliyuncs.com', 'log.aliyuncs.com', 'sls.aliyuncs.com'].includes(hostname)) {
    return 'names no region; give its endpoint, such as cn-hangzhou.log.aliyuncs.com';
  }
  const [, named] = hostsBesides.map((pattern) => pattern.exec(hostname)).find((match) => match !== null) ?? [];
  if (named === undefined || given !== '') return undefined;
  return `is not the host of a region's endpoint; give ${named}.log.aliyuncs.com`;
}

/** What must not be shown of an endpoint: anything that someone put before an `@` or behind a `?`. */
export function maskEndpoint(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1***@').replace(/[?#].*$/s, '?***');
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Project: 3 to 63 of lower-case letters, digits and hyphens (CreateProject); it becomes a DNS label. */
export const projectName = name(
  /^[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])$/,
  '3 to 63 lower-case letters, digits and hyphens',
);

/** Logstore (CreateLogStore): the length was raised past 63 over the years, so it is left to the service. */
export const logstoreName = name(/^[a-z0-9_-]{2,128}$/, 'lower-case letters, digits, hyphens and underscores');

/**
 * Consumer groups and consumers. The API reference gives no rule for either (its own example is
 * `consumerGroupX`), so this is what survives a URL's path and query unescaped, and no more.
 */
export const consumerText = name(
  /^[A-Za-z0-9._-]{1,128}$/,
  'at most 128 letters, digits, hyphens, underscores and dots',
);

export const regionId = name(/^[a-z]{2,}(?:-[a-z0-9]+)+$/, 'a region such as cn-hangzhou');

function name(pattern: RegExp, rule: string): TextSchema<string> {
  return textSchema((text, complain) => (pattern.test(text) ? text : complain(`does not fit: it takes ${rule}`)));
}

/** A key id, secret or token: printable ASCII, since it travels in headers. Its complaint shows nothing of it. */
export const credential: TextSchema<string> = textSchema((text, complain) =>
  /^[\x21-\x7e]+$/.test(text) ? text : complain('holds a space, a line break or another character that no key has'),
);

/** Host name, IPv4 or IPv6 address, the latter also in brackets. */
export const hostText: TextSchema<string> = textSchema((text, complain) => {
  const { host, portText } = splitAddress(text);
  if (text.includes('://')) return complain('is a URL; give the host only');
  if (portText !== undefined) return complain('holds a port; give the host only');
  return bareHost(host) ?? complain('is neither a host name nor an address');
});

export interface ReceiverAddress {
  /** An IPv6 address without its brackets. */
  readonly host: string;
  /** Absent: that of --port. */
  readonly port?: number;
}

/** `siem.corp`, `siem.corp:6514`, `2001:db8::1`, `[2001:db8::1]:6514` */
export const receiverAddress: TextSchema<ReceiverAddress> = textSchema((text, complain) => {
  if (text.includes('://')) return complain('is a URL; give the host only, and the transport with --proto');
  const { host: given, portText } = splitAddress(text);
  const host = bareHost(given) ?? complain('is neither a host name nor an address');
  if (portText === undefined) return { host };
  return { host, port: portNumber(portText) ?? complain('ends in what is not a port; ports are 1 to 65535') };
});

/** More than one colon, and no brackets: all of it is an IPv6 address. */
function splitAddress(text: string): { readonly host: string; readonly portText: string | undefined } {
  const [, host = text, portText] = /^(\[.+\]|[^:]+):(\d+)$/.exec(text) ?? [];
  return { host, portText };
}

function bareHost(text: string): string | undefined {
  const bare = /^\[(.+:.*)\]$/.exec(text)?.[1] ?? text;
  const isHost = /^[A-Za-z0-9._-]+$/.test(bare) || /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._-]+)?$/.test(bare);
  return isHost ? bare : undefined;
}

export const port: TextSchema<number> = textSchema(
  (text, complain) => portNumber(text) ?? complain('is not a port; give a number from 1 to 65535'),
);

function portNumber(text: string): number | undefined {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= 65_535 ? number : undefined;
}

/** `sha256:` and 64 hex digits, with colons between or not → the digits in lower case. */
export const fingerprint: TextSchema<string> = textSchema((text, complain) => {
  const [, algorithm, digits = ''] = /^(?:(sha-?\d+|md5)[:=])?((?:[0-9a-f]{2}:?)+)$/i.exec(text) ?? [];
  if (algorithm !== undefined && !/^sha-?256$/i.test(algorithm)) {
    return complain(`is made with ${algorithm}; only sha256 fingerprints are taken`);
  }
  const hex = digits.replaceAll(':', '').toLowerCase();
  return hex.length === 64
    ? hex
    : complain(
        'is not a fingerprint; give sha256: and 64 hex digits (openssl x509 -noout -fingerprint -sha256 -in cert.pem)',
      );
});

const separatorEscapes = /\\(?:t|x[0-9a-f]{2})/gi;

/**
 * What stands before each field. `\t` and `\xHH` may be written for characters that are hard to type.
 * Whether it can be escaped inside values depends on `--escape`: a rule of its own.
 */
export const separator: TextSchema<string> = textSchema((text, complain) => {
  const meant = text.replace(separatorEscapes, (written) =>
    /t$/i.test(written) ? '\t' : String.fromCharCode(Number.parseInt(written.slice(2), 16)),
  );
  if (/[\r\n\0]/.test(meant)) return complain('holds a line break or NUL, which would cut messages in two');
  return meant.length <= 32 ? meant : complain('is longer than 32 characters');
});

/** IANA Private Enterprise Number, as in RFC 5424's `name@number`. */
export const enterpriseId: TextSchema<number> = textSchema((text, complain) => {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= 2 ** 32 - 1
    ? number
    : complain('is not an enterprise number; give a number from 1 to 4294967295');
});

/** A file's name; what these names in braces stand for is put in later, and nothing else in braces has a meaning. */
export const deadLetterPath: TextSchema<string> = textSchema((text, complain) => {
  const unknown = /\{[A-Za-z_-]+\}/.exec(text.replaceAll(/\{(?:consumer|pipeline|source|receiver)\}/g, ''));
  if (unknown) {
    return complain(`holds ${unknown[0]}; only {consumer}, {pipeline}, {source} and {receiver} stand for something`);
  }
  return /[\0\r\n]/.test(text) ? complain('holds a line break or NUL') : text;
});

export const fileCount: TextSchema<number> = textSchema((text, complain) => {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return number >= 2 && number <= 1_000 ? number : complain('is not a number of files; give one from 2 to 1000');
});
