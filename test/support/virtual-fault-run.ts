/** A fault run in virtual time: the whole program, the whole service, and a receiver that misbehaves. */
import { type FaultRun, type FaultRunOptions, serviceOf, startFaultRunAt } from './fault-run.ts';
import { createScriptedReceiver, type ScriptedReceiver } from './scripted-receiver.ts';
import { startVirtualCli, type VirtualCli } from './virtual-cli.ts';
import { createVirtualEmulator, type VirtualEmulator } from './virtual-emulator.ts';
import { VirtualNet } from './virtual-net.ts';
import type { VirtualTime } from './virtual-time.ts';

export type VirtualFaultRun = FaultRun<VirtualCli, VirtualEmulator>;

export interface VirtualPlace {
  createReceiver(): Promise<ScriptedReceiver>;
  startFaultRun(options: Omit<FaultRunOptions, 'service'>): Promise<VirtualFaultRun>;
}

export function createVirtualPlace(time: VirtualTime): VirtualPlace {
  const { clock } = time;
  const net = new VirtualNet(time);
  return {
    createReceiver: () => createScriptedReceiver({ clock, createServer: net.createServer }),
    startFaultRun: ({ shards = 4, ...options }) => {
      const emulator = createVirtualEmulator(time, { shards });
      const service = serviceOf(emulator, emulator.endpoint);
      const startCli = (args: readonly string[], env: Readonly<Record<string, string>>) =>
        startVirtualCli(time, net, emulator, args, env);
      return startFaultRunAt({ clock, startCli, emulator, service }, options);
    },
  };
}
