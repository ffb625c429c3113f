/** What happens to the disks that dead letters are written to. */
import type { World } from '../world.ts';
import { chosen, type FaultKind } from './fault-kind.ts';

function disk(name: string, break_: (of: NonNullable<ReturnType<typeof diskOf>>, luck: number) => void): FaultKind {
  return {
    name,
    weight: 1,
    lastsMs: [500, 20_000],
    fits: ({ load }) => load.largeEvery !== undefined,
    begin: (world, { luck }) => {
      const its = diskOf(world, luck[0]);
      if (!its) return undefined;
      break_(its, luck[1]);
      return () => {
        its.state = 'well';
        its.delayMs = 0;
      };
    },
  };
}

function diskOf(world: World, luck: number) {
  return chosen(world.daemons, luck)?.disk;
}

export const diskFaults: readonly FaultKind[] = [
  disk('disk-full', (its) => {
    its.state = 'full';
  }),
  disk('disk-failing', (its) => {
    its.state = 'failing';
  }),
  disk('disk-slow', (its, luck) => {
    its.delayMs = 100 + luck * 15_000;
  }),
];
