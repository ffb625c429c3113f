/** Scripts on the model, in virtual time. */
import type { Clock } from '../../../../src/core/time/clock.ts';
import type { Network } from '../../../../src/sink/network.ts';
import { Chance } from '../../chance.ts';
import { SimulatedProcess } from '../../process.ts';
import { Scheduler } from '../../scheduler.ts';
import type { SimulatedHost } from '../kernel/host.ts';
import { ownRelease } from '../node/node-release.ts';
import { listen } from '../peers/listen.ts';
import type { PeerSocket } from '../peers/peer-socket.ts';
import { TlsServer } from '../peers/tls-peer-socket.ts';
import { SimulatedNetwork } from '../simulated-network.ts';
import type { TlsVersion } from '../tls-records.ts';
import { type Lab, type Peer, type PeerStep, stateIn } from './lab.ts';

const longestWaitMs = 10_000;
const settleMs = 30;

export class ModelLab implements Lab {
  readonly clock: Clock;
  readonly network: Network;
  readonly peer: ModelPeer;
  readonly port = 514;
  readonly closedPort = 1;
  readonly scheduler = new Scheduler(1_000_000);
  readonly #host: SimulatedHost;
  readonly #process: SimulatedProcess;

  readonly tls: TlsVersion | undefined;

  constructor(version?: TlsVersion) {
    this.tls = version;
    const { scheduler } = this;
    const random = new Chance('conformance').next;
    // Buffers about as large as the kernel's are on its loopback.
    const all = new SimulatedNetwork(scheduler, random, { sendBytes: 2_500_000 });
    this.#host = all.host('machine', ['10.0.0.1']);
    const create = (name: string) => new SimulatedProcess(scheduler, { name, offsetMs: 0, rate: 1, random });
    this.#process = create('ours');
    this.clock = this.#process.clock;
    this.network = all.of(this.#process, { host: this.#host, release: ownRelease() });
    this.peer = new ModelPeer(create('peer'));
    const tls =
      version && new TlsServer({ version, tickets: version === 'TLSv1.3' ? 2 : 1, sendsCloseNotify: true }, 1);
    listen(this.#host, this.port, {
      process: this.peer.process,
      tls,
      onConnection: (socket) => this.peer.accept(socket),
    });
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    const endMs = this.scheduler.nowMs + longestWaitMs;
    while (!condition()) {
      if (this.scheduler.nowMs > endMs) throw new Error(`waited in vain for ${what}`);
      await this.#pass(1);
    }
  }

  settle(): Promise<void> {
    return this.#pass(settleMs);
  }

  async deaf(...acts: (() => void)[]): Promise<void> {
    this.#process.stop();
    for (const act of acts) {
      act();
      await this.settle();
    }
    this.#process.resume();
    await this.settle();
  }

  async state(localPort: number): Promise<string> {
    return stateIn(this.#host.kernelFile('/proc/net/tcp') ?? '', localPort);
  }

  #pass(ms: number): Promise<void> {
    return this.scheduler.run(this.scheduler.nowMs + ms, () => undefined);
  }
}

class ModelPeer implements Peer {
  readonly process: SimulatedProcess;
  received = 0;
  hasSeenEnd = false;
  hasSeenReset = false;
  #socket: PeerSocket | undefined;
  #isReading = false;

  constructor(process: SimulatedProcess) {
    this.process = process;
  }

  get isAccepted(): boolean {
    return this.#socket !== undefined;
  }

  accept(socket: PeerSocket): void {
    this.#socket = socket;
    socket.onReadable = () => this.#read();
  }

  do(...steps: PeerStep[]): void {
    this.process.post(() => {
      for (const step of steps) this.#do(step);
    });
  }

  kill(): void {
    this.process.kill();
  }

  stop(): void {
    this.process.stop();
  }

  resume(): void {
    this.process.resume();
  }

  #do([action, argument]: PeerStep): void {
    const socket = this.#socket;
    if (action === 'read') {
      this.#isReading = true;
      this.#read();
    } else if (action === 'write') socket?.write(Buffer.alloc(argument ?? 0));
    else if (action === 'endBare') socket?.end({ isBare: true });
    else socket?.[action]();
  }

  #read(): void {
    while (this.#isReading) {
      const what = this.#socket?.read(65_536);
      if (what instanceof Buffer) this.received += what.length;
      else {
        if (what === 'end') this.hasSeenEnd = true;
        if (what === 'reset') this.hasSeenReset = true;
        // Both are the last.
        if (what !== undefined) this.#isReading = false;
        return;
      }
    }
  }
}
