/**
 * Virtual time: events in the order in which they are due, and nothing in between. The clock jumps to the next event;
 * idle time costs nothing. What is due at the same moment runs in the order in which it was scheduled.
 *
 * Behind each event every promise that it settled is followed to its end (the microtasks are run), before the next event.
 */

/** An event to come. */
export interface Scheduled {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** So many events without the time going on are a loop that never ends. */
const mostEventsInAMoment = 2_000_000;
/** Events that one real turn of the event loop runs. */
const eventsATurn = 256;

export class Scheduler {
  readonly #heap: Scheduled[] = [];
  #order = 0;
  #nowMs: number;
  #sameMoment = 0;
  events = 0;

  /** @param startMs of virtual time */
  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  /** Milliseconds; fractions count. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Something is to come. */
  get nextAtMs(): number | undefined {
    for (let next = this.#heap[0]; next && !next.run; next = this.#heap[0]) this.#pop();
    return this.#heap[0]?.atMs;
  }

  at(atMs: number, run: () => void): Scheduled {
    const scheduled: Scheduled = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run };
    this.#push(scheduled);
    return scheduled;
  }

  after(delayMs: number, run: () => void): Scheduled {
    return this.at(this.#nowMs + Math.max(0, delayMs), run);
  }

  cancel(scheduled: Scheduled | undefined): void {
    if (scheduled) scheduled.run = undefined;
  }

  /**
   * Runs what is due up to `untilMs`, and stands there then.
   * @param check called behind each event and its microtasks; what it throws ends the run
   */
  run(untilMs: number, check: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (isLast: boolean) => {
        if (isOver) return;
        try {
          check();
          if (!this.#runNext(untilMs)) {
            isOver = true;
            this.#nowMs = Math.max(this.#nowMs, untilMs);
            // Microtasks of the last event ran before this step.
            resolve();
            return;
          }
        } catch (error) {
          isOver = true;
          reject(error);
          return;
        }
        if (isLast) turn();
      };
      let isOver = false;
      // Node runs all microtasks between two immediates of one turn.
      const turn = () => {
        for (let i = 1; i <= eventsATurn; i++) setImmediate(step, i === eventsATurn);
      };
      turn();
    });
  }

  #runNext(untilMs: number): boolean {
    const atMs = this.nextAtMs;
    if (atMs === undefined || atMs > untilMs) return false;
    const { run } = this.#pop()!;
    this.#sameMoment = atMs > this.#nowMs ? 0 : this.#sameMoment + 1;
    if (this.#sameMoment > mostEventsInAMoment) throw new Error(`time stands still at ${atMs} ms: events without end`);
    this.#nowMs = atMs;
    this.events++;
    run!();
    return true;
  }

  #push(scheduled: Scheduled): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(scheduled);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(scheduled, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = scheduled;
  }

  #pop(): Scheduled | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
