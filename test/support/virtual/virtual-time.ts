/**
 * A test in virtual time: what waits for the clock costs no real time, and how busy the machine is makes no difference.
 *
 * Time goes on while the body of `run` waits, from one event to the next, and stands still otherwise. So all that the
 * body waits for has to come from this clock: no sockets, no files, no timers of the system's.
 */
import { beforeEach, type TestAPI, it as usualIt } from 'vitest';
import type { Clock } from '../../../src/core/time/clock.ts';
import { Chance } from '../../simulation/chance.ts';
import { SimulatedProcess } from '../../simulation/process.ts';
import { Scheduler } from '../../simulation/scheduler.ts';
import { waitUntil } from '../wait-until.ts';

/** 2026-01-01, and a bit. */
const startMs = 1_767_225_600_000;
/** Of virtual time; a test that takes longer waits for what does not come. */
const longestMs = 24 * 3_600_000;
const usualBoundMs = 60_000;

interface Waiter {
  readonly isMet: () => boolean;
}

export class VirtualTime {
  #scheduler = new Scheduler(startMs);
  #process = this.#newProcess();
  #waiters: Waiter[] = [];
  /** What the clock's `random` gives; the same in every run, unless a test has something else. */
  random: () => number = newRandom();

  /** As one that is new: nothing of what was to come comes. */
  reset(): void {
    this.#process.kill();
    this.#scheduler = new Scheduler(startMs);
    this.#process = this.#newProcess();
    this.#waiters = [];
    this.random = newRandom();
  }

  get scheduler(): Scheduler {
    return this.#scheduler;
  }

  get process(): SimulatedProcess {
    return this.#process;
  }

  get clock(): Clock {
    return this.#process.clock;
  }

  /** Milliseconds since the beginning. */
  get elapsedMs(): number {
    return this.scheduler.nowMs - startMs;
  }

  /** Lets time go on until the body has ended. @returns its outcome */
  async run<T>(body: () => T | Promise<T>): Promise<T> {
    let isOver = false;
    const outcome = (async () => body())().finally(() => {
      isOver = true;
    });
    outcome.catch(() => undefined); // looked at in the end
    const pausing = new Error('the body goes on');
    const check = () => {
      const { length } = this.#waiters;
      if (length > 0) this.#waiters = this.#waiters.filter(({ isMet }) => !isMet());
      // Who waited is to go on before the next event.
      if (isOver || this.#waiters.length < length) throw pausing;
    };
    for (;;) {
      const failure = await this.#scheduler.run(startMs + longestMs, check).then(
        () => new Error('the test waits for something that nothing is going to bring'),
        (error: unknown) => error,
      );
      if (isOver) return outcome;
      if (failure !== pausing) throw failure;
    }
  }

  sleep(ms: number): Promise<void> {
    return this.clock.sleep(ms);
  }

  /**
   * Until `check` holds: looked at behind each event, so at the very moment.
   * @param check holds when it does not throw, and does not return `false`
   * @throws what it threw last, after so much virtual time
   */
  until(check: () => unknown, boundMs = usualBoundMs): Promise<void> {
    return new Promise((resolve, reject) => {
      let failure: unknown;
      const isMet = () => {
        if (isGivenUp) return true;
        try {
          if (check() === false) {
            failure = undefined;
            return false;
          }
        } catch (error) {
          failure = error;
          return false;
        }
        this.clock.cancel(bound);
        resolve();
        return true;
      };
      let isGivenUp = false;
      const bound = this.clock.timer(boundMs, () => {
        isGivenUp = true;
        reject(failure ?? new Error(`it does not come to be: ${check}`));
      });
      if (!isMet()) this.#waiters.push({ isMet });
    });
  }

  /** The same, looked at now and then only: for checks that take long. */
  poll<T>(check: () => T | Promise<T>, timeoutMs = 15_000, intervalMs = 20): Promise<T> {
    return waitUntil(check, { timeoutMs, intervalMs, clock: this.clock });
  }

  /** How long something takes. */
  async timed(work: () => Promise<unknown>): Promise<number> {
    const sinceMs = this.scheduler.nowMs;
    await work();
    return this.scheduler.nowMs - sinceMs;
  }

  /** Whether it is not settled yet. */
  async isPending(promise: Promise<unknown>): Promise<boolean> {
    let isPending = true;
    const settled = () => {
      isPending = false;
    };
    promise.then(settled, settled);
    await this.clock.turn();
    return isPending;
  }

  #newProcess(): SimulatedProcess {
    const random = () => this.random();
    return new SimulatedProcess(this.#scheduler, { name: 'test', offsetMs: 0, rate: 1, random });
  }
}

function newRandom(): () => number {
  return new Chance('virtual time').next;
}

type Body<Args extends unknown[]> = (...args: Args) => unknown;

interface VirtualIt {
  (name: string, body: Body<[]>, timeoutMs?: number): void;
  readonly each: TestAPI['each'];
}

/** For the file that calls it: an `it` whose bodies run in virtual time, and that time, which is new in each test. */
export function useVirtualTime(): { readonly it: VirtualIt; readonly time: VirtualTime } {
  const time = new VirtualTime();
  beforeEach(() => time.reset());
  const virtually =
    <Args extends unknown[]>(body: Body<Args>) =>
    async (...args: Args) => {
      await time.run(() => body(...args));
    };
  const it = (name: string, body: Body<[]>, timeoutMs?: number) => usualIt(name, virtually(body), timeoutMs);
  const each = (cases: readonly unknown[]) => (name: string, body: Body<unknown[]>, timeoutMs?: number) =>
    usualIt.each(cases)(name, virtually(body), timeoutMs);
  return { it: Object.assign(it, { each: each as unknown as TestAPI['each'] }), time };
}

/** In a virtual time of its own. */
export function inVirtualTime<T>(body: (time: VirtualTime) => Promise<T>): Promise<T> {
  const time = new VirtualTime();
  return time.run(() => body(time));
}
