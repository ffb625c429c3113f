/** A daemon, a receiver and the log service in virtual time, new for each test of the file that calls this. */
import { afterEach, beforeEach } from 'vitest';
import type { ScriptedReceiver } from '../receivers/scripted-receiver.ts';
import { createVirtualPlace, type VirtualFaultRun, type VirtualFaultRunOptions } from './virtual-place.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface VirtualFaultScope {
  readonly receiver: ScriptedReceiver;
  readonly run: VirtualFaultRun;
}

export interface VirtualFaultScopeOptions extends Partial<Omit<VirtualFaultRunOptions, 'arrivals' | 'args'>> {
  /** Have arrived when a test begins; default: 500. */
  readonly arrivedLogs?: number;
}

export function useVirtualFaultRun(
  time: VirtualTime,
  { arrivedLogs = 500, ...options }: VirtualFaultScopeOptions = {},
): VirtualFaultScope {
  let receiver: ScriptedReceiver;
  let run: VirtualFaultRun;
  beforeEach(() =>
    time.run(async () => {
      const place = createVirtualPlace(time);
      receiver = await place.createReceiver();
      run = await place.startFaultRun({
        ...options,
        arrivals: receiver,
        args: ['--host', '127.0.0.1', '--port', String(receiver.port)],
      });
      if (arrivedLogs > 0) await run.moreArrived(arrivedLogs);
    }),
  );
  afterEach(() =>
    time.run(async () => {
      await run.close();
      await receiver.close();
    }),
  );
  return {
    get receiver() {
      return receiver;
    },
    get run() {
      return run;
    },
  };
}
