/** Several logstores, several receivers, and a daemon between them; all of it ends with the test. */
import type { Flow } from '../../../src/config/model/config.ts';
import type { ReceiverConfig } from '../../../src/config/model/receivers.ts';
import type { DaemonOptions } from '../../../src/daemon.ts';
import type { EmulatorControls } from '../../../src/emulator/controls.ts';
import { createEmulator } from '../../../src/emulator/emulator.ts';
import { createReceiver, type Receiver, type ReceiverStats } from '../../../src/receiver/receiver.ts';
import { freePort } from '../listen.ts';
import { waitUntil } from '../wait-until.ts';
import { createFlows, type StartedService, type TestDaemon, type TestFlowOptions, testFlow } from './daemon.ts';

type FlowOptions = Partial<Omit<TestFlowOptions, 'receiver'>> & { readonly receiver?: Partial<ReceiverConfig> };

const timeoutMs = 90_000;

export interface FlowReceiver extends Pick<Receiver, 'close'> {
  start(): Promise<{ readonly port: number }>;
  stats(): Pick<ReceiverStats, 'messages' | 'connections' | 'sequence'>;
}

type FlowsOptions = Omit<DaemonOptions, 'flows' | 'log'>;

/** Where all of it is: over real sockets, or in virtual time. */
export interface FlowPlace {
  readonly emulator: EmulatorControls & StartedService;
  freePort(): Promise<number>;
  createReceiver(port: number): FlowReceiver;
  createDaemon(flows: readonly Flow[], options: FlowsOptions): TestDaemon;
  until(check: () => void): Promise<void>;
  close(): Promise<void>;
}

function realPlace(): FlowPlace {
  const emulator = createEmulator({ shards: 1 });
  return {
    emulator,
    freePort,
    createReceiver: (port) => createReceiver({ protocol: 'tcp', host: '127.0.0.1', port, rfc: '5424' }),
    createDaemon: createFlows,
    until: (check) => waitUntil(check, { timeoutMs }),
    close: () => emulator.close(),
  };
}

export class FlowScope {
  readonly #place: FlowPlace;
  readonly #receivers = new Map<string, { receiver: FlowReceiver; port: number }>();
  readonly #daemons: TestDaemon[] = [];

  constructor(place: FlowPlace = realPlace()) {
    this.#place = place;
  }

  get emulator(): FlowPlace['emulator'] {
    return this.#place.emulator;
  }

  logstore(name: string, shards = 2): void {
    this.emulator.createLogstore('demo', name, shards);
  }

  append(logstore: string, logs: number): void {
    this.emulator.append({ project: 'demo', logstore, logs });
  }

  /** Opens it, at its old port where it had one. */
  async open(name: string): Promise<void> {
    const port = this.#receivers.get(name)?.port ?? (await this.#place.freePort());
    const receiver = this.#place.createReceiver(port);
    this.#receivers.set(name, { receiver, port: (await receiver.start()).port });
  }

  receiver(name: string): FlowReceiver {
    return this.#get(name).receiver;
  }

  port(name: string): number {
    return this.#get(name).port;
  }

  sequence(name: string): ReceiverStats['sequence'] {
    return this.receiver(name).stats().sequence;
  }

  /** `web>siem`: from the logstore `web` to the receiver `siem`. */
  flow(way: string, options: FlowOptions = {}): Promise<Flow> {
    const [source = '', receiver = ''] = way.split('>');
    const required = options.required ?? true;
    return testFlow(this.emulator, {
      pipeline: 'all',
      source,
      receiverName: receiver,
      ...options,
      service: { logstore: source, ...options.service },
      group: { name: required ? 'test' : `test-${receiver}`, ...options.group },
      receiver: { port: this.#receivers.get(receiver)?.port ?? 0, ...options.receiver },
    });
  }

  flows(...ways: readonly string[]): Promise<Flow[]> {
    return Promise.all(ways.map((way) => this.flow(way)));
  }

  async start(flows: readonly Flow[], options: FlowsOptions = {}): Promise<TestDaemon> {
    const daemon = this.#place.createDaemon(flows, { retryPauseMs: 100, ...options });
    this.#daemons.push(daemon);
    await daemon.start();
    return daemon;
  }

  /** How many of a logstore's logs lie before its checkpoints. */
  checkpointed(logstore: string, group = 'test'): number {
    const groups = this.emulator.stats().logstores.find((each) => each.logstore === logstore)?.consumerGroups;
    const checkpoints = groups?.find((each) => each.name === group)?.checkpoints ?? [];
    return checkpoints.reduce((sum, { sequence }) => sum + sequence, 0);
  }

  until(check: () => void): Promise<void> {
    return this.#place.until(check);
  }

  /** Of everything that was started; in the order in which it can be. */
  async close(): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.drain(1_000)));
    await Promise.all([...this.#receivers.values()].map(({ receiver }) => receiver.close()));
    await this.#place.close();
  }

  #get(name: string): { receiver: FlowReceiver; port: number } {
    const found = this.#receivers.get(name);
    if (!found) throw new Error(`no receiver ${name}`);
    return found;
  }
}
