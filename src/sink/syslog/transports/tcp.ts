/** Syslog over plain TCP (RFC 6587). */
import type { Socket, TcpNetConnectOpts } from 'node:net';
import type { Log } from '../../../core/log.ts';
import { connectionError, networkError } from '../../network-errors.ts';
import { peerName } from '../../peer-name.ts';
import { ConnectionList } from '../confirm/connection-list.ts';
import { KernelEnding } from '../confirm/kernel-ending.ts';
import type { ResolvedOptions } from '../link/options.ts';
import type { Connection, Transport } from '../link/transport.ts';
import { PortProtocol } from './port-protocol.ts';
import { StreamConnection } from './stream-connection.ts';

export function createTcpTransport(options: ResolvedOptions, log: Log): Transport {
  const portProtocol = new PortProtocol({ ...options, peer: peerName(options), log });
  const { clock } = options;
  const list = createConnectionList(options, log);
  return {
    async connect(signal): Promise<Connection> {
      const { socket } = await connectTcp(options, signal);
      portProtocol.watchPlain(socket);
      return new StreamConnection(socket, {
        facts: { address: remoteAddress(socket) },
        maxQueuedBytes: options.maxQueuedBytes,
        timeoutMs: options.timeoutMs,
        clock,
        explain: networkError,
        ending: new KernelEnding({ ends: socket, clock, list, isUp: () => !socket.destroyed, isTls: false }),
      });
    },
  };
}

/** One for each receiver: what it cannot show is said once, where anything rests on it. */
export function createConnectionList(options: ResolvedOptions, log: Log): ConnectionList {
  return new ConnectionList(options.network, () => {
    if (options.confirm === 'off') return;
    log.warn(
      { peer: peerName(options) },
      'this system does not show how a connection ended (/proc/net/tcp, /proc/net/sockstat): the receiver’s end alone confirms, and what a receiver has not read when it is stopped may be lost',
    );
  });
}

export interface Connected {
  /** Nothing listens on it but an error handler that keeps the process alive. */
  readonly socket: Socket;
  /** How long the handshake took: there and back, at least. */
  readonly roundTripMs: number;
}

/** One attempt at every address of the host, bounded by `connectTimeoutMs`. */
export function connectTcp(options: ResolvedOptions, signal: AbortSignal): Promise<Connected> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const { clock, network } = options;
    const socket = network.connect(socketOptions(options));
    // Not the time that it takes to look the name up, nor that of an address that does not answer.
    let attemptAtMs = clock.monotonic();
    const onAttempt = () => {
      attemptAtMs = clock.monotonic();
    };
    const timer = clock.timer(options.connectTimeoutMs, () => {
      const seconds = options.connectTimeoutMs / 1000;
      give(
        connectionError('connect-timeout', `no connection within ${seconds} s; check the address, and the firewalls`),
      );
    });
    const onAbort = () => give(signal.reason);
    const onError = (error: unknown) => give(networkError(error));
    const done = () => {
      clock.cancel(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect);
      socket.off('connectionAttempt', onAttempt);
    };
    const give = (error: unknown) => {
      done();
      socket.destroy();
      reject(error);
    };
    const onConnect = () => {
      if (isSelfConnection(socket)) {
        give(connectionError('self-connection', 'connection refused: nothing listens there but ourselves, by chance'));
        return;
      }
      done();
      resolve({ socket, roundTripMs: clock.monotonic() - attemptAtMs });
    };
    signal.addEventListener('abort', onAbort);
    socket.on('error', onError);
    socket.on('connect', onConnect);
    socket.on('connectionAttempt', onAttempt);
  });
}

/**
 * `allowHalfOpen`: our end and the peer's are two events, and the order in which they come is what tells whether
 * the peer has read everything.
 */
function socketOptions(options: ResolvedOptions): TcpNetConnectOpts {
  return {
    host: options.host,
    port: options.port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: options.keepAliveMs,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: options.addressTimeoutMs,
    ...(options.lookup && { lookup: options.lookup }),
  };
}

/**
 * Dialling a local port that nobody listens on, again and again, comes one day to be given that very port as its own:
 * TCP then connects the socket with itself (simultaneous open, RFC 9293, section 3.5), and everything seems well.
 */
export function isSelfConnection(socket: Socket): boolean {
  return socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
}

/** `127.0.0.1:514`, `[::1]:514` */
export function remoteAddress(socket: Socket): string {
  const { remoteAddress: address = '?', remotePort: port = 0 } = socket;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
