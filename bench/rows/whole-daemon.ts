/** The daemon as its own process, over loopback: the processor time that a gigabyte of raw logs costs it. */
import { ratioOfPairs } from '../harness/pairs.ts';
import { Plant, type PlantOptions } from '../harness/plant.ts';
import { type Measured, meets, type Row, type RunOptions, type Target } from '../harness/row.ts';
import { CPU_PER_GB, Runs } from '../harness/runs.ts';

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

const WANTED_TLS = /^TLSv1\.3 TLS_AES_(128|256)_GCM_/;

/** Missed, whatever the figures, unless both sides had what the row's name says, on each of their connections. */
function withTls(measured: Measured, target: Target, secured: Runs['secured']): Measured {
  const sides = ['daemon', 'floor'].map((name) => ({ name, kinds: [...(secured[name] ?? [])] }));
  const isWanted = sides.every(({ kinds }) => kinds.length > 0 && kinds.every((kind) => WANTED_TLS.test(kind)));
  const note = sides.map(({ name, kinds }) => `${name} ${kinds.join(' and ') || 'without TLS'}`).join(', ');
  return { ...measured, passed: isWanted && meets(target, measured), note };
}

async function againstFloor(plantOptions: PlantOptions, options: RunOptions): Promise<Measured> {
  // The floor's own runs are up to a fifth apart, so a median of five says little.
  const runs = new Runs(options, { pairs: 9 });
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
