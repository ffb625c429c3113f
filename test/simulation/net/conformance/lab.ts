/**
 * What a script of the conformance tests works with: our side of a connection, and its peer in another process. There is
 * one on real sockets, and one on the model.
 */
import type { Socket as DatagramSocket } from 'node:dgram';
import type { Socket, TcpNetConnectOpts } from 'node:net';
import type { Clock } from '../../../../src/core/time/clock.ts';
import type { Network } from '../../../../src/sink/network.ts';
import { ConnectionList } from '../../../../src/sink/syslog/confirm/connection-list.ts';
import { KernelEnding } from '../../../../src/sink/syslog/confirm/kernel-ending.ts';
import type { TlsVersion } from '../tls-records.ts';

export type PeerStep =
  | ['read']
  | ['write', number]
  | ['end']
  /** Over TLS: without a close_notify. */
  | ['endBare']
  | ['close']
  | ['reset'];

export interface Peer {
  readonly received: number;
  /** It has read our end. */
  readonly hasSeenEnd: boolean;
  /** The connection broke. */
  readonly hasSeenReset: boolean;
  readonly isAccepted: boolean;
  /** One after the other, in one event. */
  do(...steps: PeerStep[]): void;
  kill(): void;
  stop(): void;
  resume(): void;
}

export interface Lab {
  readonly clock: Clock;
  readonly network: Network;
  readonly peer: Peer;
  /** The peer speaks it. */
  readonly tls: TlsVersion | undefined;
  /** Where the peer listens, and where nobody does. */
  readonly port: number;
  readonly closedPort: number;
  until(condition: () => boolean, what: string): Promise<void>;
  /** Whatever is on its way arrives. */
  settle(): Promise<void>;
  /** Our process does nothing while the peer does that, one after the other, and it all arrives. */
  deaf(...acts: (() => void)[]): Promise<void>;
  /** Of our end, in the kernel's list. */
  state(local: number): Promise<string>;
}

const states: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED',
  '02': 'SYN_SENT',
  '04': 'FIN_WAIT1',
  '05': 'FIN_WAIT2',
  '06': 'TIME_WAIT',
  '08': 'CLOSE_WAIT',
  '09': 'LAST_ACK',
  '0B': 'CLOSING',
};

export function stateIn(list: string, localPort: number): string {
  const port = localPort.toString(16).toUpperCase().padStart(4, '0');
  const code = new RegExp(`: [0-9A-F]{8}:${port} \\S+ (..) `).exec(list)?.[1];
  return code === undefined ? 'gone' : (states[code] ?? code);
}

/** Our side, as the daemon has it; what it hears is written down. */
export class Ours {
  readonly raw: Socket;
  /** The connection's, or TLS on it when that is up. */
  socket: Socket;
  readonly seen: string[] = [];
  session: Buffer | undefined;
  bytes = 0;
  outcome: string | undefined;
  readonly #lab: Lab;
  #localPort = 0;
  #ending: KernelEnding | undefined;
  #wireBytes = 0;

  constructor(lab: Lab, options: Partial<TcpNetConnectOpts> = {}, session?: Buffer) {
    this.#lab = lab;
    const to = { host: '127.0.0.1', port: lab.port, allowHalfOpen: true, noDelay: true };
    this.raw = lab.network.connect({ ...to, ...options });
    this.socket = this.raw;
    this.raw.on('connect', () => {
      this.#ending = new KernelEnding({
        ends: this.raw,
        clock: lab.clock,
        list: new ConnectionList(lab.network, () => undefined),
        isUp: () => !this.raw.destroyed,
        isTls: lab.tls !== undefined,
      });
      this.#localPort = this.raw.localPort ?? 0;
      this.seen.push('connect');
      if (lab.tls) this.#secure(session);
    });
    if (lab.tls) this.raw.on('close', () => this.seen.push('raw close'));
    else this.#listen(this.raw);
  }

  #secure(session: Buffer | undefined): void {
    const { raw, seen } = this;
    const socket = this.#lab.network.connectTls({
      socket: raw,
      rejectUnauthorized: false,
      ...(session && { session }),
    });
    this.socket = socket;
    socket.on('secureConnect', () => seen.push(`${socket.getProtocol()}${socket.isSessionReused() ? ' resumed' : ''}`));
    socket.on('session', (fresh) => {
      this.session = fresh;
      seen.push('session');
    });
    this.#listen(socket);
  }

  #listen(socket: Socket): void {
    const { seen } = this;
    socket.on('data', (bytes) => {
      this.bytes += bytes.length;
      if (seen.at(-1) !== 'data') seen.push('data');
    });
    socket.on('finish', () => {
      this.countWire();
      seen.push('finish');
      this.#ending?.weEnded();
    });
    socket.on('end', () => {
      seen.push(this.#lab.tls ? `end, ${this.raw.bytesRead - this.#wireBytes} bytes of the wire` : 'end');
      void this.#ending?.outcome(new AbortController().signal).then((outcome) => (this.outcome = outcome));
    });
    socket.on('error', (error) => seen.push(`error ${error.message.replaceAll(/:\d+/g, '')}${codeOf(error)}`));
    socket.on('close', (isBroken) => seen.push(isBroken ? 'close with error' : 'close'));
  }

  /** Of the wire, what comes from now on is told with the end. */
  countWire(): void {
    this.#wireBytes = this.raw.bytesRead;
  }

  has(event: string): boolean {
    return this.seen.some((each) => each === event || each.startsWith(`${event} `) || each.startsWith(`${event},`));
  }

  async hears(event: string): Promise<void> {
    await this.#lab.until(() => this.has(event), `our ${event}, after ${this.seen.join(', ')}`);
  }

  write(bytes: number, name = 'written'): void {
    this.socket.write(Buffer.alloc(bytes), (error) => this.seen.push(error ? `${name}: ${codeOf(error)}` : name));
  }

  /** Of our end, in the kernel's list, when it has settled. */
  async notesState(): Promise<void> {
    const port = this.#localPort;
    await this.#lab.settle();
    let state = await this.#lab.state(port);
    // Nothing is missing but an acknowledgement, which a kernel may put off for 40 ms and more.
    for (let i = 0; i < 10 && state === 'FIN_WAIT1'; i++) {
      await this.#lab.settle();
      state = await this.#lab.state(port);
    }
    this.seen.push(state);
  }

  /** The kernel's word, where the peer has ended. */
  async ended(): Promise<void> {
    await this.#lab.until(() => this.outcome !== undefined, `an outcome, after ${this.seen.join(', ')}`);
    this.seen.push(`outcome ${this.outcome}`);
  }
}

/** Up, and over TLS with what the peer sends behind the handshake. */
export async function connected(lab: Lab, session?: Buffer): Promise<Ours> {
  const ours = new Ours(lab, {}, session);
  // OpenSSL gives no new ticket where a session was resumed.
  const isUp = () => ours.has(lab.tls ? 'session' : 'connect') || ours.has(`${lab.tls} resumed`);
  await lab.until(isUp, 'the connection');
  await lab.until(() => lab.peer.isAccepted, 'the peer to accept');
  if (lab.tls) await lab.settle();
  ours.countWire();
  return ours;
}

export function datagramSocket(lab: Lab, port: number): { socket: DatagramSocket; seen: string[]; up: Promise<void> } {
  const socket = lab.network.createDatagramSocket('udp4');
  const seen: string[] = [];
  socket.on('error', (error) => seen.push(`error ${error.message}`));
  socket.on('close', () => seen.push('close'));
  const up = new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
  return { socket, seen, up };
}

function codeOf(error: Error): string {
  return 'code' in error ? ` ${String(error.code)}` : '';
}
