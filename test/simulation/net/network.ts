/**
 * Hosts, their names and the ways between daemons and receivers. Each daemon's process sees it as the `Network` of
 * src/sink/network.ts.
 */
import type { Socket as DatagramSocket } from 'node:dgram';
import type { LookupFunction, Socket, TcpNetConnectOpts } from 'node:net';
import { endianness } from 'node:os';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { Network } from '../../../src/sink/network.ts';
import type { SimulatedProcess } from '../process.ts';
import type { Scheduler } from '../scheduler.ts';
import { ClientSocket, errno } from './client-socket.ts';
import { ClientDatagramSocket } from './datagram.ts';
import { Link } from './link.ts';
import { Peer, type TlsPeerOptions } from './peer.ts';
import { TcpEnd, type TcpState } from './tcp.ts';
import { ClientTlsSocket } from './tls.ts';

export interface Listener {
  readonly process: SimulatedProcess;
  readonly tls: TlsPeerOptions | undefined;
  readonly receiveBytes: number;
  connected?(peer: Peer): void;
  datagram?(bytes: Buffer): void;
}

/** A host that receivers listen on. */
interface Host {
  readonly name: string;
  address: string;
  readonly delayMs: number;
  readonly listeners: Map<number, Listener>;
  /** Nobody answers, not even its kernel. */
  isDead: boolean;
}

export interface SimulatedNetworkOptions {
  readonly scheduler: Scheduler;
  readonly random: () => number;
  /** Of datagrams. */
  readonly lossRate: () => number;
}

const sendBytes = 256 << 10;
const firstPort = 32_768;

export class SimulatedNetwork {
  readonly #options: SimulatedNetworkOptions;
  readonly #hosts = new Map<string, Host>();
  readonly #links = new Map<string, Link>();
  /** Daemons' ends, by the address of their host: what its kernel's table shows. */
  readonly #ends = new Map<string, Set<TcpEnd>>();
  #nextPort = firstPort;
  #nextAddress = 1;
  #nextPeer = 1;

  constructor(options: SimulatedNetworkOptions) {
    this.#options = options;
  }

  addHost(name: string, delayMs: number): void {
    this.#hosts.set(name, { name, address: this.#newAddress(), delayMs, listeners: new Map(), isDead: false });
  }

  /** The name stands for another address from now on; who listens, listens there. */
  moveHost(name: string): void {
    this.#host(name).address = this.#newAddress();
  }

  listen(name: string, port: number, listener: Listener): void {
    const { listeners } = this.#host(name);
    listeners.set(port, listener);
    listener.process.onDeath(() => {
      if (listeners.get(port) === listener) listeners.delete(port);
    });
  }

  stopListening(name: string, port: number): void {
    this.#host(name).listeners.delete(port);
  }

  /** Between a daemon's host and a receiver's. */
  link(daemon: string, host: string): Link {
    const key = `${daemon} ${host}`;
    let link = this.#links.get(key);
    if (!link) {
      const { scheduler, random } = this.#options;
      link = new Link({ scheduler, delayMs: this.#host(host).delayMs, jitterMs: 0, random });
      this.#links.set(key, link);
    }
    return link;
  }

  /** @param onWrite told of every byte that the process hands to its kernel */
  viewOf(process: SimulatedProcess, hostAddress: string, onWrite: (bytes: number) => void): Network {
    const lookup = ((name: string, options: unknown, done: (...found: unknown[]) => void) => {
      const host = this.#hosts.get(name);
      process.post(() => {
        if (!host) done(errno('ENOTFOUND', 'getaddrinfo'));
        else if ((options as { all?: boolean }).all) done(null, [{ address: host.address, family: 4 }]);
        else done(null, host.address, 4);
      }, 1);
    }) as unknown as LookupFunction;
    return {
      connect: (options: TcpNetConnectOpts) =>
        this.#connect(process, hostAddress, options, onWrite) as unknown as Socket,
      connectTls: (options: ConnectionOptions) =>
        new ClientTlsSocket(
          process,
          options.socket as unknown as ClientSocket,
          options.session as Buffer | undefined,
        ) as unknown as TLSSocket,
      createDatagramSocket: () =>
        new ClientDatagramSocket(
          process,
          { send: (address, port, bytes) => this.#sendDatagram(process.name, address, port, bytes) },
          onWrite,
        ) as unknown as DatagramSocket,
      lookup,
      readKernelFile: (path) =>
        new Promise((resolve, reject) => {
          process.post(() => {
            const text = this.#kernelFile(path, hostAddress);
            if (text === undefined) reject(errno('ENOENT', 'open'));
            else resolve(text);
          });
        }),
    };
  }

  #connect(
    process: SimulatedProcess,
    hostAddress: string,
    { host: name = '', port }: TcpNetConnectOpts,
    onWrite: (bytes: number) => void,
  ): ClientSocket {
    const socket = new ClientSocket(process, onWrite);
    const host = [...this.#hosts.values()].find((each) => each.name === name || each.address === name);
    if (!host) {
      process.post(() => socket.failed('ENOTFOUND'), 1);
      return socket;
    }
    const link = this.link(process.name, host.name);
    const address = host.address;
    const flow = {};
    const knock = () => {
      if (socket.destroyed || !process.isAlive) return;
      link.send(flow, () => {
        // It has moved: nobody answers at the old address.
        if (host.isDead || host.address !== address) return;
        const listener = host.listeners.get(port);
        if (!listener) {
          link.send(flow, () => socket.failed('ECONNREFUSED'));
          return;
        }
        const near = { address: hostAddress, port: this.#newPort() };
        const far = { address, port };
        const ours = new TcpEnd(near, far, link, { send: sendBytes, receive: sendBytes });
        const theirs = new TcpEnd(far, near, link, { send: sendBytes, receive: listener.receiveBytes });
        theirs.establish(ours);
        const peer = new Peer(this.#nextPeer++, theirs, listener.process, listener.tls);
        listener.process.post(() => listener.connected?.(peer));
        link.send(flow, () => {
          ours.establish(theirs);
          if (socket.destroyed || !process.isAlive) {
            ours.reset();
            return;
          }
          this.#endsOf(hostAddress).add(ours);
          socket.connected(ours);
        });
      });
    };
    knock();
    return socket;
  }

  #sendDatagram(daemon: string, address: string, port: number, bytes: Buffer): boolean {
    const host = [...this.#hosts.values()].find((each) => each.address === address);
    if (!host || host.isDead) return true;
    const { random, lossRate } = this.#options;
    const link = this.link(daemon, host.name);
    if (!host.listeners.has(port)) return link.isCut;
    if (link.isCut || random() < lossRate()) return true;
    link.send({}, () => {
      const listener = host.listeners.get(port);
      listener?.process.post(() => listener.datagram?.(bytes));
    });
    return true;
  }

  #kernelFile(path: string, hostAddress: string): string | undefined {
    const ends = this.#endsOf(hostAddress);
    for (const end of ends) if (end.state === 'CLOSED') ends.delete(end);
    switch (path) {
      case '/proc/net/tcp':
        return [...ends]
          .map(({ local, remote, state }) => `   0: ${listed(local)} ${listed(remote)} ${codes[state]} `)
          .join('\n');
      case '/proc/net/sockstat':
        return `TCP: inuse 5 orphan 0 tw ${[...ends].filter(({ state }) => state === 'TIME_WAIT').length} alloc 9 mem 1\n`;
      case '/proc/sys/net/ipv4/tcp_max_tw_buckets':
        return '8192\n';
      default:
        return undefined;
    }
  }

  #endsOf(hostAddress: string): Set<TcpEnd> {
    let ends = this.#ends.get(hostAddress);
    if (!ends) {
      ends = new Set();
      this.#ends.set(hostAddress, ends);
    }
    return ends;
  }

  #host(name: string): Host {
    const host = this.#hosts.get(name);
    if (!host) throw new Error(`no host ${name}`);
    return host;
  }

  #newAddress(): string {
    const at = this.#nextAddress++;
    return `198.51.${100 + (at >> 8)}.${at & 255}`;
  }

  #newPort(): number {
    const port = this.#nextPort++;
    if (this.#nextPort > 60_999) this.#nextPort = firstPort;
    return port;
  }
}

/** As the kernel's table has them. */
const codes: Readonly<Record<TcpState, string>> = {
  ESTABLISHED: '01',
  SYN_SENT: '02',
  FIN_WAIT1: '04',
  FIN_WAIT2: '05',
  TIME_WAIT: '06',
  CLOSED: '07',
  CLOSE_WAIT: '08',
  LAST_ACK: '09',
  CLOSING: '0B',
};

function listed({ address, port }: { readonly address: string; readonly port: number }): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0').toUpperCase());
  if (endianness() === 'LE') bytes.reverse();
  return `${bytes.join('')}:${port.toString(16).padStart(4, '0').toUpperCase()}`;
}
