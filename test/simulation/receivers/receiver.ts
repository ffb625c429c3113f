/**
 * A receiver of a world: a process that listens, reads at its own pace, and ends its side behind what it has read. What
 * it does otherwise, a fault makes it do.
 */

import type { SimulatedHost } from '../net/kernel/host.ts';
import { DatagramReceiver } from '../net/peers/datagram-receiver.ts';
import { listen } from '../net/peers/listen.ts';
import type { PeerSocket } from '../net/peers/peer-socket.ts';
import { TcpProxy } from '../net/peers/proxy.ts';
import { TlsServer, type TlsServerOptions } from '../net/peers/tls-peer-socket.ts';
import type { SimulatedNetwork } from '../net/simulated-network.ts';
import { SimulatedProcess } from '../process.ts';
import type { OutletPlan, ReceiverPlan } from '../scenario/scenario.ts';
import type { Scheduler } from '../scheduler.ts';
import { Deframer, type LogIdentity } from './frames.ts';

export interface ReceiverEvents {
  /** @param from the connection's other end, `address:port`; empty: a datagram */
  read(receiver: SimulatedReceiver, from: string, logs: readonly LogIdentity[]): void;
  /** What no receiver should get: a stream that is none. */
  malformed(receiver: SimulatedReceiver, why: string): void;
  note(receiver: SimulatedReceiver, what: string): void;
  /** It speaks TLS, and somebody does not: what it did about that. */
  stranger: NonNullable<TlsServerOptions['onStranger']>;
}

export interface SimulatedReceiverOptions {
  readonly plan: ReceiverPlan;
  readonly outlet: OutletPlan;
  readonly network: SimulatedNetwork;
  readonly scheduler: Scheduler;
  readonly random: () => number;
  /** Bytes are on their way to it. */
  readonly isSentTo: (receiver: SimulatedReceiver) => boolean;
  readonly events: ReceiverEvents;
}

/** What it does at present, besides its plan. */
export interface Behaviour {
  /** It never ends its side. */
  silent: boolean;
  /** It resets whoever connects. */
  resets: boolean;
  /** It reads so many bytes, and then pauses; undefined: as planned. */
  pace: { readonly bytes: number; readonly pauseMs: number } | undefined;
  /** It resets whoever sends a message that is larger. */
  limitBytes: number | undefined;
  /** From its next start on it speaks TLS, whatever was planned: what becomes of those who do not. */
  speaksTls: TlsServerOptions['strangers'];
}

const port = 514;

export class SimulatedReceiver {
  readonly plan: ReceiverPlan;
  readonly behaviour: Behaviour = {
    silent: false,
    resets: false,
    pace: undefined,
    limitBytes: undefined,
    speaksTls: undefined,
  };
  readonly #options: SimulatedReceiverOptions;
  readonly #peers = new Set<PeerSocket>();
  #process: SimulatedProcess | undefined;
  readonly host: SimulatedHost;
  #listening: { close(): void } | undefined;
  #starts = 0;

  constructor(options: SimulatedReceiverOptions) {
    this.#options = options;
    this.plan = options.plan;
    const { network, plan, scheduler, random } = options;
    this.host = network.host(plan.isBehindProxy ? `${plan.name}-backend` : plan.name);
    if (plan.isBehindProxy) {
      const process = new SimulatedProcess(scheduler, { name: `${plan.name}-proxy`, offsetMs: 0, rate: 1, random });
      const backend = () => ({ address: [...this.host.addresses][0] ?? '', port });
      new TcpProxy({ host: network.host(plan.name), process, port, backend });
    }
  }

  get name(): string {
    return this.plan.name;
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  get process(): SimulatedProcess | undefined {
    return this.#process;
  }

  /** Something is on its way to it, or lies unread. */
  get isBusy(): boolean {
    return [...this.#peers].some((peer) => peer.readable > 0) || this.#options.isSentTo(this);
  }

  /** Killed now, its kernel resets every connection that something was sent on and not read: nobody takes it for an end. */
  get wouldReset(): boolean {
    return [...this.#peers].every((peer) => peer.readable > 0) || !this.#options.isSentTo(this);
  }

  start(): void {
    if (this.#process) return;
    const { scheduler, random, plan } = this.#options;
    this.#process = new SimulatedProcess(scheduler, { name: plan.name, offsetMs: 0, rate: 1, random });
    this.#starts++;
    this.listenAgain();
  }

  /** SIGKILL. */
  kill(): void {
    const process = this.#process;
    this.#process = undefined;
    this.#listening = undefined;
    this.#peers.clear();
    process?.kill();
    this.#options.events.note(this, 'killed');
  }

  /** Its connections are reset; it goes on listening. */
  resetAll(): void {
    for (const peer of this.#peers) peer.reset();
    this.#peers.clear();
  }

  /**
   * It closes every connection by itself, as one does that has a time limit for them.
   * @param evenBusy also while something is on its way to it
   */
  closeAll(evenBusy: boolean): void {
    for (const peer of this.#peers) {
      // Behind a proxy, what is on its way to it is lost then (docs/delivery.md).
      if (!evenBusy && (peer.readable > 0 || this.#options.isSentTo(this))) continue;
      peer.end();
      peer.close();
      this.#peers.delete(peer);
    }
  }

  /** Nobody listens; connections go on. */
  stopListening(): void {
    this.#listening?.close();
    this.#listening = undefined;
  }

  listenAgain(): void {
    const process = this.#process;
    if (!process || this.#listening) return;
    const { protocol, tlsVersion, sendsCloseNotify, tickets } = this.plan;
    const { speaksTls } = this.behaviour;
    const { stranger: onStranger } = this.#options.events;
    if (protocol === 'udp') {
      const onDatagram = (bytes: Buffer) => this.#take('', new Deframer('datagram'), bytes);
      this.#listening = new DatagramReceiver(this.host, port, { process, onDatagram });
      return;
    }
    const tls = new TlsServer(
      { version: tlsVersion, tickets, sendsCloseNotify, strangers: speaksTls, onStranger },
      this.#starts,
    );
    this.#listening = listen(this.host, port, {
      process,
      onConnection: (peer) => this.#accept(process, peer),
      ...((protocol === 'tls' || speaksTls !== undefined) && { tls }),
    });
  }

  #accept(process: SimulatedProcess, peer: PeerSocket): void {
    const { plan, outlet, events } = this.#options;
    if (this.behaviour.resets) {
      peer.reset();
      return;
    }
    for (const each of this.#peers) if (isOver(each)) this.#peers.delete(each);
    if (plan.oneAtATime && this.#peers.size > 0) {
      peer.close();
      return;
    }
    this.#peers.add(peer);
    const deframer = new Deframer(outlet.framing);
    const { address, port } = peer.endpoint.remote;
    const from = `${address}:${port}`;
    let isWaiting = false;
    let isDone = false;
    const read = () => {
      if (isWaiting || isDone || this.#process !== process) return;
      const pace = this.behaviour.pace ?? { bytes: plan.readBytes, pauseMs: plan.readPauseMs };
      for (;;) {
        const bytes = peer.read(pace.bytes);
        if (bytes === undefined) return;
        if (bytes === 'reset') {
          isDone = true;
          this.#peers.delete(peer);
          peer.close();
          return;
        }
        if (bytes === 'end') {
          isDone = true;
          process.post(() => this.#finish(process, peer), plan.closeDelayMs);
          return;
        }
        this.#take(from, deframer, bytes);
        if (deframer.largestBytes > (this.behaviour.limitBytes ?? Number.POSITIVE_INFINITY)) {
          isDone = true;
          this.#peers.delete(peer);
          peer.reset();
          return;
        }
        if (pace.pauseMs > 0) {
          isWaiting = true;
          process.post(again, pace.pauseMs);
          return;
        }
      }
    };
    const again = () => {
      isWaiting = false;
      read();
    };
    peer.onReadable = read;
    events.note(this, `accepted ${peer.id}`);
    read();
  }

  #finish(process: SimulatedProcess, peer: PeerSocket): void {
    if (this.#process !== process) return;
    if (this.behaviour.silent) {
      process.post(() => this.#finish(process, peer), 500);
      return;
    }
    this.#options.events.note(this, `ends ${peer.id}`);
    peer.end();
    peer.close();
    this.#peers.delete(peer);
  }

  #take(from: string, deframer: Deframer, bytes: Buffer): void {
    const { events } = this.#options;
    try {
      const logs = deframer.push(bytes);
      if (logs.length > 0) events.read(this, from, logs);
    } catch (error) {
      events.malformed(this, String(error));
    }
  }
}

function isOver({ endpoint: { state } }: PeerSocket): boolean {
  return state === 'CLOSE' || state === 'TIME_WAIT';
}
