/** The daemon as its own process, over loopback: the processor time that a gigabyte of raw logs costs it. */
import type { ChildProcess } from 'node:child_process';
import { ratioOfPairs } from '../harness/pairs.ts';
import { Plant, type PlantOptions } from '../harness/plant.ts';
import { stop } from '../harness/processes.ts';
import { type Measured, meets, type Row, type RunOptions, type Target } from '../harness/row.ts';
import { measureSteady, type Steady } from '../harness/steady.ts';

const CPU_PER_GB = 'CPU per GB';
const AT_MOST: Target = { atMost: 1.1 };

export const wholeDaemonRows: readonly Row[] = [
  {
    what: `whole daemon ÷ floor, tcp, key=value, access logs: ${CPU_PER_GB}`,
    target: AT_MOST,
    unit: '',
    digits: 2,
    measure: (options) => againstFloor({ profile: 'access', shards: 4 }, options),
  },
  {
    what: `whole daemon ÷ floor, tls 1.3 with AES-GCM, access logs: ${CPU_PER_GB}`,
    target: { atMost: 1.1 },
    unit: '',
    digits: 2,
    measure: (options) => againstFloor({ profile: 'access', shards: 4, tls: true }, options),
  },
  {
    what: `whole daemon ÷ floor, tcp, audit logs: ${CPU_PER_GB}`,
    target: AT_MOST,
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
  /** By whose they are: protocol and cipher of every connection with TLS. */
  readonly secured: Record<string, Set<string>> = {};

  constructor(options: RunOptions) {
    this.#options = options;
  }

  get pairs(): number {
    return this.#options.quick ? 1 : 5;
  }

  /** A fresh process, measured in its steady state, and stopped. @returns CPU seconds per GB */
  async cost(name: string, plant: Plant, start: () => ChildProcess | Promise<ChildProcess>): Promise<number> {
    const before = plant.secured.length;
    const child = await start();
    try {
      const steady = await measureSteady(plant, [child], this.#options.quick ? QUICK : THOROUGH);
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

const WANTED_TLS = /^TLSv1\.3 TLS_AES_(128|256)_GCM_/;

/** Missed, whatever the figures, unless both sides had what the row's name says, on each of their connections. */
function withTls(measured: Measured, target: Target, secured: Runs['secured']): Measured {
  const sides = ['daemon', 'floor'].map((name) => ({ name, kinds: [...(secured[name] ?? [])] }));
  const isWanted = sides.every(({ kinds }) => kinds.length > 0 && kinds.every((kind) => WANTED_TLS.test(kind)));
  const note = sides.map(({ name, kinds }) => `${name} ${kinds.join(' and ') || 'without TLS'}`).join(', ');
  return { ...measured, passed: isWanted && meets(target, measured), note };
}

const QUICK = { warmUpBytes: 0.1e9, measuredBytes: 0.2e9 };
const THOROUGH = { warmUpBytes: 0.7e9, measuredBytes: 1.5e9 };

async function againstFloor(plantOptions: PlantOptions, options: RunOptions): Promise<Measured> {
  const runs = new Runs(options);
  const plant = await Plant.start({ ...plantOptions, quick: options.quick });
  try {
    const measured = runs.describe(
      await ratioOfPairs(
        runs.pairs,
        () => runs.cost('daemon', plant, () => plant.startDaemon()),
        () => runs.cost('floor', plant, () => plant.startFloor()),
      ),
    );
    return plantOptions.tls ? withTls(measured, AT_MOST, runs.secured) : measured;
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
