/** Several logstores, several receivers, and a daemon between them; all of it ends with the test. */
import type { Flow, ReceiverConfig } from '../../src/config/config.ts';
import type { DaemonOptions } from '../../src/daemon.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { createReceiver, type Receiver } from '../../src/receiver/receiver.ts';
import { createFlows, type TestDaemon, type TestFlowOptions, testFlow } from './daemon.ts';
import { waitUntil } from './wait-until.ts';

type FlowOptions = Partial<Omit<TestFlowOptions, 'receiver'>> & { readonly receiver?: Partial<ReceiverConfig> };

const timeoutMs = 40_000;

export class FlowScope {
  readonly emulator: Emulator = createEmulator({ shards: 1 });
  readonly #receivers = new Map<string, { receiver: Receiver; port: number }>();
  readonly #daemons: TestDaemon[] = [];

  logstore(name: string, shards = 2): void {
    this.emulator.createLogstore('demo', name, shards);
  }

  append(logstore: string, logs: number): void {
    this.emulator.append({ project: 'demo', logstore, logs });
  }

  /** Opens it, at its old port where it had one. */
  async open(name: string): Promise<void> {
    const port = this.#receivers.get(name)?.port ?? 0;
    const receiver = createReceiver({ protocol: 'tcp', host: '127.0.0.1', port, rfc: '5424' });
    this.#receivers.set(name, { receiver, port: (await receiver.start()).port });
  }

  receiver(name: string): Receiver {
    return this.#get(name).receiver;
  }

  port(name: string): number {
    return this.#get(name).port;
  }

  sequence(name: string): ReturnType<Receiver['stats']>['sequence'] {
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

  async start(flows: readonly Flow[], options: Omit<DaemonOptions, 'flows' | 'log'> = {}): Promise<TestDaemon> {
    const daemon = createFlows(flows, { retryPauseMs: 100, ...options });
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
    return waitUntil(check, { timeoutMs });
  }

  /** Of everything that was started; in the order in which it can be. */
  async close(): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.drain(1_000)));
    await Promise.all([...this.#receivers.values()].map(({ receiver }) => receiver.close()));
    await this.emulator.close();
  }

  #get(name: string): { receiver: Receiver; port: number } {
    const found = this.#receivers.get(name);
    if (!found) throw new Error(`no receiver ${name}`);
    return found;
  }
}
