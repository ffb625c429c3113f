/** A receiver's side of TCP or TLS connections, that behaves as a test tells it. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type Clock, systemClock } from '../../../src/core/time/clock.ts';
import { listen } from '../listen.ts';
import { waitUntil } from '../wait-until.ts';

export interface PeerConnection {
  readonly socket: Socket;
  /** Closes with an RST, which throws away what the client's kernel still holds. */
  reset(): void;
  /** What has been read up to now. */
  text(): string;
  bytes: number;
  /** The client has ended its side. */
  sawEnd: boolean;
  /** What broke it, if anything did. */
  error: Error | undefined;
}

export interface TcpPeer {
  readonly port: number;
  readonly connections: PeerConnection[];
  /** The n-th connection (from 0), as soon as it is there. */
  connection(index: number): Promise<PeerConnection>;
  /** Everything that was read, over all connections. */
  text(): string;
  /** Of a TLS socket, the TCP socket below it. */
  rawOf(socket: Socket): Socket | undefined;
  close(): Promise<void>;
}

export interface TcpPeerOptions {
  readonly tls?: TlsOptions;
  readonly host?: string;
  readonly port?: number;
  /** Default: reads everything, and ends its side when the client has. */
  readonly onConnection?: (socket: Socket) => void;
  /** Keep what was read; off for bulk. Default true. */
  readonly keep?: boolean;
  /** Default: this machine's, in real time. */
  readonly createServer?: (onConnection: (socket: Socket) => void) => Server;
  readonly clock?: Clock;
}

export async function createTcpPeer(options: TcpPeerOptions = {}): Promise<TcpPeer> {
  const { clock = systemClock } = options;
  const createTcpServer =
    options.createServer ?? ((onConnection) => createServer({ allowHalfOpen: true }, onConnection));
  const connections: PeerConnection[] = [];
  /** A port may come a second time while the server has not heard of the end of the first: it does not read, say. */
  const open = new Set<Socket>();
  const latest = new Map<number | undefined, Socket>();
  /** A TLS socket itself cannot reset. */
  const rawSockets = new WeakMap<Socket, Socket>();
  const accept = (socket: Socket) => {
    const kept: Buffer[] = [];
    const raw = latest.get(socket.remotePort);
    if (raw) rawSockets.set(socket, raw);
    const connection: PeerConnection = {
      socket,
      reset: () => raw?.resetAndDestroy(),
      text: () => Buffer.concat(kept).toString(),
      bytes: 0,
      sawEnd: false,
      error: undefined,
    };
    socket.on('error', (error) => {
      connection.error = error;
    });
    socket.on('end', () => {
      connection.sawEnd = true;
    });
    connections.push(connection);
    if (options.onConnection !== undefined) {
      options.onConnection(socket);
      return;
    }
    socket.on('data', (data) => {
      connection.bytes += data.length;
      if (options.keep !== false) kept.push(data);
    });
    socket.on('end', () => socket.end());
  };
  const server: Server = options.tls
    ? createTlsServer({ ...options.tls, allowHalfOpen: true }, accept)
    : createTcpServer(accept);
  // Before `accept`, which over TCP is called with the same socket.
  server.prependListener('connection', (socket: Socket) => {
    const { remotePort } = socket;
    open.add(socket);
    latest.set(remotePort, socket);
    socket.on('close', () => {
      open.delete(socket);
      if (latest.get(remotePort) === socket) latest.delete(remotePort);
    });
    socket.on('error', () => undefined);
  });
  // A client that refuses the handshake is what half of the TLS tests are about.
  server.on('tlsClientError', () => undefined);
  const port = await listen(server, options.host, options.port);
  return {
    port,
    connections,
    connection: (index) =>
      waitUntil(
        () => {
          const connection = connections[index];
          if (connection === undefined) throw new Error(`no connection ${index}`);
          return connection;
        },
        { clock, intervalMs: 5 },
      ),
    rawOf: (socket) => rawSockets.get(socket),
    text: () => connections.map((connection) => connection.text()).join(''),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
