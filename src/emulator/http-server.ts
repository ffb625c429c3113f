/** The emulator's HTTP server: reads requests, injects the faults that are set, writes answers. Loopback only. */
import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../core/time/clock.ts';
import type { Admin } from './admin.ts';
import type { SignedRequest } from './auth/signed-request.ts';
import { damage } from './faults/body-faults.ts';
import type { Fault, FaultSwitches } from './faults/faults.ts';
import type { ApiAnswer } from './handlers/handler.ts';
import { ApiError } from './protocol/api-error.ts';
import type { Action } from './protocol/routes.ts';
import { createRequestId, type Service } from './service.ts';

const HOST = '127.0.0.1';
const ADMIN_PREFIX = '/__emulator/';
/** The 10 MB of a LogGroup, and some room. */
const MAX_BODY_BYTES = 12 * 1024 * 1024;
const KEEP_ALIVE_MS = 65_000;

const ERROR_CODES: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'ShardReadQuotaExceed',
  500: 'InternalServerError',
  503: 'ServerBusy',
};

export interface HttpServerOptions {
  readonly service: Service;
  readonly admin: Admin;
  readonly faults: FaultSwitches;
  readonly clock: Clock;
  /** Open connections at most; a further one is refused, and `onRefused` called. Default: no limit. */
  readonly maxConnections?: number | undefined;
  /** @param connections the number of open connections */
  readonly onRefused?: ((connections: number) => void) | undefined;
}

export interface HttpServer {
  /** @param port 0: any free port @returns the port */
  listen(port: number): Promise<number>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** What becomes of a request: an answer, or a reset connection. */
type Outcome =
  | { readonly kind: 'answer'; readonly answer: ApiAnswer }
  | { readonly kind: 'reset' }
  | { readonly kind: 'reset-in-body'; readonly answer: ApiAnswer };

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { service, admin, faults, clock, maxConnections, onRefused } = options;
  const closing = new AbortController();
  // Each delayed answer has a listener, and removes it.
  setMaxListeners(0, closing.signal);

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    const outcome: Outcome = request.path.startsWith(ADMIN_PREFIX)
      ? { kind: 'answer', answer: admin.handle(request, request.path.slice(ADMIN_PREFIX.length)) }
      : await answer(request);
    if (outcome.kind === 'reset') incoming.socket.resetAndDestroy();
    else send(response, outcome.answer, outcome.kind === 'reset-in-body');
  };

  const answer = async (request: SignedRequest): Promise<Outcome> => {
    try {
      const route = service.route(request);
      const fault = faults.next(route.action, 'request');
      if (fault?.kind === 'error') throw faultError(fault);
      if (fault?.kind === 'latency') await clock.sleep(fault.delayMs, { signal: closing.signal });
      if (fault?.kind === 'reset') return { kind: 'reset' };
      const answered = service.handle(request, route);
      if (fault?.kind === 'lost-answer') return { kind: 'reset' };
      return withBodyFault(route.action, answered);
    } catch (thrown) {
      return { kind: 'answer', answer: service.errorAnswer(thrown) };
    }
  };

  const withBodyFault = (action: Action, answered: ApiAnswer): Outcome => {
    const fault = answered.body.length > 0 && action === 'PullLogs' ? faults.next(action, 'body') : undefined;
    if (!fault) return { kind: 'answer', answer: answered };
    if (fault.kind === 'reset-in-body') return { kind: 'reset-in-body', answer: answered };
    return { kind: 'answer', answer: damage(answered, fault) };
  };

  const send = (response: ServerResponse, { status, headers, body }: ApiAnswer, resetInBody: boolean): void => {
    response.writeHead(status, {
      ...headers,
      'content-length': body.length,
      date: new Date(clock.now()).toUTCString(),
      'x-log-requestid': createRequestId(clock),
    });
    if (!resetInBody) response.end(body);
    else response.write(body.subarray(0, body.length >>> 1), () => response.socket?.resetAndDestroy());
  };

  const server: Server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      if (response.headersSent || incoming.socket.destroyed) incoming.socket.destroy();
      else send(response, service.errorAnswer(error), false);
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  if (maxConnections !== undefined) {
    server.maxConnections = maxConnections;
    server.on('drop', () => onRefused?.(maxConnections));
  }

  return {
    listen: (port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, HOST, () => {
          server.off('error', reject);
          resolve((server.address() as AddressInfo).port);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function faultError({ status, code, message }: Extract<Fault, { kind: 'error' }>): ApiError {
  const usual = ERROR_CODES[status] ?? (status >= 500 ? 'InternalServerError' : 'BadRequest');
  return new ApiError(status, code ?? usual, message ?? 'injected by a fault switch of the embedded service');
}

async function readRequest(incoming: IncomingMessage): Promise<SignedRequest> {
  const target = incoming.url ?? '/';
  const mark = target.indexOf('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return {
    method: incoming.method ?? 'GET',
    path: mark === -1 ? target : target.slice(0, mark),
    rawQuery: mark === -1 ? '' : target.slice(mark + 1),
    headers,
    body: await readBody(incoming),
  };
}

/** @throws ApiError PostBodyTooLarge */
async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // The rest is read and dropped: an answer before the end of the request would look like a reset.
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) {
    throw new ApiError(400, 'PostBodyTooLarge', `body size ${bytes} must be at most ${MAX_BODY_BYTES}.`);
  }
  return Buffer.concat(chunks);
}
