/**
 * A host: its kernel's connections and listeners, and the files in which that lists them. Processes on it share them.
 */
import type { SimulatedProcess } from '../../process.ts';
import type { Scheduler } from '../../scheduler.ts';
import { kernelFile } from './kernel-files.ts';
import type { Flow, Path } from './path.ts';
import { type Address, connectionKey, type Segment } from './segment.ts';
import { type BufferSizes, TcpEndpoint, type TcpKernel } from './tcp-endpoint.ts';

/** Where a host's packets go. */
export interface Routes {
  hostOf(address: string): SimulatedHost | undefined;
  path(from: SimulatedHost, to: SimulatedHost): Path;
}

export interface TcpListener {
  readonly owner: SimulatedProcess;
  /** Connections that the process has not accepted; more are not answered. */
  readonly backlog: number;
  readonly sizes: BufferSizes;
  /** Whoever comes is not let in, though somebody listens: a firewall that says so (reset), or that does not (drop). */
  turnsAway: 'reset' | 'drop' | undefined;
  /** Up, and waiting to be accepted. */
  readonly waiting: Set<TcpEndpoint>;
  onWaiting(): void;
}

export interface DatagramPort {
  readonly address: Address;
  receive(from: Address, bytes: Buffer): void;
  /** An ICMP message: nobody listens there. */
  refused(): void;
}

const firstPort = 32_768;
const lastPort = 60_999;
const defaultTimeWaits = 131_072;

export class SimulatedHost implements TcpKernel {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly addresses = new Set<string>();
  /** TIME_WAITs that it keeps. */
  mostTimeWaits = defaultTimeWaits;
  readonly endpoints = new Map<string, TcpEndpoint>();
  readonly listeners = new Map<number, TcpListener>();
  readonly datagramPorts = new Map<number, DatagramPort>();
  readonly #routes: Routes;
  #nextPort = firstPort;
  #connections = 0;
  #isOn = true;

  constructor(name: string, scheduler: Scheduler, routes: Routes) {
    this.name = name;
    this.scheduler = scheduler;
    this.#routes = routes;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Power fails: its kernel forgets everything and says nothing. Its processes are the caller's to kill, then. */
  powerOff(): void {
    this.#isOn = false;
    for (const endpoint of [...this.endpoints.values()]) endpoint.vanish();
    this.listeners.clear();
    this.datagramPorts.clear();
  }

  powerOn(): void {
    this.#isOn = true;
  }

  connect(remote: Address, sizes: BufferSizes): TcpEndpoint {
    const local = { address: this.addressTowards(remote.address), port: this.#freePort(remote) };
    const endpoint = new TcpEndpoint(this, local, remote, sizes, 'SYN_SENT');
    this.endpoints.set(connectionKey(local, remote), endpoint);
    return endpoint;
  }

  /** A number for one that was accepted. */
  countConnection(): number {
    return ++this.#connections;
  }

  addressTowards(address: string): string {
    if (isLoopback(address)) return address;
    const isV6 = address.includes(':');
    for (const own of this.addresses) if (own.includes(':') === isV6) return own;
    return isV6 ? '::1' : '127.0.0.1';
  }

  freeDatagramPort(): number {
    for (;;) {
      const port = this.#countPort();
      if (!this.datagramPorts.has(port)) return port;
    }
  }

  send(segment: Segment, flow: Flow): void {
    this.#toHost(segment.to.address, flow, segment.bytes, (host) => host.#receive(segment));
  }

  sendDatagram(from: Address, to: Address, bytes: Buffer): void {
    this.#toHost(to.address, undefined, bytes.length, (host) => {
      const port = host.datagramPorts.get(to.port);
      if (port) port.receive(from, bytes);
      else host.#toHost(from.address, undefined, 0, (back) => back.datagramPorts.get(from.port)?.refused());
    });
  }

  roundTripMs(remote: Address): number {
    const host = this.#hostOf(remote.address);
    return host ? this.#routes.path(this, host).roundTripMs : 0;
  }

  forget(endpoint: TcpEndpoint): void {
    const key = connectionKey(endpoint.local, endpoint.remote);
    if (this.endpoints.get(key) === endpoint) this.endpoints.delete(key);
  }

  keepTimeWait(): boolean {
    let waits = 0;
    for (const { state } of this.endpoints.values()) if (state === 'TIME_WAIT') waits++;
    return waits <= this.mostTimeWaits;
  }

  kernelFile(path: string): string | undefined {
    return kernelFile(path, this);
  }

  #hostOf(address: string): SimulatedHost | undefined {
    return isLoopback(address) ? this : this.#routes.hostOf(address);
  }

  /** Nobody has that address: nobody answers. */
  #toHost(address: string, flow: Flow | undefined, bytes: number, arrive: (host: SimulatedHost) => void): void {
    const host = this.#hostOf(address);
    if (!host || !this.#isOn) return;
    this.#routes.path(this, host).send(flow, bytes, () => {
      // The address may have moved meanwhile.
      const there = this.#hostOf(address);
      if (there?.isOn) arrive(there);
    });
  }

  #receive(segment: Segment): void {
    const endpoint = this.endpoints.get(connectionKey(segment.to, segment.from));
    if (endpoint && !(segment.flag === 'SYN' && endpoint.state === 'TIME_WAIT')) endpoint.receive(segment);
    else if (segment.flag === 'SYN') this.#onSyn(segment, endpoint);
    else if (segment.flag !== 'RST') this.#refuse(segment);
  }

  #onSyn(segment: Segment, old: TcpEndpoint | undefined): void {
    const { from: remote, to: local } = segment;
    const listener = this.listeners.get(local.port);
    if (!listener || listener.turnsAway === 'reset') {
      this.#refuse(segment);
      return;
    }
    if (listener.turnsAway === 'drop' || listener.waiting.size > listener.backlog) return;
    old?.vanish();
    const endpoint = new TcpEndpoint(this, local, remote, listener.sizes, 'SYN_RECV');
    this.endpoints.set(connectionKey(local, remote), endpoint);
    endpoint.receive(segment);
    endpoint.onEstablished = () => {
      if (this.listeners.get(local.port) !== listener) {
        endpoint.abort();
        return;
      }
      listener.waiting.add(endpoint);
      listener.onWaiting();
    };
  }

  #refuse({ from, to, ack }: Segment): void {
    const refusal = {
      from: to,
      to: from,
      seq: ack,
      ack: 0,
      window: 0,
      data: [],
      bytes: 0,
      flag: 'RST',
      fin: false,
    } as const;
    this.send(refusal, { lastArrivalMs: 0 });
  }

  #countPort(): number {
    const port = this.#nextPort;
    this.#nextPort = port === lastPort ? firstPort : port + 1;
    return port;
  }

  #freePort(remote: Address): number {
    for (let tries = firstPort; tries <= lastPort; tries++) {
      const port = this.#countPort();
      const local = { address: this.addressTowards(remote.address), port };
      if (!this.endpoints.has(connectionKey(local, remote))) return port;
    }
    throw new Error(`${this.name} has no port left`);
  }
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
