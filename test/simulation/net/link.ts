/**
 * The way between two hosts: what is sent in one direction of one connection arrives in its order, after a delay. A link
 * that is cut keeps everything; mended, it brings it a little later, as retransmissions do.
 */
import type { Scheduler } from '../scheduler.ts';

export interface LinkOptions {
  readonly scheduler: Scheduler;
  /** One way. */
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly random: () => number;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #lastArrivalMs = new WeakMap<object, number>();
  #isCut = false;
  /** By flow: what waits to be sent again; what follows it waits behind it. */
  readonly #kept = new Map<object, (() => void)[]>();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** @param flow what is to keep its order: a connection's end */
  send(flow: object, arrive: () => void): void {
    if (this.#isCut || this.#kept.has(flow)) {
      this.#keep(flow, arrive);
      return;
    }
    const { scheduler, delayMs, jitterMs, random } = this.#options;
    const atMs = Math.max(scheduler.nowMs + delayMs + random() * jitterMs, this.#lastArrivalMs.get(flow) ?? 0);
    this.#lastArrivalMs.set(flow, atMs);
    scheduler.at(atMs, () => {
      // What was on the way when it was cut is lost, and sent again; so is what arrives behind a gap.
      if (this.#isCut || this.#kept.has(flow)) this.#keep(flow, arrive);
      else arrive();
    });
  }

  later(ms: number, run: () => void): void {
    this.#options.scheduler.after(ms, run);
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  cut(): void {
    this.#isCut = true;
  }

  mend(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    const { scheduler, random } = this.#options;
    for (const flow of this.#kept.keys()) scheduler.after(200 + random() * 800, () => this.#sendAgain(flow));
  }

  #sendAgain(flow: object): void {
    if (this.#isCut) return;
    const kept = this.#kept.get(flow) ?? [];
    this.#kept.delete(flow);
    for (const arrive of kept) this.send(flow, arrive);
  }

  #keep(flow: object, arrive: () => void): void {
    const kept = this.#kept.get(flow);
    if (kept) kept.push(arrive);
    else this.#kept.set(flow, [arrive]);
  }
}
