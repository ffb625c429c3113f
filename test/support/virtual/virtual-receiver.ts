/** A receiver in virtual time that reads everything, counts it, and ends its side behind what it has read. */
import type { Server, Socket } from 'node:net';
import { SequenceCounter, type SequenceStats } from '../../../src/receiver/sequence.ts';
import { DatagramReceiver } from '../../simulation/net/peers/datagram-receiver.ts';
import { listen } from '../listen.ts';
import { octetCountingDeframer } from '../receivers/deframe.ts';
import type { VirtualNet } from './virtual-net.ts';
import type { VirtualTime } from './virtual-time.ts';

export class CountingReceiver {
  readonly #time: VirtualTime;
  readonly #net: VirtualNet;
  readonly #protocol: 'tcp' | 'udp';
  readonly #onMessage: (message: Buffer) => void;
  readonly #sequence = new SequenceCounter();
  readonly #port: number;
  readonly #open = new Set<Socket>();
  #server: Server | undefined;
  messages = 0;
  connections = 0;
  /** The receiver does not take such a message: it resets the connection. */
  breaksAt: ((message: Buffer) => boolean) | undefined;
  /**
   * Given: the receiver takes so long for everything. It does not reset the connection of such a message, but takes nothing
   * more of it, and ends its side.
   */
  endsAfterMs: number | undefined;
  /** The receiver resets each connection whose end comes. */
  breaksAtEnd = false;
  /** Behind such a message the receiver reads nothing more, and never ends its side. */
  stallsAt: ((message: Buffer) => boolean) | undefined;

  /** @param onMessage without its frame @param port of TCP; 0: a free one */
  constructor(
    time: VirtualTime,
    net: VirtualNet,
    protocol: 'tcp' | 'udp',
    onMessage: (message: Buffer) => void = () => undefined,
    port = 0,
  ) {
    this.#port = port;
    this.#time = time;
    this.#net = net;
    this.#protocol = protocol;
    this.#onMessage = onMessage;
  }

  get sequence(): SequenceStats {
    return this.#sequence.stats();
  }

  stats(): { readonly messages: number; readonly connections: number; readonly sequence: SequenceStats } {
    const { messages, connections, sequence } = this;
    return { messages, connections, sequence };
  }

  async start(): Promise<{ readonly port: number }> {
    if (this.#protocol === 'udp') {
      const port = this.#net.freePort();
      const onDatagram = (bytes: Buffer) => this.#take(bytes);
      new DatagramReceiver(this.#net.host, port, { process: this.#time.process, onDatagram });
      return { port };
    }
    const server = this.#net.createServer((socket) => {
      const deframer = octetCountingDeframer();
      let isStalled = false;
      this.connections++;
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
      socket.on('data', (bytes) => {
        for (const message of deframer.push(bytes)) {
          if (!isStalled && this.breaksAt?.(message)) {
            if (this.endsAfterMs === undefined) {
              socket.resetAndDestroy();
              return;
            }
            isStalled = true;
            this.#endLater(socket);
          }
          isStalled ||= this.stallsAt?.(message) === true;
          if (isStalled) return;
          this.#take(message);
        }
      });
      socket.on('end', () => {
        if (this.breaksAtEnd) socket.resetAndDestroy();
        else if (!isStalled) this.#endLater(socket);
      });
      socket.on('error', () => undefined);
    });
    this.#server = server;
    return { port: await listen(server, '127.0.0.1', this.#port || this.#net.freePort()) };
  }

  #endLater(socket: Socket): void {
    if (this.endsAfterMs === undefined) socket.end();
    else this.#time.process.clock.timer(this.endsAfterMs, () => socket.end());
  }

  /** Of TCP. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #take(message: Buffer): void {
    this.messages++;
    this.#sequence.count(message, 0, message.length);
    this.#onMessage(message);
  }
}
