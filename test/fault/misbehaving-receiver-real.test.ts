/** A receiver that is there, and does what it should not: over real sockets, and where it matters what the kernel does. */
import { afterEach, describe, expect, it } from 'vitest';
import { createChoices } from '../support/arbitraries/seed.ts';
import { expectEverything } from '../support/daemons/expect-everything.ts';
import { type FaultRun, startFaultRun } from '../support/daemons/fault-run.ts';
import {
  closesUnread,
  createScriptedReceiver,
  endsFirstAfter,
  type Manner,
  reads,
  resetsAfter,
  type ScriptedReceiver,
} from '../support/receivers/scripted-receiver.ts';
import { waitUntil } from '../support/wait-until.ts';

let receiver: ScriptedReceiver;
let run: FaultRun;

afterEach(async () => {
  await run.close();
  await receiver.close();
});

async function start(args: readonly string[] = []): Promise<void> {
  run = await startFaultRun({
    arrivals: receiver,
    args: ['--host', '127.0.0.1', '--port', String(receiver.port), ...args],
  });
}

describe('a receiver that', () => {
  it.each<[string, (bytes: number) => Manner]>([
    ['resets connections after some bytes', resetsAfter],
    ['ends its side first, after some bytes', endsFirstAfter],
  ])('%s: nothing is lost', async (what, manner) => {
    receiver = await createScriptedReceiver();
    await start();
    const choices = createChoices(what);
    for (let fault = 1; fault <= 2; fault++) {
      await run.moreArrived(500);
      receiver.behave(manner(choices.between(0, 300_000)));
      await waitUntil(() => expect(receiver.broken).toBeGreaterThanOrEqual(fault));
      receiver.behave(reads);
    }
    await run.moreArrived(500);
    await expectEverything(run, receiver);
  });

  it('closes connections unread, with --confirm off: logs are lost', async () => {
    receiver = await createScriptedReceiver();
    await start(['--confirm', 'off']);
    receiver.behave(closesUnread(100));
    await eventuallyConnections(4);
    receiver.behave(reads);
    await run.moreArrived(500);
    expect((await run.settle()).lost).toBeGreaterThan(0);
  });
});

function eventuallyConnections(count: number): Promise<void> {
  return waitUntil(
    () => {
      if (receiver.connections < count) throw new Error(`${receiver.connections} of ${count} connections`);
    },
    { timeoutMs: 30_000 },
  );
}
