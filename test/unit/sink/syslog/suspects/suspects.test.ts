/** How the message is found that breaks connections: by trials on a scripted receiver. */
import { describe, expect } from 'vitest';
import { createDeferred } from '../../../../../src/core/deferred.ts';
import { AppError, DeliveryLostError } from '../../../../../src/core/errors.ts';
import type { OnRefused } from '../../../../../src/sink/sink.ts';
import type { Entry } from '../../../../../src/sink/syslog/link/entry.ts';
import type { Connection } from '../../../../../src/sink/syslog/link/transport.ts';
import { Suspects } from '../../../../../src/sink/syslog/suspects/suspects.ts';
import { ChunkMaker, type TestMark } from '../../../../support/receivers/sink-harness.ts';
import { useVirtualTime } from '../../../../support/virtual/virtual-time.ts';

type End = 'confirmed' | 'broken' | 'silent' | 'never';

const codes = { broken: 'econnreset', silent: 'confirm-timeout' } as const;

describe('a stream whose connections break', () => {
  const { it, time } = useVirtualTime();

  /** @param endOf what becomes of a connection that carries these frames */
  function scripted(endOf: (frames: readonly string[]) => End) {
    const chunks = new ChunkMaker();
    const trials: string[][] = [];
    const used = new Set<Connection>();
    const done: Entry<TestMark>[] = [];
    let current = connection();
    let ended: Connection | undefined;
    const carried = new Map<Connection, string[]>();

    function connection(): Connection {
      return {
        write: (chunk: Parameters<Connection['write']>[0]) => carried.set(current, text(chunk.bytes)),
      } as unknown as Connection;
    }

    /** Another connection is current; how the last one ends is told a moment later. */
    function turn() {
      const old = current;
      if (ended === old || (!suspects.wantsRotation(old) && !used.has(old))) return;
      ended = old;
      time.clock.timer(1, () => {
        current = connection();
        suspects.room();
        if (!suspects.isTrialOn(old)) return;
        const frames = carried.get(old) ?? [];
        trials.push(frames);
        const end = endOf(frames);
        if (end === 'confirmed') suspects.confirmed(old, []);
        else if (end !== 'never') suspects.lost(old, new AppError(end, { code: codes[end], action: 'retry' }));
      });
    }

    const suspects = new Suspects<TestMark>(
      { framing: 'datagram', clock: time.clock },
      {
        current: () => current,
        isUsed: (each) => used.has(each),
        confirmSoon: turn,
        wrote: () => undefined,
        room: () => undefined,
        confirmed: () => undefined,
        done: (entry) => done.push(entry),
        withdrawn: () => undefined,
      },
    );
    const entryOf = (stream: string) => ({ ref: { stream, id: 1 }, isOver: false }) as Entry<TestMark>;
    const take = (entry: Entry<TestMark>, frames: readonly string[], onRefused?: OnRefused) => {
      const taken = createDeferred<void>();
      const outcome = taken.promise.then(
        () => 'taken',
        () => 'lost',
      );
      suspects.add({ entry, chunk: chunks.chunk(frames), taken, onRefused });
      return outcome;
    };
    return { suspects, chunks, trials, used, done, entryOf, take, current: () => current };
  }

  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString().trim().split(' ');
  const frames = (...names: string[]) => names.map((name) => `${name} `);
  const breaksAt = (poison: string) => (carried: readonly string[]) =>
    carried.includes(poison) ? 'broken' : 'confirmed';

  it('is confirmed as it comes, where nothing breaks any more', async () => {
    const { suspects, trials, take, entryOf, chunks } = scripted(() => 'confirmed');
    suspects.suspect(['a']);
    expect(await take(entryOf('a'), frames('1', '2', '3'))).toBe('taken');
    expect(trials).toEqual([['1', '2', '3']]);
    expect(chunks.isEachReleasedOnce).toBe(true);
  });

  it('is halved down to the message, which is asked about when it has broken three connections of its own', async () => {
    const { suspects, trials, take, entryOf } = scripted(breaksAt('3'));
    suspects.suspect(['a']);
    const asked: [number, string, number][] = [];
    const onRefused: OnRefused = async ({ frame, bytes }) => {
      asked.push([frame, Buffer.from(bytes).toString(), trials.length]);
      return 'skip';
    };
    const entry = entryOf('a');
    expect(await take(entry, frames('1', '2', '3', '4'), onRefused)).toBe('taken');
    const halved = [['1', '2', '3', '4'], ['1', '2'], ['3', '4'], ['3']];
    const compared = [[], ['3'], [], ['3'], []];
    expect(trials).toEqual([...halved, ...compared, ['4']]);
    expect(asked).toEqual([[2, '3 ', halved.length + compared.length]]);
    // Of the delivery, not of the chunk.
    expect(await take(entry, frames('5', '3'), onRefused)).toBe('taken');
    expect(asked[1]?.slice(0, 2)).toEqual([5, '3 ']);
  });

  it('is tried again for as long as it takes, with pauses that grow to a minute', async () => {
    let isMended = false;
    const { suspects, trials, take, entryOf } = scripted((carried) =>
      carried.includes('1') && !isMended ? 'broken' : 'confirmed',
    );
    suspects.suspect(['a']);
    const taken = take(entryOf('a'), frames('1'));
    await time.sleep(600_000);
    const before = trials.length;
    expect(before).toBeLessThan(100);
    await time.sleep(600_000);
    // The message, and an empty connection, once a minute or a bit more often.
    expect(trials.length - before).toBeGreaterThan(10);
    expect(trials.length - before).toBeLessThan(80);
    isMended = true;
    expect(await taken).toBe('taken');
  });

  it.each<[End, End]>([
    ['silent', 'confirmed'],
    ['broken', 'broken'],
    ['broken', 'silent'],
  ])('says nothing of its messages where one alone ends %s, and an empty connection %s', async (alone, empty) => {
    const asked: number[] = [];
    const { suspects, take, entryOf } = scripted((carried) => (carried.includes('1') ? alone : empty));
    suspects.suspect(['a']);
    void take(entryOf('a'), frames('1'), async ({ frame }) => {
      asked.push(frame);
      return 'skip';
    });
    await time.sleep(600_000);
    expect(asked).toEqual([]);
  });

  it('is tried on connections that nobody has written to, and on which nobody else begins', async () => {
    const { suspects, take, entryOf, used, current } = scripted(() => 'confirmed');
    const shared = current();
    used.add(shared);
    suspects.suspect(['a']);
    const taken = take(entryOf('a'), frames('1'));
    expect([suspects.isTrialOn(shared), suspects.allowsDelivery(shared)]).toEqual([false, false]);
    await time.until(() => expect(suspects.isTrialOn(current())).toBe(true));
    expect(suspects.allowsDelivery(current())).toBe(false);
    expect(suspects.allowsDelivery(shared)).toBe(true);
    expect(await taken).toBe('taken');
    expect(suspects.allowsDelivery(current())).toBe(true);
  });

  it('is let go after sixteen chunks, thirty-two the next time, sixteen when a shared connection was confirmed', async () => {
    const { suspects, take, entryOf, current } = scripted(() => 'confirmed');
    const chunksUntilLetGo = async () => {
      const entry = entryOf('a');
      suspects.suspect(['a']);
      for (let count = 0; ; count++) {
        if (!suspects.isSuspect(entry)) return count;
        await take(entry, frames('1'));
      }
    };
    expect([await chunksUntilLetGo(), await chunksUntilLetGo()]).toEqual([16, 32]);
    suspects.confirmed(current(), ['a']);
    expect(await chunksUntilLetGo()).toBe(16);
  });

  it('does not hold up another that is tried, while it is asked what to do', async () => {
    const { suspects, take, entryOf } = scripted(breaksAt('1'));
    suspects.suspect(['a', 'b']);
    let asked = 0;
    void take(entryOf('a'), frames('1'), () => {
      asked++;
      return new Promise(() => undefined);
    });
    await time.until(() => expect(asked).toBe(1));
    expect(await take(entryOf('b'), frames('2'))).toBe('taken');
    await time.sleep(600_000);
    expect(asked).toBe(1);
  });

  it('gives its chunks back once, when they are lost: those on a connection when that is over', async () => {
    let end: End = 'never';
    const { suspects, take, entryOf, chunks, current } = scripted(() => end);
    suspects.suspect(['a']);
    const entry = entryOf('a');
    const outcomes = [take(entry, frames('1')), take(entry, frames('2'))];
    await time.until(() => expect(suspects.isTrialOn(current())).toBe(true));
    entry.isOver = true;
    const on = current();
    suspects.dropOver(new DeliveryLostError('lost'));
    expect(chunks.releases).toEqual([0, 1]);
    end = 'broken';
    suspects.lost(on, new AppError('broken', { code: 'econnreset', action: 'retry' }));
    expect(await Promise.all(outcomes)).toEqual(['lost', 'lost']);
    await time.until(() => expect(chunks.releases).toEqual([1, 1]));
  });
});
