/** A daemon's UDP socket, as far as the daemon uses Node's. Datagrams get lost as the world has it. */
import { EventEmitter } from 'node:events';
import type { SimulatedProcess } from '../process.ts';
import { errno } from './client-socket.ts';

export interface DatagramWay {
  /** @returns false where nobody listens: an ICMP message comes back */
  send(address: string, port: number, bytes: Buffer): boolean;
}

const largestBytes = 65_507;

export class ClientDatagramSocket extends EventEmitter {
  readonly #process: SimulatedProcess;
  readonly #way: DatagramWay;
  readonly #onWrite: (bytes: number) => void;
  #remote: { readonly address: string; readonly port: number } | undefined;
  #isRefused = false;
  #isClosed = false;

  constructor(process: SimulatedProcess, way: DatagramWay, onWrite: (bytes: number) => void) {
    super();
    this.#process = process;
    this.#way = way;
    this.#onWrite = onWrite;
  }

  connect(port: number, address: string, done: () => void): void {
    this.#remote = { address, port };
    this.#process.post(() => {
      if (!this.#isClosed) done();
    });
  }

  remoteAddress(): { address: string; port: number; family: string } {
    const { address = '', port = 0 } = this.#remote ?? {};
    return { address, port, family: 'IPv4' };
  }

  send(bytes: Uint8Array, start: number, length: number, done: (error: Error | null) => void): void {
    const error = this.#error(length);
    if (!error && this.#remote) {
      this.#onWrite(length);
      const copy = Buffer.from(bytes.subarray(start, start + length));
      this.#isRefused = !this.#way.send(this.#remote.address, this.#remote.port, copy);
    }
    this.#process.post(() => {
      if (!this.#isClosed) done(error);
    });
  }

  close(): this {
    this.#isClosed = true;
    return this;
  }

  #error(length: number): Error | null {
    if (length > largestBytes) return errno('EMSGSIZE', 'send');
    if (!this.#isRefused) return null;
    this.#isRefused = false;
    return errno('ECONNREFUSED', 'send');
  }
}
