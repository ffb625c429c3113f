/**
 * Handles signals while the program is being loaded, which takes a few hundred milliseconds: without a listener SIGHUP
 * and SIGUSR2 would end the process, and SIGUSR1 would open Node's debugger to everybody on this machine.
 *
 *     SIGHUP, SIGUSR2   ignored: the configuration is not read yet; `run` sets listeners later
 *     SIGUSR1           ignored, for good
 *     SIGTERM, SIGINT   end the process, as long as there is no other listener: there is nothing to save yet
 *
 * This file is loaded first, so it imports nothing that imports other files. Node itself starts before it, for some 40
 * ms in which signals are not handled: no program can change that.
 */
import { constants } from 'node:os';

const ignoreSignal = () => undefined;

const endings = (['SIGTERM', 'SIGINT'] as const).map((signal) => {
  const end = () => {
    if (process.listenerCount(signal) > 1) return;
    process.removeListener(signal, end);
    process.kill(process.pid, signal);
    // The kernel does not deliver a signal without a listener to the first process of a container.
    process.exit(128 + constants.signals[signal]);
  };
  return [signal, end] as const;
});

for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, ignoreSignal);
for (const [signal, end] of endings) process.on(signal, end);
closeDebugger();

/** For the commands beside `run`: closing the terminal ends them, as it ends other programs. */
export function restoreDefaultSignals(): void {
  for (const signal of ['SIGHUP', 'SIGUSR2'] as const) process.removeListener(signal, ignoreSignal);
}

/** Closes Node's debugger, which SIGUSR1 may have opened before there was a listener, unless a flag asked for it. */
export function closeDebugger(): void {
  const isWanted = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((text) => text.includes('--inspect'));
  if (isWanted || !process.features.inspector) return;
  const inspector = process.getBuiltinModule('node:inspector');
  if (inspector.url() !== undefined) inspector.close();
}
