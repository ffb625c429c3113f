/**
 * Scenarios that failed once, each with what was wrong. A scenario and not a seed is kept: what a seed draws changes with
 * every fault that is added to the world, a scenario stays what it is.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Scenario } from './scenario/scenario.ts';

export interface Kept {
  readonly name: string;
  readonly what: string;
  readonly hazards: readonly string[];
  readonly scenario: Scenario;
}

const directory = new URL('kept/', import.meta.url);

export function keptScenarios(): readonly Kept[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => readKept(new URL(file, directory)));
}

export function readKept(file: string | URL): Kept {
  const { what, scenario, hazards = [] } = JSON.parse(readFileSync(file, 'utf8')) as Omit<Kept, 'name'>;
  return { name: basename(String(file), '.json'), what, hazards, scenario };
}
