/** The collector's HTTP server, over TLS where it has a certificate; and its admin API, for tests in another process. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { boundConnections, listen } from '../listen.ts';
import type { ReceiverAddress, ReceiverTlsOptions } from '../listener.ts';
import { createWithCertificate } from '../tls.ts';
import type { HecAnswer } from './codes.ts';
import { Collector, type CollectorOptions, type CollectorStats } from './collector.ts';
import { type HecFaultSwitches, hecFaultChanges } from './faults.ts';

export interface HecReceiverOptions extends CollectorOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls?: ReceiverTlsOptions;
  /** Open connections at most; a further one is refused, and `onRefused` called. Default: no limit. */
  readonly maxConnections?: number | undefined;
  /** @param connections the number of open connections */
  readonly onRefused?: (connections: number) => void;
  /** Called with a description of each problem of a connection. */
  readonly onProblem?: (problem: string) => void;
}

export interface HecReceiver {
  readonly faults: HecFaultSwitches;
  /** @throws AppError with code `listen`: the port is taken, or not allowed */
  start(): Promise<ReceiverAddress>;
  /** Stops listening, and ends open connections. Idempotent. */
  close(): Promise<void>;
  /** As when Splunk restarts: events that are accepted and not indexed are lost, channels forgotten, connections ended. */
  restart(): void;
  stats(): CollectorStats & { readonly connections: number };
}

const adminPrefix = '/__collector/';
/** A packed body beyond that ends its connection. */
const maxBodyBytes = 1 << 30;

export function createHecReceiver(options: HecReceiverOptions): HecReceiver {
  const collector = new Collector(options);
  const sockets = new Map<Socket, number>();
  let connections = 0;
  let closing: Promise<void> | undefined;
  const restart = () => {
    collector.restart();
    for (const socket of sockets.keys()) socket.destroy();
  };
  const stats = () => ({ ...collector.stats(), connections });

  const administer = (action: string, body: Buffer): HecAnswer => {
    const actions: Readonly<Record<string, () => unknown>> = {
      'GET stats': stats,
      'GET faults': () => collector.faults.settings,
      'POST faults': () => {
        collector.faults.set(hecFaultChanges.parse(JSON.parse(body.toString('utf8'))));
        return collector.faults.settings;
      },
      'DELETE faults': () => {
        collector.faults.clear();
        return {};
      },
    };
    const act = actions[action];
    if (!act) return { status: 404, body: { problem: `there is no ${action}: ${Object.keys(actions).join(', ')}` } };
    try {
      return { status: 200, body: act() as Readonly<Record<string, unknown>> };
    } catch (error) {
      return { status: 400, body: { problem: messageOf(error) } };
    }
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(incoming);
    const { method = 'GET', url = '/', headers, socket } = incoming;
    const { pathname, searchParams } = new URL(url, 'http://collector');
    const connection = sockets.get(socket) ?? 0;
    const request = { method, path: pathname, query: searchParams, headers: textsOf(headers), body, connection };
    if (pathname.startsWith(adminPrefix) && !isLoopback(socket)) {
      send(response, { status: 403, body: { problem: 'the admin API is for this machine only' } });
    } else if (pathname === `${adminPrefix}restart` && method === 'POST') {
      send(response, { status: 200, body: {} });
      response.once('finish', restart);
    } else if (pathname.startsWith(adminPrefix)) {
      send(response, administer(`${method} ${pathname.slice(adminPrefix.length)}`, body));
    } else send(response, collector.handle(request));
  };

  const server = createHttpServer(options.tls, (incoming, response) => {
    serve(incoming, response).catch((error: unknown) => {
      options.onProblem?.(messageOf(error));
      incoming.socket.destroy();
    });
  });
  server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    const connection = connections++;
    sockets.set(socket, connection);
    socket.once('close', () => {
      sockets.delete(socket);
      collector.disconnected(connection);
    });
  });
  server.on('tlsClientError', (error: Error) => options.onProblem?.(`a TLS handshake failed: ${error.message.trim()}`));
  boundConnections(server, options);

  return {
    faults: collector.faults,
    start: () => listen(server, options),
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets.keys()) socket.destroy();
      });
      return closing;
    },
    restart,
    stats,
  };
}

/** The collector may listen on any address; who may post must not be able to make it fail. */
function isLoopback({ remoteAddress = '' }: Socket): boolean {
  return remoteAddress === '::1' || /^(?:::ffff:)?127\./u.test(remoteAddress);
}

type OnRequest = (incoming: IncomingMessage, response: ServerResponse) => void;

function createHttpServer(tls: ReceiverTlsOptions | undefined, onRequest: OnRequest): Server {
  if (!tls) return createServer(onRequest);
  return createWithCertificate(tls, (certificate) => createTlsServer(certificate, onRequest));
}

function readBody(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (part: Buffer) => {
      parts.push(part);
      bytes += part.length;
      if (bytes > maxBodyBytes) reject(new Error('a body is too large to be read'));
    });
    incoming.on('end', () => resolve(Buffer.concat(parts)));
    incoming.on('error', reject);
  });
}

function textsOf(headers: IncomingMessage['headers']): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

function send(response: ServerResponse, { status, headers, body }: HecAnswer): void {
  const isText = typeof body === 'string';
  const bytes = Buffer.from(isText ? body : JSON.stringify(body));
  response.writeHead(status, {
    'content-type': isText ? 'text/html' : 'application/json; charset=UTF-8',
    'content-length': bytes.length,
    ...headers,
  });
  response.end(bytes);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
