import * as enumerations from './enumerations.ts';
import * as numbers from './numbers.ts';
import { records } from './records.ts';
import * as sizes from './sizes.ts';

/** The exports of a module in this folder, sorted by name: loaders list them in different orders. */
export function exportsOf<T>(module: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(module).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** A hash of what is shared, to tell versions of this folder apart: FNV-1a, 32 bits, of JSON. */
export function checksumOf(shared: unknown): number {
  let hash = 0x811c_9dc5;
  for (const byte of Buffer.from(JSON.stringify(shared))) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0;
}

/** Compared at start: a kernel of another build would read the host's numbers wrongly. */
export const interfaceChecksum = checksumOf([
  records,
  exportsOf<object>(enumerations),
  exportsOf(sizes),
  exportsOf(numbers),
]);
