import { afterEach, beforeEach, describe, expect } from 'vitest';
import { DeliveryLostError } from '../../../../src/core/errors.ts';
import type { Strategy } from '../../../../src/sink/receivers/placement.ts';
import {
  createReceiversUnderTest,
  type Member,
  type ReceiversUnderTest,
} from '../../../support/receivers/receivers-harness.ts';
import { never } from '../../../support/receivers/sink-harness.ts';
import { useVirtualTime } from '../../../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();

let under: ReceiversUnderTest;
let a: Member;
let b: Member;

async function start(count: number, strategy: Strategy): Promise<void> {
  under = createReceiversUnderTest(time.clock, count, strategy);
  const started = under.sink.start(never);
  for (const member of under.members) member.up();
  await started;
  [a, b] = under.members as [Member, Member];
}

function textOf(member: Member): string {
  return member.received.join('');
}

afterEach(() => under.sink.destroy());

describe('failover', () => {
  beforeEach(() => start(2, 'failover'));

  it('delivers to the first, and reports what becomes of it', async () => {
    await under.send('s', 1);
    a.confirm();
    expect(under.events.history).toEqual(['sent 1', 'confirmed 1']);
    expect([textOf(a), textOf(b)]).toEqual(['s.1 ', '']);
  });

  it('waits a moment for a receiver that is restarted', async () => {
    await under.send('s', 1);
    a.down();
    expect(under.events.history).toEqual(['sent 1', 'lost 1']);
    const again = under.send('s', 2);
    a.up();
    await again;
    expect([textOf(a), textOf(b)]).toEqual(['s.1 s.2 ', '']);
  });

  it('moves what waits to the next one when it does not come back, and tells so once', async () => {
    a.down();
    await under.send('s', 1);
    await under.send('t', 2);
    expect([textOf(a), textOf(b)]).toEqual(['', 's.1 t.2 ']);
    const told = under.lines.filter(({ level }) => level === 'warn');
    expect(told.map(({ fields }) => [fields.before, fields.now])).toEqual([['tcp://a:514', 'tcp://b:514']]);
  });

  it('moves a delivery that was opened with a receiver and not begun when that went down', async () => {
    await under.send('s', 1);
    a.confirm();
    const delivery = under.sink.deliver({ stream: 's', id: 2 });
    under.sink.deliver({ stream: 't', id: 3 }).end(); // everything that is open is placed with it
    a.down();
    await expect(delivery.write(under.chunks.chunk(['x ']))).rejects.toThrow(DeliveryLostError);
    expect(under.events.history).toContain('lost 2');
    await under.send('s', 4);
    expect(textOf(b)).toBe('s.4 ');
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });

  it('returns to the first when that has been up for long enough, each stream after its confirmation', async () => {
    a.down();
    await under.send('s', 1);
    b.confirmsWhenAsked = false;
    a.up();
    await under.send('t', 2);
    await time.until(() => expect(under.lines.at(-1)?.fields.now).toBe('tcp://a:514'));
    const next = under.send('s', 3);
    await under.send('u', 4);
    expect(textOf(a)).toBe('u.4 '); // that stream has nothing with the other
    expect(b.confirmsAsked).toBeGreaterThan(0);
    b.confirm();
    await next;
    expect([textOf(a), textOf(b)]).toEqual(['u.4 s.3 ', 's.1 t.2 ']);
    a.confirm();
    expect(under.events.history.filter((each) => each.startsWith('confirmed'))).toEqual([
      'confirmed 1',
      'confirmed 2',
      'confirmed 4',
      'confirmed 3',
    ]);
  });

  it('loses what a receiver that is ejected has not confirmed, and does not believe it later', async () => {
    for (const [stream, id] of [
      ['s', 1],
      ['t', 2],
      ['u', 3],
    ] as const) {
      await under.send(stream, id);
    }
    const open = under.sink.deliver({ stream: 'v', id: 4 });
    await open.write(under.chunks.chunk(['v.4 ']));
    a.loseOldest();
    await time.sleep(40); // or it were one strike with the next
    expect(under.events.history).toEqual(['sent 1', 'sent 2', 'sent 3', 'lost 1']);
    a.loseOldest();
    await expect(open.write(under.chunks.chunk(['v.4 ']))).rejects.toThrow(DeliveryLostError);
    const history = [...under.events.history];
    expect(history.slice(4).toSorted()).toEqual(['lost 2', 'lost 3', 'lost 4']);
    a.confirm();
    expect(a.confirmed.map(({ ref: mark }) => mark.id)).toEqual([3]);
    expect(under.events.history).toEqual(history);
    await under.send('u', 5);
    expect(textOf(b)).toBe('u.5 ');
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });

  it('waits while all are down, and goes on with the first that comes', async () => {
    a.down();
    b.down();
    await time.until(() => expect(under.lines.at(-1)?.message).toContain('no receiver is left'));
    expect(under.sink.status.state).toBe('down');
    expect(under.sink.status.lastError).toContain('tcp://b:514: ');
    const waiting = under.send('s', 1);
    b.up();
    await waiting;
    expect(textOf(b)).toBe('s.1 ');
    expect(under.sink.status).toMatchObject({ state: 'up', peer: 'tcp://a:514, tcp://b:514', lastError: undefined });
  });

  it('loses what is held behind a loss in the same stream', async () => {
    a.down();
    await under.send('s', 1);
    a.up();
    b.confirmsWhenAsked = false;
    await time.until(() => expect(under.lines.at(-1)?.fields.now).toBe('tcp://a:514'));
    const held = under.send('s', 2);
    b.down();
    await expect(held).rejects.toThrow(DeliveryLostError);
    expect(under.events.history.slice(-2)).toEqual(['lost 1', 'lost 2']);
    expect(textOf(a)).toBe('');
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });

  it('abandons: what is held goes nowhere, and nothing is reported', async () => {
    a.down();
    const delivery = under.sink.deliver({ stream: 's', id: 1 });
    const written = delivery.write(under.chunks.chunk(['x ']));
    delivery.abandon();
    await expect(written).rejects.toThrow(DeliveryLostError);
    await under.send('s', 2);
    expect(textOf(b)).toBe('s.2 ');
    expect(under.events.history).toEqual(['sent 2']);
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });

  it('drains: what is held first, then every receiver', async () => {
    a.down();
    const held = under.send('s', 1);
    const drained = under.sink.drain(5_000);
    await held;
    expect(await drained).toBe(true);
    expect(under.events.history).toEqual(['sent 1', 'confirmed 1']);
    expect(under.sink.status.state).toBe('closed');
    await expect(under.send('s', 2)).rejects.toThrow(DeliveryLostError);
    expect(under.events.history.at(-1)).toBe('lost 2');
  });

  it('drains with false when nobody takes what is held', async () => {
    a.down();
    b.down();
    const held = under.send('s', 1);
    const settled = expect(held).rejects.toThrow(DeliveryLostError);
    expect(await under.sink.drain(80)).toBe(false);
    under.sink.destroy();
    await settled;
    expect(under.events.history).toEqual(['lost 1']);
  });
});

describe('load balancing', () => {
  beforeEach(() => start(3, 'load-balance'));

  const streams = Array.from({ length: 20 }, (_, shard) => String(shard));

  function streamsOf(member: Member): string[] {
    return [...new Set(member.received.map((frame) => frame.split('.')[0] ?? ''))];
  }

  it('keeps each stream with one receiver, moves those of one that goes, and brings them back', async () => {
    for (const stream of streams) await under.send(stream, 1);
    for (const stream of streams) await under.send(stream, 2);
    const before = under.members.map(streamsOf);
    expect(before.flat().length).toBe(streams.length);
    expect(before.every((its) => its.length > 0)).toBe(true);

    a.down();
    for (const stream of streams) await under.send(stream, 3);
    expect(streamsOf(a)).toEqual(before[0]);
    expect(new Set([...streamsOf(b), ...streamsOf(under.members[2] as Member)])).toEqual(new Set(streams));

    a.up();
    await time.until(() => expect(under.lines.at(-1)?.fields.now).toContain('tcp://a:514'));
    for (const member of under.members) member.received.length = 0;
    await Promise.all(streams.map((stream) => under.send(stream, 4)));
    expect(under.members.map((member) => streamsOf(member).toSorted())).toEqual(before.map((its) => its.toSorted()));
  });

  it('does not let a receiver that is down hold up the streams of the others', async () => {
    await Promise.all(streams.map((stream) => under.send(stream, 1)));
    const ofOthers = streams.filter((stream) => !streamsOf(a).includes(stream));
    a.down();
    under.sink.deliver({ stream: streamsOf(a)[0] ?? '', id: 2 }).write(under.chunks.chunk(['held ']));
    let isOver = false;
    await Promise.all(ofOthers.map((stream) => under.send(stream, 3))).then(() => {
      isOver = true;
    });
    expect(isOver).toBe(true);
  });
});

describe('the start', () => {
  it('is over when one receiver is up, the others going on by themselves', async () => {
    under = createReceiversUnderTest(time.clock, 2, 'failover');
    const started = under.sink.start(never);
    under.members[0]?.down();
    under.members[1]?.up();
    await started;
    await under.send('s', 1);
    expect(under.members[1]?.received).toEqual(['s.1 ']);
  });

  it('prefers the first although another is quicker', async () => {
    under = createReceiversUnderTest(time.clock, 2, 'failover');
    const started = under.sink.start(never);
    under.members[1]?.up();
    time.clock.timer(20, () => under.members[0]?.up());
    await started;
    await under.send('s', 1);
    expect(under.members[0]?.received).toEqual(['s.1 ']);
  });

  it('is given up with the signal, for its reason', async () => {
    under = createReceiversUnderTest(time.clock, 2, 'failover');
    const controller = new AbortController();
    const started = under.sink.start(controller.signal);
    controller.abort(new Error('enough'));
    await expect(started).rejects.toThrow('enough');
  });
});

it('adds nothing to a stream whose receiver answers at once, over many turns', async () => {
  await start(2, 'failover');
  for (let id = 0; id < 200; id++) {
    await under.send('s', id);
    a.confirm();
  }
  expect(under.events.count('confirmed')).toBe(200);
  expect(a.confirmsAsked).toBe(0);
});
