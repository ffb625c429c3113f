/** The daemon as its own process, over loopback: the processor time that a gigabyte of raw logs costs it. */
import type { ChildProcess } from 'node:child_process';
import { ratioOfPairs } from '../harness/pairs.ts';
import { Plant, type PlantOptions } from '../harness/plant.ts';
import { stop } from '../harness/processes.ts';
import type { Measured, Row, RunOptions } from '../harness/row.ts';
import { measureSteady, type Steady } from '../harness/steady.ts';

const CPU_PER_GB = 'CPU per GB';

export const wholeDaemonRows: readonly Row[] = [
  {
    what: `whole daemon ÷ floor, tcp, key=value, access logs: ${CPU_PER_GB}`,
    target: { atMost: 1.1 },
    unit: '',
    digits: 2,
    measure: (options) => againstFloor({ profile: 'access', shards: 4 }, options),
  },
  {
    what: `whole daemon ÷ floor, tls 1.3, access logs: ${CPU_PER_GB}`,
    target: { atMost: 1.1 },
    unit: '',
    digits: 2,
    measure: (options) => againstFloor({ profile: 'access', shards: 4, tls: true }, options),
  },
  {
    what: `whole daemon ÷ floor, tcp, audit logs: ${CPU_PER_GB}`,
    target: { atMost: 1.1 },
    unit: '',
    digits: 2,
    measure: (options) => againstFloor({ profile: 'audit', shards: 4 }, options),
  },
  {
    what: `escaping on ÷ --escape none, access logs: ${CPU_PER_GB}`,
    target: { atMost: 1.1 },
    unit: '',
    digits: 2,
    measure: escapingAgainstNone,
  },
  {
    what: `64 shards ÷ 1 shard: ${CPU_PER_GB}`,
    target: { atMost: 1.15 },
    unit: '',
    digits: 2,
    measure: manyAgainstOne,
  },
];

/** Keeps what each run gave, for results.json. */
class Runs {
  readonly #options: RunOptions;
  readonly #all: Record<string, Steady[]> = {};

  constructor(options: RunOptions) {
    this.#options = options;
  }

  get pairs(): number {
    return this.#options.quick ? 1 : 5;
  }

  /** A fresh process, measured in its steady state, and stopped. @returns CPU seconds per GB */
  async cost(name: string, plant: Plant, start: () => ChildProcess | Promise<ChildProcess>): Promise<number> {
    const child = await start();
    try {
      const steady = await measureSteady(plant, [child], this.#options.quick ? QUICK : THOROUGH);
      this.#all[name] = [...(this.#all[name] ?? []), steady];
      return steady.cpuSecondsPerGB;
    } finally {
      await stop(child);
    }
  }

  describe({ figures, ...measured }: Measured): Measured {
    return { ...measured, figures: { ...figures, unit: 'CPU seconds per GB of raw logs', runs: this.#all } };
  }
}

const QUICK = { warmUpBytes: 0.1e9, measuredBytes: 0.2e9 };
const THOROUGH = { warmUpBytes: 0.7e9, measuredBytes: 1.5e9 };

async function againstFloor(plantOptions: PlantOptions, options: RunOptions): Promise<Measured> {
  const runs = new Runs(options);
  const plant = await Plant.start({ ...plantOptions, quick: options.quick });
  try {
    return runs.describe(
      await ratioOfPairs(
        runs.pairs,
        () => runs.cost('daemon', plant, () => plant.startDaemon()),
        () => runs.cost('floor', plant, () => plant.startFloor()),
      ),
    );
  } finally {
    await plant.close();
  }
}

async function escapingAgainstNone(options: RunOptions): Promise<Measured> {
  const runs = new Runs(options);
  const plant = await Plant.start({ profile: 'access', shards: 4, quick: options.quick });
  try {
    return runs.describe(
      await ratioOfPairs(
        runs.pairs,
        () => runs.cost('escaping', plant, () => plant.startDaemon()),
        () => runs.cost('none', plant, () => plant.startDaemon({ args: ['--escape', 'none'] })),
      ),
    );
  } finally {
    await plant.close();
  }
}

async function manyAgainstOne(options: RunOptions): Promise<Measured> {
  const runs = new Runs(options);
  const [many, one] = await Promise.all([
    Plant.start({ profile: 'access', shards: 64, quick: options.quick }),
    Plant.start({ profile: 'access', shards: 1, quick: options.quick }),
  ]);
  try {
    return runs.describe(
      await ratioOfPairs(
        runs.pairs,
        () => runs.cost('64 shards', many, () => many.startDaemon()),
        () => runs.cost('1 shard', one, () => one.startDaemon()),
      ),
    );
  } finally {
    await Promise.all([many.close(), one.close()]);
  }
}
