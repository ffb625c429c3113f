/**
 * Signals that come while the program is being loaded, which takes a few hundred milliseconds: without a listener SIGHUP and
 * SIGUSR2 would end the process, and SIGUSR1 would open Node's debugger to everybody on this machine.
 *
 *     SIGHUP, SIGUSR2   nothing: the configuration is not read yet; `run` says later what they mean
 *     SIGUSR1           nothing, for good
 *     SIGTERM, SIGINT   the process ends, as long as nobody else listens; nothing has begun that would have to be saved
 *
 * Loaded before everything else, so nothing may be imported here that brings others with it. Before this file Node itself
 * starts, for some 40 ms, and has none of this: no program can change that.
 */
import { constants } from 'node:os';

const ignoreSignal = () => undefined;

const endings = (['SIGTERM', 'SIGINT'] as const).map((signal) => {
  const end = () => {
    if (process.listenerCount(signal) > 1) return;
    process.removeListener(signal, end);
    process.kill(process.pid, signal);
    // The kernel keeps a signal without a listener from the first process of a container.
    process.exit(128 + constants.signals[signal]);
  };
  return [signal, end] as const;
});

for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, ignoreSignal);
for (const [signal, end] of endings) process.on(signal, end);
closeDebugger();

/** For the commands beside `run`, which the end of a terminal ends, as it does others. */
export function restoreUsualSignals(): void {
  for (const signal of ['SIGHUP', 'SIGUSR2'] as const) process.removeListener(signal, ignoreSignal);
}

/** SIGUSR1 may have opened it before there was a listener. It stays open where somebody has asked for it by a flag. */
export function closeDebugger(): void {
  const isWanted = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((text) => text.includes('--inspect'));
  if (isWanted || !process.features.inspector) return;
  const inspector = process.getBuiltinModule('node:inspector');
  if (inspector.url() !== undefined) inspector.close();
}
