/** A receiver's UDP port: what its process has not read waits in the kernel's buffer; more than that is thrown away. */
import type { SimulatedProcess } from '../../process.ts';
import type { DatagramPort, SimulatedHost } from '../kernel/host.ts';
import type { Address } from '../kernel/segment.ts';

export interface DatagramReceiverOptions {
  readonly process: SimulatedProcess;
  onDatagram(bytes: Buffer, from: Address): void;
  readonly receiveBytes?: number;
}

export class DatagramReceiver implements DatagramPort {
  readonly address: Address;
  readonly #host: SimulatedHost;
  readonly #options: DatagramReceiverOptions;
  #waitingBytes = 0;
  #isClosed = false;
  /** Datagrams that there was no room for. */
  dropped = 0;

  constructor(host: SimulatedHost, port: number, options: DatagramReceiverOptions) {
    this.#host = host;
    this.#options = options;
    this.address = { address: '', port };
    host.datagramPorts.set(port, this);
    options.process.onDeath(() => this.close());
  }

  receive(from: Address, bytes: Buffer): void {
    const { process, onDatagram, receiveBytes = 208 << 10 } = this.#options;
    if (this.#waitingBytes + bytes.length > receiveBytes) {
      this.dropped++;
      return;
    }
    this.#waitingBytes += bytes.length;
    process.post(() => {
      this.#waitingBytes -= bytes.length;
      if (!this.#isClosed) onDatagram(bytes, from);
    });
  }

  refused(): void {
    // It sends nothing.
  }

  close(): void {
    this.#isClosed = true;
    const { datagramPorts } = this.#host;
    if (datagramPorts.get(this.address.port) === this) datagramPorts.delete(this.address.port);
  }
}
