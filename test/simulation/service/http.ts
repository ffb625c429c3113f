/**
 * HTTP between daemons and the service, in place of undici's pools: whole messages, through a network that delays, loses,
 * doubles and damages them. A daemon's exchange hears of it as it hears from undici.
 *
 *   queued     no connection is free.                                 One is → sent
 *   sent       the request is on its way, the service's, or its       Head, body, end → answered
 *              answer is on its way back.                             Reset, aborted, destroyed → failed
 *   answered, failed   the connection is free again.
 */
import type { Dispatcher } from 'undici';
import type { SignedRequest } from '../../../src/emulator/auth/signed-request.ts';
import { damage } from '../../../src/emulator/faults/body-faults.ts';
import type { ApiAnswer } from '../../../src/emulator/handlers/handler.ts';
import { type BodyCompression, compress, decompress } from '../../../src/emulator/protocol/compression.ts';
import { findRoute } from '../../../src/emulator/protocol/routes.ts';
import type { HttpConnections, OpenHttp } from '../../../src/sls/transport.ts';
import type { SimulatedProcess } from '../process.ts';
import type { Scheduler } from '../scheduler.ts';
import type { HttpFaultKind, HttpFaults } from './http-faults.ts';
import type { SimulatedService } from './service.ts';

export interface HttpLink {
  /** One way. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Of each answer; default: no limit. */
  readonly bytesPerSecond?: number;
}

/** What answers at the other end. */
export type HttpService = Pick<SimulatedService, 'carryOut' | 'missed'>;

export interface SimulatedHttpOptions {
  readonly scheduler: Scheduler;
  readonly service: HttpService;
  readonly faults: HttpFaults;
  readonly link: HttpLink;
  readonly random: () => number;
  /** One line a request, when its answer leaves. */
  readonly note: (daemon: string, what: string) => void;
}

type Request = Parameters<HttpConnections['dispatch']>[0];

interface Sent {
  readonly request: Request;
  readonly handler: Dispatcher.DispatchHandler;
  isOver: boolean;
}

export class SimulatedHttp {
  readonly #options: SimulatedHttpOptions;
  /** Daemons that cannot reach the service at all. */
  readonly partitioned = new Set<string>();

  constructor(options: SimulatedHttpOptions) {
    this.#options = options;
  }

  /** What a process opens its connections with. */
  openFor(process: SimulatedProcess): OpenHttp {
    return (_origin, connections) => new SimulatedPool(this, process, connections);
  }

  /**
   * The request leaves. What comes back, comes by `onAnswer` or `onReset`, or never.
   * @param isRecalled whoever has sent it has closed its connection, or is no more: it may arrive all the same
   */
  carry(
    request: Request,
    daemon: string,
    onAnswer: (answer: ApiAnswer, fault: HttpFaultKind | undefined) => void,
    onReset: () => void,
    isRecalled: () => boolean = () => false,
  ): void {
    const { scheduler, service, faults, note } = this.#options;
    if (this.partitioned.has(daemon)) return;
    const signed = toSigned(request);
    const sentMs = scheduler.nowMs;
    // Where nothing is wrong, nobody asks.
    const { action, shard } = faults.isEmpty ? { action: undefined, shard: undefined } : routeOf(signed);
    const fault = faults.next('request', daemon, action, shard);
    const back = (run: () => void) => {
      scheduler.after(this.#oneWayMs(), () => {
        if (!this.partitioned.has(daemon)) run();
      });
    };
    const arrive = (isSecond: boolean) => {
      const carried = service.carryOut(signed, daemon, { sentMs, isRecalled: isRecalled() });
      const where = carried.shard === undefined ? '' : ` ${carried.shard}`;
      note(daemon, `${carried.action ?? request.path}${where} ${carried.answer.status}`);
      if (isSecond) return;
      const lost = faults.next('answer', daemon, carried.action, carried.shard);
      if (lost?.kind === 'lose-answer') {
        if (!lost.silent) back(onReset);
        return;
      }
      const hasBody = carried.action === 'PullLogs' && carried.answer.body.length > 0;
      const harm = hasBody ? faults.next('body', daemon, carried.action, carried.shard) : undefined;
      const { bytesPerSecond } = lost?.kind === 'slow' ? lost : this.#options.link;
      const slowMs = bytesPerSecond === undefined ? 0 : (carried.answer.body.length * 1000) / bytesPerSecond;
      scheduler.after(slowMs, () => back(() => onAnswer(harm ? harmed(carried.answer, harm) : carried.answer, harm)));
    };
    const isMissed = fault !== undefined && fault.kind !== 'duplicate' && fault.kind !== 'delay';
    if (isMissed && action !== undefined) service.missed(daemon, action, shard);
    switch (fault?.kind) {
      case 'drop':
        return;
      case 'reset':
        back(onReset);
        return;
      case 'page':
        back(() => onAnswer(page(fault.status), undefined));
        return;
      case 'refuse':
        back(() => onAnswer(refusal(fault.status, fault.code), undefined));
        return;
      default:
    }
    const extraMs = fault?.kind === 'delay' ? fault.ms : 0;
    scheduler.after(this.#oneWayMs() + extraMs, () => arrive(false));
    if (fault?.kind === 'duplicate') scheduler.after(2 * this.#oneWayMs(), () => arrive(true));
  }

  #oneWayMs(): number {
    const { link, random } = this.#options;
    return link.delayMs + random() * link.jitterMs;
  }
}

class SimulatedPool implements HttpConnections {
  readonly #http: SimulatedHttp;
  readonly #process: SimulatedProcess;
  readonly #connections: number;
  readonly #queue: Sent[] = [];
  readonly #active = new Set<Sent>();
  #destroyed: Error | undefined;

  constructor(http: SimulatedHttp, process: SimulatedProcess, connections: number) {
    this.#http = http;
    this.#process = process;
    this.#connections = connections;
  }

  dispatch(request: Request, handler: Dispatcher.DispatchHandler): boolean {
    const body = request.body && Uint8Array.from(request.body);
    const sent: Sent = { request: { ...request, body }, handler, isOver: false };
    this.#queue.push(sent);
    this.#process.post(() => this.#pump());
    return this.#active.size < this.#connections;
  }

  async destroy(error: Error): Promise<void> {
    this.#destroyed = error;
    for (const sent of [...this.#queue.splice(0), ...this.#active]) this.#fail(sent, error);
  }

  #pump(): void {
    while (this.#active.size < this.#connections) {
      const sent = this.#queue.shift();
      if (!sent) return;
      if (this.#destroyed) this.#fail(sent, this.#destroyed);
      else this.#send(sent);
    }
  }

  #send(sent: Sent): void {
    this.#active.add(sent);
    const controller = this.#controller(sent);
    sent.handler.onRequestStart?.(controller, {});
    // It may have been given up while it was queued.
    if (sent.isOver) return;
    const post = (run: () => void) =>
      this.#process.post(() => {
        if (!sent.isOver) run();
      });
    this.#http.carry(
      sent.request,
      this.#process.name,
      (answer, fault) => post(() => this.#answer(sent, controller, answer, fault)),
      () => post(() => this.#fail(sent, socketError('ECONNRESET', 'read ECONNRESET'))),
      () => sent.isOver || !this.#process.isAlive,
    );
  }

  #answer(
    sent: Sent,
    controller: Dispatcher.DispatchController,
    answer: ApiAnswer,
    fault: HttpFaultKind | undefined,
  ): void {
    const { handler } = sent;
    const body = Buffer.from(answer.body);
    const headers = { ...answer.headers, 'content-length': String(body.length) };
    handler.onResponseStart?.(controller, answer.status, headers, '');
    const isCut = fault?.kind === 'reset-in-body';
    const half = isCut ? body.length >>> 1 : body.length;
    if (half > 0 && !sent.isOver) handler.onResponseData?.(controller, body.subarray(0, half));
    if (sent.isOver) return;
    if (isCut) {
      this.#fail(sent, socketError('UND_ERR_SOCKET', 'other side closed'));
      return;
    }
    this.#over(sent);
    handler.onResponseEnd?.(controller, {});
  }

  #controller(sent: Sent): Dispatcher.DispatchController {
    return {
      get aborted() {
        return sent.isOver;
      },
      get paused() {
        return false;
      },
      get reason() {
        return null;
      },
      abort: (reason: Error) => this.#fail(sent, reason),
      pause: () => undefined,
      resume: () => undefined,
    };
  }

  #fail(sent: Sent, error: Error): void {
    if (sent.isOver) return;
    this.#over(sent);
    sent.handler.onResponseError?.(this.#controller(sent), error);
  }

  #over(sent: Sent): void {
    sent.isOver = true;
    this.#active.delete(sent);
    if (this.#queue.length > 0) this.#process.post(() => this.#pump());
  }
}

function toSigned({ method, path, headers, body }: Request): SignedRequest {
  const mark = path.indexOf('?');
  const lower: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) lower[name.toLowerCase()] = String(value).trim();
  if (body) lower['content-length'] = String(body.length);
  return {
    method,
    path: mark === -1 ? path : path.slice(0, mark),
    rawQuery: mark === -1 ? '' : path.slice(mark + 1),
    headers: lower,
    body: body ?? new Uint8Array(0),
  };
}

function routeOf({ method, path, rawQuery }: SignedRequest) {
  try {
    const query = new Map(new URLSearchParams(rawQuery));
    const { action, shard } = findRoute(method, path, query);
    return { action, shard: shard === '' ? undefined : Number(shard) };
  } catch {
    return { action: undefined, shard: undefined };
  }
}

function socketError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function page(status: number): ApiAnswer {
  const body = `<html><head><title>${status}</title></head><body><h1>${status}</h1><hr>proxy</body></html>`;
  return { status, headers: { 'content-type': 'text/html' }, body: Buffer.from(body) };
}

function refusal(status: number, code: string): ApiAnswer {
  const body = JSON.stringify({ errorCode: code, errorMessage: 'as the world has it' });
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-log-requestid': 'SIMULATED' },
    body: Buffer.from(body),
  };
}

function harmed(answer: ApiAnswer, fault: HttpFaultKind): ApiAnswer {
  switch (fault.kind) {
    case 'cut-body':
    case 'corrupt-body':
    case 'garbage-protobuf':
    case 'wrong-raw-size':
      return damage(answer, fault);
    case 'half-of-groups':
      return halved(answer);
    default:
      return answer;
  }
}

/** Every second group is left out, and the headers speak of all. */
function halved(answer: ApiAnswer): ApiAnswer {
  const { headers, body } = answer;
  const compression = (headers['x-log-compresstype'] ?? '') as BodyCompression;
  // An error has none.
  if (headers['x-log-bodyrawsize'] === undefined) return answer;
  const raw = decompress(body, compression, Number(headers['x-log-bodyrawsize']));
  const kept: Uint8Array[] = [];
  for (let at = 0, which = 0; at < raw.length; which++) {
    let [length, next] = [0, at + 1];
    for (let shift = 0; ; shift += 7) {
      const byte = raw[next++] as number;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (which % 2 === 0) kept.push(raw.subarray(at, next + length));
    at = next + length;
  }
  const half = Buffer.concat(kept);
  return {
    ...answer,
    headers: { ...headers, 'x-log-bodyrawsize': String(half.length) },
    body: compress(half, compression),
  };
}
