/**
 * A receiver that is there, and does what it should not: the whole program in virtual time. Over real sockets it is in
 * misbehaving-receiver-real.test.ts.
 */
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { createChoices } from '../support/arbitraries/seed.ts';
import { expectEverything } from '../support/daemons/expect-everything.ts';
import type { InvariantOptions } from '../support/daemons/invariant.ts';
import {
  allowsOnly,
  closesUnread,
  closesWhenIdle,
  endsFirstAfter,
  ignores,
  type Manner,
  neverCloses,
  oneAtATime,
  reads,
  readsAt,
  resetsAfter,
  type ScriptedReceiver,
  stallsAfter,
} from '../support/receivers/scripted-receiver.ts';
import { createVirtualPlace, type VirtualFaultRun, type VirtualPlace } from '../support/virtual/virtual-place.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();

let receiver: ScriptedReceiver;
let run: VirtualFaultRun;
let place: VirtualPlace;

beforeEach(() => {
  place = createVirtualPlace(time);
});

afterEach(() =>
  time.run(async () => {
    await run.close();
    await receiver.close();
  }),
);

async function start(args: readonly string[] = [], options: InvariantOptions = {}): Promise<void> {
  run = await place.startFaultRun({
    arrivals: receiver,
    args: ['--host', '127.0.0.1', '--port', String(receiver.port), ...args],
    ...options,
  });
}

describe('a receiver that', () => {
  it.each<[string, (bytes: number) => Manner]>([
    ['resets connections after some bytes', resetsAfter],
    ['ends its side first, after some bytes', endsFirstAfter],
  ])('%s: nothing is lost', async (what, manner) => {
    receiver = await place.createReceiver();
    await start();
    const choices = createChoices(what);
    for (let fault = 1; fault <= 4; fault++) {
      await run.moreArrived(500);
      receiver.behave(manner(choices.between(0, 300_000)));
      await time.until(() => receiver.broken >= fault);
      receiver.behave(reads);
    }
    await run.moreArrived(500);
    await expectEverything(run, receiver);
  });

  it('breaks every connection sooner than it is confirmed: said, and nothing is lost', async () => {
    receiver = await place.createReceiver();
    receiver.behave(allowsOnly(500));
    await start(['--confirm-interval', '10s']);
    const told = await run.daemon.waitForLog('set --confirm-interval', 30_000);
    expect(told.lastLivedMs).toBeGreaterThanOrEqual(400);
    expect(told.lastLivedMs).toBeLessThan(10_000);
    receiver.behave(reads);
    await expectEverything(run, receiver);
  });

  it('closes connections unread: nothing is lost', async () => {
    receiver = await place.createReceiver();
    await start();
    await run.moreArrived(500);
    const before = receiver.connections;
    receiver.behave(closesUnread(100));
    await eventuallyConnections(before + 4);
    receiver.behave(reads);
    await run.moreArrived(2_000);
    await expectEverything(run, receiver);
  });

  it('closes connections unread, with --confirm off: logs are lost', async () => {
    receiver = await place.createReceiver();
    await start(['--confirm', 'off']);
    receiver.behave(closesUnread(100));
    await eventuallyConnections(4);
    receiver.behave(reads);
    await run.moreArrived(500);
    expect((await run.settle()).lost).toBeGreaterThan(0);
  });

  it('closes while idle: nothing is lost', async () => {
    receiver = await place.createReceiver();
    await start(['--confirm-interval', '2s']);
    await run.moreArrived(500);
    receiver.behave(closesWhenIdle(300));
    for (let pause = 0; pause < 3; pause++) {
      const before = receiver.connections;
      run.emulator.setRate({ logsPerSecond: 0 });
      await eventuallyConnections(before + 1);
      run.emulator.setRate({ logsPerSecond: 1_500 });
      await run.moreArrived(300);
    }
    receiver.behave(reads);
    await run.moreArrived(500);
    expect(receiver.broken).toBeGreaterThan(0);
    await expectEverything(run, receiver);
  });

  it('refuses for a while, three times: nothing is lost', async () => {
    receiver = await place.createReceiver();
    await start();
    const choices = createChoices('refuses for a while');
    for (let refusal = 0; refusal < 3; refusal++) {
      await run.moreArrived(500);
      await receiver.refuse();
      await time.sleep(choices.between(200, 600));
      await receiver.listen();
    }
    await run.moreArrived(500);
    expect(receiver.broken).toBeGreaterThan(0);
    await expectEverything(run, receiver);
  });

  it('reads 50 KB a second for a while: nothing is lost', async () => {
    receiver = await place.createReceiver();
    await start(['--confirm-timeout', '500ms'], { allowsStale: true });
    await run.moreArrived(500);
    const before = receiver.connections;
    receiver.behave(readsAt(50_000));
    await eventuallyConnections(before + 2);
    receiver.behave(reads);
    await run.moreArrived(2_000);
    const { generated, received, lost } = await run.settle();
    expect(lost).toBe(0);
    expect(received).toBe(generated);
  });

  it('stops reading for a while, and goes on: nothing is lost', async () => {
    receiver = await place.createReceiver();
    await start([], { allowsStale: true });
    await run.moreArrived(500);
    receiver.behave(stallsAfter(50_000, 1_500));
    await run.moreArrived(3_000);
    receiver.behave(reads);
    await run.moreArrived(500);
    const { generated, received, violations } = await run.settle();
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
  });

  it('accepts and never reads, for a while: nothing is lost', async () => {
    receiver = await place.createReceiver();
    await start(['--confirm-timeout', '500ms', '--timeout', '1s']);
    await run.moreArrived(500);
    const before = receiver.connections;
    receiver.behave(ignores);
    await eventuallyConnections(before + 3);
    receiver.behave(reads);
    await run.moreArrived(2_000);
    const { generated, received, violations } = await run.settle();
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
  });

  it('takes one connection at a time: noticed, and nothing is lost or sent twice', async () => {
    receiver = await place.createReceiver();
    receiver.behave(oneAtATime());
    await start([], { allowsMixing: true });
    await run.daemon.waitForLog('the receiver takes one connection at a time');
    await run.moreArrived(5_000);
    const { generated, received, duplicates, violations } = await run.settle();
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
    expect(duplicates).toBe(0);
  });

  it('resets all connections, whatever is on them, without --strict-order: nothing is lost', async () => {
    receiver = await place.createReceiver();
    await start([], { allowsMixing: true });
    const choices = createChoices('resets without --strict-order');
    for (let fault = 1; fault <= 5; fault++) {
      await run.moreArrived(300);
      await time.sleep(choices.between(0, 600)); // at any point of a rotation
      receiver.resetAll();
    }
    await run.moreArrived(500);
    const { generated, received, duplicates, violations } = await run.settle();
    console.info(`${generated} logs, 5 resets, ${duplicates} duplicated`);
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
    expect(await run.daemon.stop()).toBe(0);
  });

  it('does not answer an end at first: asked again, and confirmed from then on', async () => {
    receiver = await place.createReceiver();
    receiver.behave(neverCloses);
    await start();
    await run.daemon.waitForLog('the receiver has not answered the end of a connection');
    await run.moreArrived(500);
    receiver.behave(reads);
    await run.daemon.waitForLog('deliveries are confirmed', 30_000);
    for (let fault = 1; fault <= 4; fault++) {
      await run.moreArrived(300);
      receiver.resetAll();
    }
    await run.moreArrived(500);
    const { generated, received, violations } = await run.settle();
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
    expect(await run.daemon.stop()).toBe(0);
  });

  // A receiver that is restarted as we start; anybody on the way can send resets, too.
  it('resets the first connection, then refuses, then answers: nothing unread is checkpointed', async () => {
    receiver = await place.createReceiver();
    receiver.behave(resetsAfter(0));
    await start([], { allowsMixing: true });
    await eventuallyConnections(1);
    await receiver.refuse();
    await time.sleep(300);
    receiver.behave(resetsAfter(0));
    await receiver.listen();
    await eventuallyConnections(5);
    receiver.behave(reads);
    await run.moreArrived(500);
    receiver.resetAll();
    await run.moreArrived(500);
    const { generated, received, violations } = await run.settle();
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
    expect(run.daemon.logged().some(({ msg }) => String(msg).includes('does not answer'))).toBe(false);
  });

  it('never answers an end: checkpoints wait, then it is warned of, and served as without confirmation', async () => {
    receiver = await place.createReceiver();
    receiver.behave(neverCloses);
    await start(['--confirm-timeout', '300ms', '--confirm-patience', '3s']);
    const warning = await run.daemon.waitForLog('the receiver does not answer the end of a connection');
    expect(warning.level).toBe('warn');
    await run.moreArrived(1_000);
    const { generated, received, duplicates } = await run.settle();
    expect(received).toBe(generated);
    expect(duplicates).toBe(0);
  });
});

function eventuallyConnections(count: number): Promise<void> {
  return time.until(() => receiver.connections >= count, 30_000);
}
