/**
 * How `net.connect` comes from a host to a connection: the name is looked up; one address is dialled until the kernel
 * says no; of several (`autoSelectFamily`) each has its time, and the next is tried then.
 */
import { isIP, type LookupFunction, type TcpNetConnectOpts } from 'node:net';
import type { SimulatedProcess } from '../../process.ts';
import type { Scheduled } from '../../scheduler.ts';
import type { SimulatedHost } from '../kernel/host.ts';
import type { BufferSizes, TcpEndpoint } from '../kernel/tcp-endpoint.ts';
import { type SystemError, severalErrors, systemError } from './errors.ts';
import type { NodeRelease } from './node-release.ts';
import type { OnWrite } from './on-write.ts';
import { SimulatedSocket } from './socket.ts';
import { StreamHandle } from './stream-handle.ts';

export interface DialContext {
  readonly process: SimulatedProcess;
  readonly host: SimulatedHost;
  readonly lookup: LookupFunction;
  readonly sizes: BufferSizes;
  readonly onWrite: OnWrite;
  readonly release: NodeRelease;
  /** The process has it open: its end is the connection's, too. */
  own(endpoint: TcpEndpoint): void;
}

const defaultAttemptMs = 250;

export function dial(context: DialContext, options: TcpNetConnectOpts): SimulatedSocket {
  const socket = new SimulatedSocket({ allowHalfOpen: options.allowHalfOpen ?? false, release: context.release });
  socket.connecting = true;
  new Dialling(context, options, socket).start();
  return socket;
}

class Dialling {
  readonly #context: DialContext;
  readonly #options: TcpNetConnectOpts;
  readonly #socket: SimulatedSocket;
  #addresses: string[] = [];
  readonly #errors: SystemError[] = [];
  #endpoint: TcpEndpoint | undefined;
  #attempt: Scheduled | undefined;

  constructor(context: DialContext, options: TcpNetConnectOpts, socket: SimulatedSocket) {
    this.#context = context;
    this.#options = options;
    this.#socket = socket;
    socket.onGivenUp = () => this.#endpoint?.close();
  }

  start(): void {
    const { host = 'localhost', lookup = this.#context.lookup } = this.#options;
    if (isIP(host)) {
      process.nextTick(() => this.#dial([host]));
      return;
    }
    lookup(host, { all: true }, (error, found) => {
      if (!this.#socket.connecting) return;
      if (error) this.#socket.destroy(error);
      else this.#dial(Array.isArray(found) ? found.map(({ address }) => address) : [found]);
    });
  }

  #dial(addresses: string[]): void {
    this.#addresses = addresses;
    if (this.#socket.connecting) this.#next();
  }

  #next(): void {
    const address = this.#addresses.shift();
    if (address === undefined) {
      const [first] = this.#errors;
      this.#fail(this.#errors.length === 1 && first ? first : severalErrors(this.#errors));
      return;
    }
    const { host, sizes, process } = this.#context;
    const endpoint = host.connect({ address, port: this.#options.port }, sizes);
    this.#context.own(endpoint);
    this.#endpoint = endpoint;
    endpoint.onEvent = () => process.post(() => this.#onAnswer(endpoint));
    if (this.#addresses.length === 0) return;
    const attemptMs = this.#options.autoSelectFamilyAttemptTimeout ?? defaultAttemptMs;
    this.#attempt = process.post(() => this.#giveUp(endpoint, 'ETIMEDOUT'), attemptMs);
  }

  #onAnswer(endpoint: TcpEndpoint): void {
    if (this.#endpoint !== endpoint || !this.#socket.connecting) return;
    if (endpoint.state === 'SYN_SENT') return;
    const error = endpoint.isConnected ? undefined : endpoint.takeError();
    if (error) {
      this.#giveUp(endpoint, error);
      return;
    }
    this.#context.host.scheduler.cancel(this.#attempt);
    this.#endpoint = undefined;
    this.#socket.onGivenUp = undefined;
    const { keepAlive, keepAliveInitialDelay = 0 } = this.#options;
    if (keepAlive) endpoint.keepAlive(Math.max(1000, keepAliveInitialDelay));
    this.#socket.adopt(
      new StreamHandle(this.#context.process, endpoint, this.#context),
      endpoint.local,
      endpoint.remote,
    );
    this.#socket.connected();
  }

  #giveUp(endpoint: TcpEndpoint, code: string): void {
    if (this.#endpoint !== endpoint || !this.#socket.connecting) return;
    this.#context.host.scheduler.cancel(this.#attempt);
    this.#endpoint = undefined;
    endpoint.close();
    this.#errors.push(systemError(code, 'connect', endpoint.remote));
    this.#next();
  }

  #fail(error: Error): void {
    this.#socket.onGivenUp = undefined;
    this.#socket.destroy(error);
  }
}
