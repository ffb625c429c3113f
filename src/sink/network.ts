/** What sinks have of the machine's network: each part of it can be another one in a simulation. */
import { createSocket, type Socket as DatagramSocket, type SocketType } from 'node:dgram';
import { lookup } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { connect, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';

export interface Network {
  connect(options: TcpNetConnectOpts): Socket;
  /** On a TCP connection that is up. */
  connectTls(options: ConnectionOptions): TLSSocket;
  createDatagramSocket(type: SocketType): DatagramSocket;
  readonly lookup: LookupFunction;
  /** A file of the kernel's, as text; rejects where there is none. */
  readKernelFile(path: string): Promise<string>;
}

export const systemNetwork: Network = {
  connect: (options) => connect(options),
  connectTls: (options) => connectTls(options),
  createDatagramSocket: (type) => createSocket(type),
  lookup,
  readKernelFile: (path) => readFile(path, 'latin1'),
};
