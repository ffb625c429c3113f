/** An HTTP server on loopback that does what a test tells it, and remembers what it was asked. */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { listen } from '../listen.ts';

export interface Received {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** From 1, in the order in which connections were opened. */
  readonly connection: number;
}

/** @param index of this request, from 0 */
export type Script = (request: Received, response: ServerResponse, index: number) => void;

export class ScriptedServer {
  readonly received: Received[] = [];
  readonly #server: Server;
  readonly #connections = new Map<Socket, number>();
  #waiters: { readonly count: number; readonly resolve: () => void }[] = [];
  #requests = 0;

  private constructor(script: () => Script) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const received: Received = {
          method: request.method ?? '',
          url: request.url ?? '',
          headers: request.headers,
          body: Buffer.concat(chunks),
          connection: this.#connections.get(request.socket) ?? 0,
        };
        this.received.push(received);
        script()(received, response, this.#requests++);
        this.#waiters = this.#waiters.filter(({ count, resolve }) => this.received.length < count || resolve());
      });
    });
    let opened = 0;
    this.#server.on('connection', (socket: Socket) => {
      this.#connections.set(socket, ++opened);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#connections.delete(socket));
    });
  }

  static async start(script: Script, port = 0): Promise<ScriptedServer> {
    const server = new ScriptedServer(() => server.script);
    server.script = script;
    await listen(server.#server, '127.0.0.1', port);
    return server;
  }

  /** May be changed at any time. */
  script: Script = () => undefined;

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  isOpen(connection: number): boolean {
    return [...this.#connections.values()].includes(connection);
  }

  /** Resolves when so many requests have come. */
  requested(count: number): Promise<void> {
    if (this.received.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#connections.keys()) socket.destroy();
    await closed;
  }
}

export function answerJson(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-log-requestid': 'REQ1', ...headers });
  response.end(JSON.stringify(body));
}

export function answerError(
  response: ServerResponse,
  status: number,
  errorCode: string,
  errorMessage = 'said the service',
  headers: Record<string, string> = {},
): void {
  answerJson(response, { errorCode, errorMessage }, status, headers);
}
