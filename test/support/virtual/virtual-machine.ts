/** What a program in virtual time runs on: a process of its own, on one machine with everybody else. */
import type { Machine } from '../../../src/pipeline/machine.ts';
import { SimulatedDisk } from '../../simulation/disk.ts';
import { SimulatedProcess } from '../../simulation/process.ts';
import type { VirtualEmulator } from './virtual-emulator.ts';
import type { VirtualNet } from './virtual-net.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface VirtualMachineOptions {
  readonly time: VirtualTime;
  readonly net: VirtualNet;
  readonly emulator: VirtualEmulator;
  /** Default: one that nobody looks at. */
  readonly disk?: SimulatedDisk;
}

/** The service tells requests apart by the name of who has sent them. */
let started = 0;

export function startVirtualProcess({ time, net, emulator, disk }: VirtualMachineOptions): {
  readonly process: SimulatedProcess;
  readonly machine: Machine;
} {
  const name = `process-${started++}`;
  const random = () => time.random();
  const process = new SimulatedProcess(time.scheduler, { name, offsetMs: 0, rate: 1, random });
  const machine = {
    clock: process.clock,
    network: net.of(process),
    openHttp: emulator.openFor(process),
    files: (disk ?? new SimulatedDisk(() => undefined)).of(process),
  };
  return { process, machine };
}
