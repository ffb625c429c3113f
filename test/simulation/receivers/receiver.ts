/**
 * A receiver of a world: a process that listens, reads at its own pace, and ends its side behind what it has read. What
 * it does otherwise, a fault makes it do.
 */

import type { Listener, SimulatedNetwork } from '../net/network.ts';
import type { Peer } from '../net/peer.ts';
import { SimulatedProcess } from '../process.ts';
import type { OutletPlan, ReceiverPlan } from '../scenario/scenario.ts';
import type { Scheduler } from '../scheduler.ts';
import { Deframer, type LogIdentity } from './frames.ts';

export interface ReceiverEvents {
  read(receiver: SimulatedReceiver, connection: number, logs: readonly LogIdentity[]): void;
  /** What no receiver should get: a stream that is none. */
  malformed(receiver: SimulatedReceiver, why: string): void;
  note(receiver: SimulatedReceiver, what: string): void;
}

export interface SimulatedReceiverOptions {
  readonly plan: ReceiverPlan;
  readonly outlet: OutletPlan;
  readonly network: SimulatedNetwork;
  readonly scheduler: Scheduler;
  readonly random: () => number;
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
  /** It reads nothing at all. */
  stuck: boolean;
}

const port = 514;
const receiveBytes = 128 << 10;

export class SimulatedReceiver {
  readonly plan: ReceiverPlan;
  readonly behaviour: Behaviour = { silent: false, resets: false, pace: undefined, stuck: false };
  readonly #options: SimulatedReceiverOptions;
  readonly #peers = new Set<Peer>();
  #process: SimulatedProcess | undefined;
  #listener: Listener | undefined;

  constructor(options: SimulatedReceiverOptions) {
    this.#options = options;
    this.plan = options.plan;
    options.network.addHost(options.plan.name, options.plan.delayMs);
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

  /** Something is on its way to it, or lies unread: killed now, it would lose it. */
  get isBusy(): boolean {
    return [...this.#peers].some((peer) => peer.hasInFlight || peer.unreadBytes > 0);
  }

  start(): void {
    if (this.#process) return;
    const { scheduler, random, plan, network } = this.#options;
    const process = new SimulatedProcess(scheduler, { name: plan.name, offsetMs: 0, rate: 1, random });
    this.#process = process;
    const tls = { version: plan.tlsVersion, sendsCloseNotify: plan.sendsCloseNotify };
    this.#listener = {
      process,
      tls: plan.protocol === 'tls' ? tls : undefined,
      receiveBytes,
      connected: (peer) => this.#accept(process, peer),
      datagram: (bytes) => this.#take(0, new Deframer('datagram'), bytes),
    };
    network.listen(plan.name, port, this.#listener);
  }

  /** SIGKILL. */
  kill(): void {
    const process = this.#process;
    this.#process = undefined;
    this.#peers.clear();
    process?.kill();
    this.#options.events.note(this, 'killed');
  }

  /** Its connections are reset; it goes on listening. */
  resetAll(): void {
    for (const peer of this.#peers) peer.reset();
    this.#peers.clear();
  }

  /** It closes every connection by itself, as one does that has a time limit for them. */
  closeAll(): void {
    for (const peer of this.#peers) {
      // With something on its way to it, its end could meet ours (issue 14, row 3).
      if (peer.hasInFlight) continue;
      peer.end();
      peer.close();
      this.#peers.delete(peer);
    }
  }

  /** Nobody listens; connections go on. */
  stopListening(): void {
    this.#options.network.stopListening(this.plan.name, port);
  }

  listenAgain(): void {
    if (this.#process && this.#listener) this.#options.network.listen(this.plan.name, port, this.#listener);
  }

  #accept(process: SimulatedProcess, peer: Peer): void {
    const { plan, outlet, events } = this.#options;
    if (this.behaviour.resets) {
      peer.reset();
      return;
    }
    for (const each of this.#peers) if (each.isOver) this.#peers.delete(each);
    if (plan.oneAtATime && this.#peers.size > 0) {
      peer.close();
      return;
    }
    this.#peers.add(peer);
    const deframer = new Deframer(outlet.framing);
    let isWaiting = false;
    let isDone = false;
    const read = () => {
      if (isWaiting || isDone || this.#process !== process) return;
      const pace = this.behaviour.pace ?? { bytes: plan.readBytes, pauseMs: plan.readPauseMs };
      for (;;) {
        if (this.behaviour.stuck) {
          isWaiting = true;
          process.post(again, 100);
          return;
        }
        const bytes = peer.read(pace.bytes);
        if (bytes === undefined) return;
        if (bytes === 'end') {
          isDone = true;
          process.post(() => this.#finish(process, peer), plan.closeDelayMs);
          return;
        }
        this.#take(peer.id, deframer, bytes);
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
    peer.onReset = () => {
      // What is in its kernel's buffer can still be read, as Linux has it.
      read();
      this.#peers.delete(peer);
      peer.close();
    };
    events.note(this, `accepted ${peer.id}`);
    read();
  }

  #finish(process: SimulatedProcess, peer: Peer): void {
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

  #take(connection: number, deframer: Deframer, bytes: Buffer): void {
    const { events } = this.#options;
    try {
      const logs = deframer.push(bytes);
      if (logs.length > 0) events.read(this, connection, logs);
    } catch (error) {
      events.malformed(this, String(error));
    }
  }
}
