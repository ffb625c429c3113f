/** What a kind of fault is. */
import type { FaultPlan, Scenario } from '../scenario/scenario.ts';
import type { World } from '../world.ts';

export interface FaultKind {
  readonly name: string;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** The shortest and the longest; 0 and 0: it is over at once. */
  readonly lastsMs: readonly [number, number];
  /** A trouble that is known and not mended: drawn only where it is asked for by this name (open-troubles.ts). */
  readonly hazard?: string;
  /** Whether such a world can have it. */
  fits?(plan: Pick<Scenario, 'daemons' | 'outlets' | 'load' | 'service'>): boolean;
  /** @returns what ends it */
  begin(world: World, fault: FaultPlan): (() => void) | undefined;
}

/** The one of a list that the fault's luck points at. */
export function chosen<T>(list: readonly T[], luck: number): T | undefined {
  return list[Math.floor(luck * list.length)];
}
