/**
 * Finds the IP address in a field's value, in the forms in which programs log addresses:
 *
 *     192.0.2.1    2001:db8::1                   by itself
 *     [2001:db8::1]                              in brackets
 *     192.0.2.1:4711    [2001:db8::1]:4711       with a port
 *     fe80::1%eth0                               with a zone, which is left out
 *     ::ffff:192.0.2.1    ::ffff:c000:201        an IPv4-mapped IPv6 address, which counts as the IPv4 address
 *     192.0.2.1, 198.51.100.7                    a list, of which the first address counts
 *
 * Pure. The kernel has the same code: kernel/assembly/base/addresses.ts.
 */
import { ipVersion } from './value-types.ts';

/** Longest element of a list, with spaces: no address is longer. */
export const MAX_ADDRESS_BYTES = 64;
/** Bytes of a value that `addressIn` needs at most. */
export const ADDRESS_TEXT_BYTES = MAX_ADDRESS_BYTES + 1;

export interface Address {
  readonly version: 4 | 6;
  /** Where the address is in the value. */
  readonly start: number;
  readonly end: number;
  /** The address to write in place of that part of the value, where it is in another form there. */
  readonly text?: string;
  /** Where the port is in the value; equal: there is none. */
  readonly portStart: number;
  readonly portEnd: number;
  /** The value has only the address and the port: no list, and no zone. */
  readonly isAll: boolean;
}

/**
 * @param value one character a byte; only the first ADDRESS_TEXT_BYTES are needed
 * @returns undefined where the value is not, or does not begin with, an address
 */
export function addressIn(value: string): Address | undefined {
  const comma = value.indexOf(',');
  const end = comma === -1 ? value.length : comma;
  if (end > MAX_ADDRESS_BYTES) return undefined;
  const element = value.slice(0, end);
  const start = element.length - element.replace(/^[ \t]+/, '').length;
  const parts = partsOf(element.replace(/[ \t]+$/, ''), start);
  if (parts === undefined) return undefined;
  const { host, hostStart, port, portStart } = parts;
  const zone = host.indexOf('%');
  const address = zone === -1 ? host : host.slice(0, zone);
  const version = ipVersion(address);
  if (version === undefined || (zone !== -1 && (version === 4 || !isZone(host.slice(zone + 1))))) return undefined;
  if (port !== undefined && !isPort(port)) return undefined;
  const where = {
    start: hostStart,
    end: hostStart + address.length,
    portStart,
    portEnd: portStart + (port?.length ?? 0),
    isAll: comma === -1 && zone === -1,
  };
  const mapped = version === 6 ? mappedIpv4(address) : undefined;
  if (mapped === undefined) return { version, ...where };
  if (!address.includes('.')) return { version: 4, ...where, text: mapped };
  return { version: 4, ...where, start: where.end - mapped.length };
}

interface Parts {
  readonly host: string;
  readonly hostStart: number;
  readonly port: string | undefined;
  readonly portStart: number;
}

function partsOf(text: string, start: number): Parts | undefined {
  const isBracketed = text[start] === '[';
  const close = isBracketed ? text.indexOf(']', start) : -1;
  if (isBracketed && close === -1) return undefined;
  const hostStart = isBracketed ? start + 1 : start;
  const colon = text.indexOf(':', start);
  // A single colon precedes a port: an IPv6 address has at least two colons.
  const hasPort = isBracketed ? text.length > close + 1 : colon !== -1 && text.indexOf(':', colon + 1) === -1;
  const hostEnd = isBracketed ? close : hasPort ? colon : text.length;
  const host = text.slice(hostStart, hostEnd);
  if (!hasPort) return { host, hostStart, port: undefined, portStart: hostStart };
  const portStart = isBracketed ? close + 2 : colon + 1;
  if (text[portStart - 1] !== ':') return undefined;
  return { host, hostStart, port: text.slice(portStart), portStart };
}

/** Whether the text is RFC 6874's ZoneID, escapes included. */
function isZone(text: string): boolean {
  return /^[0-9A-Za-z._~%-]+$/.test(text);
}

function isPort(text: string): boolean {
  return /^[0-9]{1,5}$/.test(text) && Number(text) <= 0xffff;
}

/**
 * The IPv4 address of an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2: 80 bits of zeros, 16 of ones, the
 * address).
 * @param address an IPv6 address
 */
function mappedIpv4(address: string): string | undefined {
  const lastColon = address.lastIndexOf(':');
  const dotted = address.includes('.') ? address.slice(lastColon + 1) : undefined;
  const [before = '', after] = (dotted === undefined ? address : `${address.slice(0, lastColon)}:0:0`).split('::');
  const left = groupsOf(before);
  const right = groupsOf(after ?? '');
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  if (groups[5] !== 0xffff || groups.slice(0, 5).some((group) => group !== 0)) return undefined;
  const [high, low] = groups.slice(6) as [number, number];
  return dotted ?? [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

function groupsOf(half: string): number[] {
  return half === '' ? [] : half.split(':').map((group) => Number.parseInt(group, 16));
}
