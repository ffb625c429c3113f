/** A daemon, a receiver and the log service in virtual time, new for each test of the file that calls this. */
import { afterEach, beforeEach } from 'vitest';
import type { ScriptedReceiver } from './scripted-receiver.ts';
import { createVirtualPlace, type VirtualFaultRun } from './virtual-place.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface VirtualFaultScope {
  readonly receiver: ScriptedReceiver;
  /** 500 logs have arrived when the test begins. */
  readonly run: VirtualFaultRun;
}

export function useVirtualFaultRun(time: VirtualTime): VirtualFaultScope {
  let receiver: ScriptedReceiver;
  let run: VirtualFaultRun;
  beforeEach(() =>
    time.run(async () => {
      const place = createVirtualPlace(time);
      receiver = await place.createReceiver();
      run = await place.startFaultRun({
        arrivals: receiver,
        args: ['--host', '127.0.0.1', '--port', String(receiver.port)],
      });
      await run.moreArrived(500);
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
