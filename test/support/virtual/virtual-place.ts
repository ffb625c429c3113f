/** Where a test in virtual time takes place: one machine, with whole programs, the whole service, and receivers on it. */
import type { SimulatedDisk } from '../../simulation/disk.ts';
import { createFlows, type TestDaemon, type TestDaemonOptions, testFlow } from '../daemons/daemon.ts';
import { type FaultRun, type FaultRunOptions, serviceOf, startFaultRunAt } from '../daemons/fault-run.ts';
import type { FlowPlace } from '../daemons/flow-scope.ts';
import { createScriptedReceiver, type ScriptedReceiver } from '../receivers/scripted-receiver.ts';
import { createTcpPeer, type TcpPeer, type TcpPeerOptions } from '../receivers/tcp-peer.ts';
import { waitUntil } from '../wait-until.ts';
import { startVirtualCli, type VirtualCli } from './virtual-cli.ts';
import { createVirtualEmulator, type VirtualEmulator } from './virtual-emulator.ts';
import { startVirtualProcess } from './virtual-machine.ts';
import { VirtualNet } from './virtual-net.ts';
import { CountingReceiver } from './virtual-receiver.ts';
import type { VirtualTime } from './virtual-time.ts';

/** For `FlowScope`. */
export function createVirtualFlowPlace(time: VirtualTime): FlowPlace & { readonly net: VirtualNet } {
  const { clock } = time;
  const net = new VirtualNet(time);
  const emulator = createVirtualEmulator(time, { shards: 1 });
  return {
    net,
    emulator,
    freePort: () => Promise.resolve(net.freePort()),
    createReceiver: (port) => new CountingReceiver(time, net, 'tcp', undefined, port),
    createDaemon: (flows, options) => {
      const { machine } = startVirtualProcess({ time, net, emulator });
      return createFlows(flows, { ...options, machine });
    },
    until: (check) => waitUntil(check, { timeoutMs: 90_000, clock }),
    close: () => Promise.resolve(),
  };
}

export type VirtualFaultRun = FaultRun<VirtualCli, VirtualEmulator>;

export interface VirtualFaultRunOptions extends Omit<FaultRunOptions, 'service'> {
  /** Of all daemons; default: each has one of its own. */
  readonly disk?: SimulatedDisk;
}

export interface VirtualPlace {
  readonly net: VirtualNet;
  createEmulator(options?: { readonly shards?: number }): VirtualEmulator;
  createReceiver(): Promise<ScriptedReceiver>;
  createPeer(options?: TcpPeerOptions): Promise<TcpPeer>;
  startFaultRun(options: VirtualFaultRunOptions): Promise<VirtualFaultRun>;
  /** The daemon without its command line. */
  startDaemon(emulator: VirtualEmulator, options: TestDaemonOptions, disk?: SimulatedDisk): Promise<TestDaemon>;
}

export function createVirtualPlace(time: VirtualTime): VirtualPlace {
  const { clock } = time;
  const net = new VirtualNet(time);
  const servers = { clock, createServer: net.createServer };
  return {
    net,
    createEmulator: (options) => createVirtualEmulator(time, options),
    createReceiver: () => createScriptedReceiver(servers),
    createPeer: (options) => createTcpPeer({ ...servers, ...options }),
    startFaultRun: ({ shards = 4, disk, ...options }) => {
      const emulator = createVirtualEmulator(time, { shards });
      const service = serviceOf(emulator, emulator.endpoint);
      const startCli = (args: readonly string[], env: Readonly<Record<string, string>>) =>
        startVirtualCli({ time, net, emulator, ...(disk && { disk }) }, args, env);
      return startFaultRunAt({ clock, startCli, emulator, service }, options);
    },
    startDaemon: async (emulator, options, disk) => {
      const { machine } = startVirtualProcess({ time, net, emulator, ...(disk && { disk }) });
      const daemon = createFlows([await testFlow(emulator, options)], { machine });
      await daemon.start();
      return daemon;
    },
  };
}
