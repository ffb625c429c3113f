/**
 * The way between two hosts. It loses what is sent while it is cut, and what is on the way at that moment; it brings
 * what belongs to one direction of one connection in the order in which it was sent.
 */
import type { Scheduler } from '../../scheduler.ts';

export interface PathOptions {
  /** One way. */
  readonly delayMs: number;
  /** Up to so much is added, each time anew. */
  readonly jitterMs?: number;
  /** Of packets; TCP sends them again. */
  readonly lossRate?: number;
  /** Of datagrams: that one is held back, so that later ones overtake it. */
  readonly reorderRate?: number;
  readonly bytesPerMs?: number;
}

/** What keeps its order: one direction of a connection. */
export interface Flow {
  lastArrivalMs: number;
}

export class Path {
  options: PathOptions;
  readonly #scheduler: Scheduler;
  readonly #random: () => number;
  #isCut = false;

  constructor(scheduler: Scheduler, random: () => number, options: PathOptions) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.options = options;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** There and back, at most: what a retransmission timer starts from. */
  get roundTripMs(): number {
    return 2 * (this.options.delayMs + (this.options.jitterMs ?? 0));
  }

  cut(): void {
    this.#isCut = true;
  }

  heal(): void {
    this.#isCut = false;
  }

  send(flow: Flow | undefined, bytes: number, arrive: () => void): void {
    if (this.#isCut) return;
    const { delayMs, jitterMs = 0, lossRate = 0, bytesPerMs = Number.POSITIVE_INFINITY } = this.options;
    const { nowMs } = this.#scheduler;
    if (lossRate > 0 && this.#random() < lossRate) return;
    let atMs = nowMs + delayMs + (jitterMs > 0 ? this.#random() * jitterMs : 0);
    if (flow) {
      atMs = Math.max(atMs, flow.lastArrivalMs) + bytes / bytesPerMs;
      flow.lastArrivalMs = atMs;
    } else atMs += this.#heldBackMs();
    this.#scheduler.at(atMs, () => {
      if (!this.#isCut) arrive();
    });
  }

  #heldBackMs(): number {
    const { delayMs, reorderRate = 0 } = this.options;
    return reorderRate > 0 && this.#random() < reorderRate ? (delayMs + 1) * 2 * this.#random() : 0;
  }
}
