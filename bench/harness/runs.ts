/** Runs of whole processes, one after another, each measured in its steady state. */
import type { ChildProcess } from 'node:child_process';
import type { Plant } from './plant.ts';
import { stop } from './processes.ts';
import type { Measured, RunOptions } from './row.ts';
import { measureSteady, type Steady, type SteadyOptions } from './steady.ts';

/** In the names of rows. */
export const CPU_PER_GB = 'CPU per GB';

const QUICK = { warmUpBytes: 0.1e9, measuredBytes: 0.2e9 };
const THOROUGH = { warmUpBytes: 1e9, measuredBytes: 1.5e9 };

export interface Thorough extends Partial<SteadyOptions> {
  readonly pairs?: number;
}

/** Keeps what each run gave, for results.json. */
export class Runs {
  /** How often each side is measured. */
  readonly pairs: number;
  readonly #options: RunOptions;
  readonly #thorough: SteadyOptions;
  readonly #all: Record<string, Steady[]> = {};
  /** By whose they are: protocol and cipher of every connection with TLS. */
  readonly secured: Record<string, Set<string>> = {};

  /** @param thorough how much each run takes, and how many pairs there are, where it is not to be quick */
  constructor(options: RunOptions, { pairs = 5, ...steady }: Thorough = {}) {
    this.#options = options;
    this.#thorough = { ...THOROUGH, ...steady };
    this.pairs = options.quick ? 1 : pairs;
  }

  /** A fresh process, measured in its steady state, and stopped. @returns CPU seconds per GB */
  async cost(name: string, plant: Plant, start: () => ChildProcess | Promise<ChildProcess>): Promise<number> {
    const before = plant.secured.length;
    const child = await start();
    try {
      const steady = await measureSteady(plant, [child], this.#options.quick ? QUICK : this.#thorough);
      this.#all[name] = [...(this.#all[name] ?? []), steady];
      const secured = plant.secured.slice(before).map(({ protocol, cipher }) => `${protocol} ${cipher}`);
      this.secured[name] = new Set([...(this.secured[name] ?? []), ...secured]);
      return steady.cpuSecondsPerGB;
    } finally {
      await stop(child);
    }
  }

  describe({ figures, ...measured }: Measured): Measured {
    return { ...measured, figures: { ...figures, unit: 'CPU seconds per GB of raw logs', runs: this.#all } };
  }
}
