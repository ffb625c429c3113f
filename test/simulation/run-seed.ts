/** Runs one world to its end. */

import { forbidRealTime } from './guard.ts';
import { drawScenario, type Hazards, noHazards } from './scenario/draw.ts';
import type { Scenario } from './scenario/scenario.ts';
import { Trace } from './trace.ts';
import { startMs, Violation, World } from './world.ts';

export interface SeedResult {
  readonly seed: string;
  readonly virtualMs: number;
  /** Of this process. */
  readonly cpuMs: number;
  readonly events: number;
  readonly logs: number;
  readonly duplicates: number;
  readonly faults: Readonly<Record<string, number>>;
  /** From the last fault until everything had arrived. */
  readonly settledMs: number;
  readonly trace: string;
  readonly failure:
    | { readonly invariant: string; readonly message: string; readonly last: readonly string[] }
    | undefined;
}

export interface RunOptions {
  readonly hazards?: Hazards;
  /** Instead of what the seed draws: a smaller one. */
  readonly scenario?: Scenario;
  readonly write?: (line: string) => void;
}

export async function runSeed(
  seed: string,
  { hazards = noHazards, scenario, write }: RunOptions = {},
): Promise<SeedResult> {
  const cpu = process.cpuUsage();
  const drawn = scenario ?? drawScenario(seed, hazards);
  let trace: Trace | undefined;
  const world = new World(drawn, hazards, (now) => {
    trace = new Trace(now, write);
    return trace;
  });
  let failure: SeedResult['failure'];
  const realTime = forbidRealTime();
  try {
    await world.run();
  } catch (error) {
    const isViolation = error instanceof Violation;
    failure = {
      invariant: isViolation ? error.invariant : 'exception',
      message: isViolation ? error.message : String(error instanceof Error ? error.stack : error),
      last: (trace as Trace).last,
    };
  } finally {
    realTime.end();
  }
  if (realTime.calls.size > 0) {
    // Whoever called it may have swallowed the error.
    const message = `the system was asked for ${[...realTime.calls].join(', ')}`;
    failure = { invariant: 'real time', message, last: (trace as Trace).last };
  }
  return {
    seed,
    virtualMs: world.nowMs - startMs,
    cpuMs: cpuMsSince(cpu),
    events: world.scheduler.events,
    logs: world.logs,
    duplicates: world.duplicates,
    faults: Object.fromEntries(world.faultCounts),
    settledMs: world.longestStallMs,
    trace: (trace as Trace).digest(),
    failure,
  };
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
