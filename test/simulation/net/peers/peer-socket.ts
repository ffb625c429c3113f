/**
 * A receiver's side of a connection: a descriptor of the kernel's that the application reads from, writes to, ends and
 * closes when it likes. It is told through its process' event loop, once for all that there is by then.
 */
import type { SimulatedProcess } from '../../process.ts';
import type { TcpEndpoint } from '../kernel/tcp-endpoint.ts';

/** What receivers see of a connection, TCP or TLS. */
export interface PeerSocket {
  readonly id: number;
  readonly endpoint: TcpEndpoint;
  /** Bytes that have arrived, and that the application has not read (TLS: as they are on the wire). */
  readonly readable: number;
  /** The peer has ended its side: there is an 'end' behind what is readable. */
  readonly peerEnded: boolean;
  /** There may be something to read: bytes, the end, or the reset. */
  onReadable: () => void;
  /** Bytes; 'end' behind the last of them; 'reset' when the connection is broken; undefined: nothing now. */
  read(mostBytes: number): Buffer | 'end' | 'reset' | undefined;
  /** @returns false where the connection is broken; what the kernel does not take at once waits here */
  write(bytes: Uint8Array): boolean;
  /** Our end, behind what was written: a FIN; over TLS a close_notify in front of it, unless it is bare. */
  end(options?: { readonly isBare?: boolean }): void;
  /** Of the descriptor. Unread bytes make it a reset. */
  close(): void;
  reset(): void;
}

export class TcpPeerSocket implements PeerSocket {
  readonly id: number;
  readonly endpoint: TcpEndpoint;
  onReadable: () => void = () => undefined;
  /** It is up, or what was written is with the kernel. */
  onWritable: () => void = () => undefined;
  readonly #process: SimulatedProcess;
  #toWrite: Uint8Array[] = [];
  #isEnding = false;
  #isPosted = false;
  #isClosed = false;

  constructor(id: number, process: SimulatedProcess, endpoint: TcpEndpoint) {
    this.id = id;
    this.#process = process;
    this.endpoint = endpoint;
    endpoint.onEvent = () => this.poll();
    if (endpoint.isReadable) this.poll();
  }

  get readable(): number {
    return this.endpoint.unreadBytes;
  }

  get peerEnded(): boolean {
    return this.endpoint.hasPeerFin;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Not with the kernel yet. */
  get isWriting(): boolean {
    return this.#toWrite.length > 0;
  }

  poll(): void {
    if (this.#isPosted || this.#isClosed) return;
    this.#isPosted = true;
    this.#process.post(() => {
      this.#isPosted = false;
      if (this.#isClosed) return;
      const wasWriting = this.isWriting;
      this.#flush();
      if (wasWriting ? !this.isWriting : this.endpoint.isConnected) this.onWritable();
      if (!this.#isClosed && this.endpoint.isReadable) this.onReadable();
    });
  }

  read(mostBytes: number): Buffer | 'end' | 'reset' | undefined {
    const what = this.endpoint.read(mostBytes);
    return typeof what === 'string' && what !== 'end' ? 'reset' : what;
  }

  write(bytes: Uint8Array): boolean {
    this.#toWrite.push(bytes);
    return this.#toWrite.length > 1 || this.#flush();
  }

  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#flush();
  }

  close(): void {
    this.#isClosed = true;
    this.endpoint.close();
  }

  reset(): void {
    this.#isClosed = true;
    this.endpoint.abort();
  }

  /** @returns false where the connection is broken: that is told where it is read from, too */
  #flush(): boolean {
    while (this.#toWrite.length > 0) {
      const bytes = this.#toWrite[0] as Uint8Array;
      const taken = this.endpoint.write([bytes]);
      if (typeof taken === 'string') {
        this.#toWrite = [];
        return false;
      }
      if (taken < bytes.length) {
        this.#toWrite[0] = bytes.subarray(taken);
        return true;
      }
      this.#toWrite.shift();
    }
    if (this.#isEnding) this.endpoint.shutdown();
    return true;
  }
}
