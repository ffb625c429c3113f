import { beforeEach, describe, expect, it } from 'vitest';
import { type HeldShard, NamesakeWatch } from '../../../src/group/namesake-watch.ts';
import type { Checkpoint, Cursor, ShardId } from '../../../src/group/service/log-service.ts';

const settleMs = 60_000;
const minuteMs = 60_000;

describe('NamesakeWatch', () => {
  let watch: NamesakeWatch;
  let server: Map<ShardId, Checkpoint>;
  let held: HeldShard[];
  let nowMs: number;
  let serverMs: number;
  let requests: number;
  let reports: { fields: unknown; message: string }[];
  /** Called while a request is under way. */
  let meanwhile: () => void | Promise<void>;
  const { signal } = new AbortController();

  beforeEach(async () => {
    server = new Map();
    held = [{ shard: 0 }, { shard: 1 }];
    nowMs = 5_000;
    serverMs = 1_700_000_000_000;
    requests = 0;
    reports = [];
    meanwhile = () => undefined;
    watch = new NamesakeWatch({
      service: {
        listCheckpoints: async () => {
          requests++;
          const answer = new Map(server);
          await meanwhile();
          return answer;
        },
      },
      consumerName: 'siem-1',
      judgeAfterMs: settleMs,
      clock: { monotonic: () => nowMs },
      log: {
        debug: () => undefined,
        info: () => undefined,
        warn: () => undefined,
        error: (fields, message) => reports.push({ fields, message }),
      },
    });
    save(0, 'ours-0');
    save(1, 'ours-1');
  });

  function stored(shard: ShardId, cursor: Cursor, consumer = 'siem-1', updatedAtMs = ++serverMs): void {
    server.set(shard, { cursor, updatedAtMs, consumer });
  }

  function save(shard: ShardId, cursor: Cursor): void {
    watch.saving(shard, cursor);
    stored(shard, cursor);
  }

  /** As a beat does after something was saved; `shard` 1 is quiet. */
  async function look(afterMs = 20_000): Promise<void> {
    nowMs += afterMs;
    watch.saving(1, 'ours-1');
    await watch.look(() => held, signal);
  }

  /** The first look, and the time in which nothing is judged. */
  async function settle(): Promise<void> {
    await look();
    nowMs += settleMs;
  }

  it('reports a shard with two checkpoints that were never saved here, and says what to do', async () => {
    await settle();
    stored(0, 'foreign-a');
    await look();
    expect(reports).toEqual([]);
    save(0, 'ours-2');
    await look();
    stored(0, 'foreign-b');
    await look();
    expect(reports).toEqual([
      {
        fields: { consumer: 'siem-1', shards: [0] },
        message:
          'another process uses the consumer name "siem-1" too: checkpoints of shard 0 were saved by another process under this name, or by hand. Two under one name get the same shards and send everything twice: give each process its own --consumer-name',
      },
    ]);
  });

  it('reports at most every five minutes, for as long as it lasts', async () => {
    await settle();
    const reportedAfterMs: number[] = [];
    const beganMs = nowMs;
    for (let beat = 0; beat < 60; beat++) {
      stored(0, `foreign-${beat}`);
      await look();
      if (reports.length > reportedAfterMs.length) reportedAfterMs.push(nowMs - beganMs);
    }
    expect(reportedAfterMs).toEqual([40_000, 340_000, 640_000, 940_000]);
    nowMs += 10 * minuteMs;
    for (let beat = 0; beat < 60; beat++) {
      save(0, `ours-${beat}`);
      await look();
    }
    expect(reports).toHaveLength(4);
  });

  const harmless: Record<string, () => Promise<void> | void> = {
    'an operator has moved a checkpoint, seen again and again': async () => {
      stored(0, 'by hand');
      for (let beat = 0; beat < 10; beat++) await look();
    },
    'the service gives that checkpoint other times': async () => {
      for (let beat = 0; beat < 10; beat++) {
        stored(0, 'by hand');
        await look();
      }
    },
    'a replica of the service still has the checkpoint before that one': async () => {
      stored(0, 'by hand', 'siem-1', serverMs + 10);
      await look();
      stored(0, 'before', 'siem-1', serverMs + 5);
      await look();
    },
    'an operator has moved a checkpoint twice, more than an hour apart': async () => {
      stored(0, 'by hand');
      await look();
      stored(0, 'by hand again');
      await look(61 * minuteMs);
    },
    'one checkpoint each of two shards': async () => {
      stored(0, 'by hand');
      stored(1, 'by hand');
      await look();
    },
    'another consumer has saved': async () => {
      for (let beat = 0; beat < 10; beat++) {
        stored(0, `b-${beat}`, 'siem-2');
        await look();
      }
    },
    'saves were not answered, and arrive in any order': async () => {
      for (const cursor of ['x', 'y', 'z']) watch.saving(0, cursor);
      for (const cursor of ['z', 'x', 'y']) {
        stored(0, cursor);
        await look();
      }
    },
    'a save begins while the checkpoints are read': async () => {
      for (let beat = 0; beat < 10; beat++) {
        stored(0, `late-${beat}`);
        meanwhile = () => watch.saving(0, `late-${beat}`);
        await look();
      }
    },
    'a replica of the service answers with what was there before our start': async () => {
      for (let beat = 0; beat < 10; beat++) {
        stored(0, `old-${beat}`, 'siem-1', 1_600_000_000_000 + beat);
        await look();
      }
    },
    'a shard was lost, saved by its next owner, and won back; an own save comes late': async () => {
      stored(0, 'foreign-a');
      await look();
      stored(0, 'b', 'siem-2');
      held = [{ shard: 0 }, { shard: 1 }];
      await look();
      nowMs += settleMs;
      stored(0, 'ours-0');
      await look();
      stored(0, 'foreign-b');
      await look();
    },
    'a shard was given up while the checkpoints were read': async () => {
      const both = held;
      for (let beat = 0; beat < 10; beat++) {
        stored(0, `foreign-${beat}`);
        meanwhile = () => {
          held = both.slice(1);
        };
        await look();
        held = both;
      }
    },
    'the group was deleted, and its checkpoints with it': async () => {
      server.clear();
      await look();
    },
    'the service does not say when': async () => {
      held = [{ shard: 2 }];
      stored(2, 'a', 'siem-1', 0);
      await settle();
      for (let beat = 0; beat < 10; beat++) {
        stored(2, `foreign-${beat}`, 'siem-1', 0);
        await look();
      }
    },
  };

  it.each(Object.entries(harmless))('reports nothing when %s', async (_, happen) => {
    await settle();
    await happen();
    expect(reports).toEqual([]);
  });

  it('reports nothing of a predecessor whose last saves arrive within the group’s timeout', async () => {
    await look();
    for (let beat = 0; beat < 2; beat++) {
      stored(0, `predecessor-${beat}`);
      await look(settleMs / 2 - 1);
    }
    for (let beat = 0; beat < 10; beat++) {
      save(0, `ours-${beat + 2}`);
      await look();
    }
    expect(reports).toEqual([]);
  });

  it('asks for nothing before something is saved, nor until something is saved again', async () => {
    await watch.look(() => held, signal);
    for (let beat = 0; beat < 5; beat++) await watch.look(() => held, signal);
    expect(requests).toBe(1);
    watch.saving(0, 'ours-2');
    await watch.look(() => held, signal);
    expect(requests).toBe(2);
  });

  it('has one request under way at most', async () => {
    let release: () => void = () => undefined;
    meanwhile = () =>
      new Promise<void>((resolve) => {
        release = resolve;
      });
    const first = look();
    await look();
    expect(requests).toBe(1);
    meanwhile = () => undefined;
    release();
    await first;
    await look();
    expect(requests).toBe(2);
  });

  it('goes on after a request that failed', async () => {
    await settle();
    meanwhile = () => Promise.reject(new Error('ServerBusy'));
    stored(0, 'foreign-a');
    await look();
    meanwhile = () => undefined;
    await look();
    stored(0, 'foreign-b');
    await look();
    expect(reports).toHaveLength(1);
  });

  it('remembers the last thousand saves of a shard', async () => {
    await settle();
    for (let index = 0; index < 1_000; index++) watch.saving(0, `many-${index}`);
    watch.saving(0, 'many-0');
    for (const cursor of ['many-1', 'many-999', 'many-500']) {
      stored(0, cursor);
      await look();
    }
    expect(reports).toEqual([]);
    watch.saving(0, 'one more');
    stored(0, 'many-0');
    await look();
    stored(0, 'ours-0');
    await look();
    expect(reports).toEqual([]);
    stored(0, 'many-1');
    await look();
    expect(reports).toHaveLength(1);
  });
});
