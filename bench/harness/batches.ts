/** Generated batches: LogGroupLists as large as the service's full pulls. */
import { createGenerator } from '../../src/emulator/generate/generator.ts';

export type BenchProfile = 'access' | 'audit';

export function isBenchProfile(name: string | undefined): name is BenchProfile {
  return name === 'access' || name === 'audit';
}

/** Raw bytes of a full pull. */
export const BATCH_BYTES = 5_000_000;
const SEED = 1;
const TIME_S = 1_790_000_000;

export interface Batch {
  readonly raw: Uint8Array;
  readonly logs: number;
  readonly groups: number;
}

export function generateBatches(profile: BenchProfile, count: number): Batch[] {
  const generator = createGenerator(profile, SEED);
  let sequence = 0;
  const next = (): Batch => {
    const parts: Uint8Array[] = [];
    const from = sequence;
    let groups = 0;
    for (let bytes = 0; bytes < BATCH_BYTES; sequence += generator.logsPerGroup) {
      const group = generator.createGroup(0, sequence, generator.logsPerGroup, TIME_S + Math.floor(sequence / 500));
      parts.push(Uint8Array.of(0x0a, ...lengthVarint(group.length)), group);
      bytes += group.length;
      groups++;
    }
    return { raw: new Uint8Array(Buffer.concat(parts)), logs: sequence - from, groups };
  };
  return Array.from({ length: count }, next);
}

function lengthVarint(length: number): number[] {
  return length < 0x80 ? [length] : [(length & 0x7f) | 0x80, ...lengthVarint(length >>> 7)];
}
