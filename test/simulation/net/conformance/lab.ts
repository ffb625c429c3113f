/**
 * What a script of the conformance tests works with: our side of a connection, and its peer in another process. There is
 * one on real sockets, and one on the model.
 */
import type { Socket as DatagramSocket } from 'node:dgram';
import type { Socket, TcpNetConnectOpts } from 'node:net';
import type { Network } from '../../../../src/sink/network.ts';
import { KernelEnding } from '../../../../src/sink/syslog/kernel-ending.ts';
import type { Clock } from '../../../../src/time/clock.ts';

export type PeerStep = ['read'] | ['write', number] | ['end'] | ['close'] | ['reset'];

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
  readonly socket: Socket;
  readonly seen: string[] = [];
  bytes = 0;
  readonly #lab: Lab;
  #ending: KernelEnding | undefined;

  constructor(lab: Lab, options: Partial<TcpNetConnectOpts> = {}) {
    this.#lab = lab;
    const to = { host: '127.0.0.1', port: lab.port, allowHalfOpen: true, noDelay: true };
    this.socket = lab.network.connect({ ...to, ...options });
    const { socket, seen } = this;
    socket.on('connect', () => {
      this.#ending = new KernelEnding(socket, lab.clock, lab.network);
      seen.push('connect');
    });
    socket.on('data', (bytes) => {
      this.bytes += bytes.length;
      if (seen.at(-1) !== 'data') seen.push('data');
    });
    socket.on('finish', () => {
      seen.push('finish');
      this.#ending?.weEnded();
    });
    socket.on('end', () => {
      seen.push('end');
      void this.#ending?.outcome(new AbortController().signal).then((outcome) => (this.outcome = outcome));
    });
    socket.on('error', (error) => seen.push(`error ${error.message.replaceAll(/:\d+/g, '')}${codeOf(error)}`));
    socket.on('close', (isBroken) => seen.push(isBroken ? 'close with error' : 'close'));
  }

  outcome: string | undefined;

  has(event: string): boolean {
    return this.seen.some((each) => each === event || each.startsWith(`${event} `));
  }

  async hears(event: string): Promise<void> {
    await this.#lab.until(() => this.has(event), `our ${event}, after ${this.seen.join(', ')}`);
  }

  write(bytes: number, name = 'written'): void {
    this.socket.write(Buffer.alloc(bytes), (error) => this.seen.push(error ? `${name}: ${codeOf(error)}` : name));
  }

  /** Of our end, in the kernel's list, when it has settled. */
  async notesState(): Promise<void> {
    const port = this.socket.localPort ?? 0;
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

export async function connected(lab: Lab): Promise<Ours> {
  const ours = new Ours(lab);
  await ours.hears('connect');
  await lab.until(() => lab.peer.isAccepted, 'the peer to accept');
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
