/** The address in a value, by Node's own parsers and as simply as can be. Strings are latin1. */
import { isIPv4, isIPv6 } from 'node:net';

export interface NaiveAddress {
  readonly address: string;
  readonly version: 4 | 6;
  readonly port: string | undefined;
  /** No list, no zone. */
  readonly isAll: boolean;
}

export function naiveAddress(text: string): NaiveAddress | undefined {
  const element = text.split(',')[0]!;
  if (element.length > 64) return undefined;
  const trimmed = element.replace(/^[ \t]+|[ \t]+$/g, '');
  const bracketed = /^\[([^\]]*)\](?::([0-9]{1,5}))?$/.exec(trimmed);
  const withPort = /^([0-9.]+):([0-9]{1,5})$/.exec(trimmed);
  const [, host = trimmed, port] = bracketed ?? withPort ?? [];
  if (port !== undefined && Number(port) > 65_535) return undefined;
  const [, bare = host, zone] = /^([^%]*)%([0-9A-Za-z._~%-]+)$/.exec(host) ?? [];
  const isAll = zone === undefined && !text.includes(',');
  if (isIPv4(bare)) return zone === undefined ? { address: bare, version: 4, port, isAll } : undefined;
  if (!isIPv6(bare) || bare.includes('%')) return undefined;
  // The URL standard writes IPv4 addresses in IPv6's form as hexadecimal numbers.
  const { hostname } = new URL(`http://[${bare}]/`);
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname) ?? [];
  if (high === undefined || low === undefined) return { address: bare, version: 6, port, isAll };
  const numbers = [high, low].flatMap((each) => [Number.parseInt(each, 16) >> 8, Number.parseInt(each, 16) & 255]);
  return { address: numbers.join('.'), version: 4, port, isAll };
}
