/** The interface of a receiver's transports: they listen, and hand in messages. */
import type { Framing } from './deframer.ts';

export interface ReceiverTlsOptions {
  /** PEM */
  readonly cert: Buffer;
  readonly key: Buffer;
  /** If given, a client has to present a certificate of this authority. */
  readonly clientCa?: Buffer;
}

export interface ReceiverAddress {
  readonly host: string;
  readonly port: number;
}

/** Called by a transport. */
export interface Inbox {
  message(bytes: Uint8Array, start: number, end: number, peer: string): void;
  connected(): void;
  disconnected(): void;
  unfinished(peer: string): void;
  framingError(peer: string, error: Error): void;
  problem(text: string): void;
}

export interface Listener {
  listen(): Promise<ReceiverAddress>;
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Streams only. `auto`: octet counting if a connection's first byte is a digit, else LF. */
  readonly framing: Framing | 'auto';
  readonly tls?: ReceiverTlsOptions;
  readonly maxMessageBytes: number;
  /** Streams only: open connections at most; a further one is refused, and `onRefused` called. Default: no limit. */
  readonly maxConnections?: number | undefined;
  /** @param connections the number of open connections */
  readonly onRefused?: (connections: number) => void;
}
