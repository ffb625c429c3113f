/** Resident memory at full speed, over what the same daemon has with nothing to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { spreadOf } from '../harness/pairs.ts';
import { Plant } from '../harness/plant.ts';
import { residentBytes, stop } from '../harness/processes.ts';
import type { Measured, Row, RunOptions } from '../harness/row.ts';
import { waitForBytes } from '../harness/steady.ts';

const MIB = 2 ** 20;
const MOST_MIB = 150;
/** Flat: the last third of the time is, at its median, no more than this above the first. */
const MOST_GROWTH_MIB = 16;
const SAMPLE_MS = 250;
const SHARDS = 64;

export const memoryRows: readonly Row[] = [
  {
    what: 'resident memory at full speed over idle, 64 shards, flat',
    target: { atMost: MOST_MIB },
    unit: ' MiB',
    digits: 0,
    measure,
  },
];

async function measure({ quick, long }: RunOptions): Promise<Measured> {
  const seconds = quick ? 2 : long ? 300 : 20;
  const idleMiB = await idle(quick ? 1_500 : 6_000);
  const plant = await Plant.start({ profile: 'access', shards: SHARDS, quick });
  try {
    const daemon = plant.startDaemon();
    await waitForBytes(plant, [daemon], quick ? 0.1e9 : 2e9);
    const { rawBytes: before } = await plant.served();
    const over: number[] = [];
    for (let sample = 0; sample < (seconds * 1000) / SAMPLE_MS; sample++) {
      await sleep(SAMPLE_MS);
      over.push(residentBytes(daemon) / MIB - idleMiB);
    }
    const { rawBytes: after } = await plant.served();
    const third = Math.floor(over.length / 3);
    const growthMiB = spreadOf(over.slice(-third)).median - spreadOf(over.slice(0, third)).median;
    const spread = spreadOf(over);
    return {
      spread,
      count: over.length,
      passed: spread.max <= MOST_MIB && growthMiB <= MOST_GROWTH_MIB,
      note: `in ${seconds} s its last third is ${growthMiB.toFixed(0)} MiB over its first${long ? '' : '; --long takes 300 s'}`,
      figures: { idleMiB, seconds, growthMiB, rawMBPerSecond: (after - before) / 1e6 / seconds },
    };
  } finally {
    await plant.close();
  }
}

/** MiB. */
async function idle(settleMs: number): Promise<number> {
  const plant = await Plant.start({ profile: 'none', shards: SHARDS });
  try {
    const daemon = plant.startDaemon();
    await sleep(settleMs);
    const bytes = residentBytes(daemon);
    await stop(daemon);
    return bytes / MIB;
  } finally {
    await plant.close();
  }
}
