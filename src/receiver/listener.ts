/** What a receiver's transports have in common: they listen, and hand in what comes. */
import type { Framing } from './deframer.ts';

export interface ReceiverTlsOptions {
  /** PEM */
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Given: a client has to show a certificate of this authority. */
  readonly clientCa?: Buffer;
}

export interface ReceiverAddress {
  readonly host: string;
  readonly port: number;
}

/** What a transport hands in. */
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
  /** 0 takes a free one. */
  readonly port: number;
  /** Streams only. `auto`: octet counting if a connection's first byte is a digit, else LF. */
  readonly framing: Framing | 'auto';
  readonly tls?: ReceiverTlsOptions;
  readonly maxMessageBytes: number;
  /** Streams only: at a time; one more is refused, and `onRefused` told. Default: no limit. */
  readonly maxConnections?: number | undefined;
  /** @param connections how many are open */
  readonly onRefused?: (connections: number) => void;
}
