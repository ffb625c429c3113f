/** The files of /proc in which a kernel lists its connections, as far as anybody reads them. */
import { isIPv6 } from 'node:net';
import { endianness } from 'node:os';
import type { SimulatedHost } from './host.ts';
import type { Address } from './segment.ts';
import type { TcpEndpoint, TcpState } from './tcp-endpoint.ts';

const codes: Readonly<Record<TcpState, string>> = {
  ESTABLISHED: '01',
  SYN_SENT: '02',
  SYN_RECV: '03',
  FIN_WAIT1: '04',
  FIN_WAIT2: '05',
  TIME_WAIT: '06',
  CLOSE: '07',
  CLOSE_WAIT: '08',
  LAST_ACK: '09',
  CLOSING: '0B',
};

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

/** @returns undefined where there is no such file */
export function kernelFile(path: string, host: SimulatedHost): string | undefined {
  switch (path) {
    case '/proc/net/tcp':
      return list(host, false);
    case '/proc/net/tcp6':
      return list(host, true);
    case '/proc/net/sockstat':
      return sockets(host);
    case '/proc/sys/net/ipv4/tcp_max_tw_buckets':
      return `${host.mostTimeWaits}\n`;
    default:
      return undefined;
  }
}

function list(host: SimulatedHost, isV6: boolean): string {
  const lines = [head];
  for (const endpoint of host.endpoints.values()) {
    if (endpoint.local.address.includes(':') !== isV6) continue;
    const { state, unacknowledgedBytes, unreadBytes } = endpoint;
    const queues = `${hex(unacknowledgedBytes, 8)}:${hex(unreadBytes, 8)}`;
    const sl = String(lines.length - 1).padStart(4);
    lines.push(`${sl}: ${ends(endpoint)} ${codes[state]} ${queues} 00:00000000 00000000     0`);
  }
  return `${lines.join('\n')}\n`;
}

function sockets(host: SimulatedHost): string {
  let inUse = 0;
  let orphans = 0;
  let waits = 0;
  for (const { state, isOpen } of host.endpoints.values()) {
    if (state === 'TIME_WAIT') waits++;
    else if (isOpen) inUse++;
    else if (state === 'FIN_WAIT2') waits++;
    else orphans++;
  }
  return `sockets: used ${inUse}\nTCP: inuse ${inUse} orphan ${orphans} tw ${waits} alloc ${inUse + orphans} mem 0\n`;
}

/** Written once for each: the list is asked for often. */
function ends(endpoint: TcpEndpoint): string {
  let text = written.get(endpoint);
  if (text === undefined) {
    text = `${listed(endpoint.local)} ${listed(endpoint.remote)}`;
    written.set(endpoint, text);
  }
  return text;
}

const written = new WeakMap<TcpEndpoint, string>();

function listed({ address, port }: Address): string {
  const bytes = isIPv6(address) ? ipv6Bytes(address) : Buffer.from(address.split('.').map(Number));
  if (endianness() === 'LE') bytes.swap32();
  return `${bytes.toString('hex').toUpperCase()}:${hex(port, 4)}`;
}

function ipv6Bytes(address: string): Buffer {
  const [before = '', after = ''] = address.split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const [first, last] = [words(before), words(after)];
  const bytes = Buffer.alloc(16);
  const all = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  for (const [index, word] of all.entries()) bytes.writeUInt16BE(word, 2 * index);
  return bytes;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
