/** Every kind of fault that a world can have. A new one is a row in one of these lists (docs/simulation.md). */
import { daemonFaults } from './daemons.ts';
import { diskFaults } from './disks.ts';
import type { FaultKind } from './fault-kind.ts';
import { httpFaults } from './http.ts';
import { receiverHazards } from './receiver-hazards.ts';
import { receiverFaults } from './receivers.ts';
import { serviceFaults } from './service.ts';

export type { FaultKind } from './fault-kind.ts';

export const faultKinds: readonly FaultKind[] = [
  ...daemonFaults,
  ...diskFaults,
  ...httpFaults,
  ...serviceFaults,
  ...receiverFaults,
  ...receiverHazards,
];

export function faultKind(name: string): FaultKind {
  const found = faultKinds.find((kind) => kind.name === name);
  if (!found) throw new Error(`no fault is called ${name}`);
  return found;
}
