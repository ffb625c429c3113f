import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import type { BatchBody } from '../../../src/core/bytes.ts';
import { AppError, CorruptBatchError, DeliveryLostError, ServiceError } from '../../../src/core/errors.ts';
import type { Ticket } from '../../../src/group/checkpoint/progress.ts';
import { ConsumerGroup } from '../../../src/group/consumer-group.ts';
import type { ConsumerGroupOptions } from '../../../src/group/consumer-group-options.ts';
import { ByteBudget } from '../../../src/group/pull/byte-budget.ts';
import { FakeLogService } from '../../support/service/fake-log-service.ts';
import { useVirtualTime } from '../../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();
const until = (condition: () => boolean) => time.until(condition, 5_000);

function refusal(code: string, action: AppError['action']): ServiceError {
  return new ServiceError(code, { code, action, status: 400, serviceCode: code, requestId: '' });
}

describe('ConsumerGroup', () => {
  let service: FakeLogService;
  let group: ConsumerGroup;
  let delivered: string[];
  let tickets: Ticket[];
  /** Confirms as soon as delivered; a test that wants to confirm by hand clears it. */
  let autoConfirm: boolean;
  let onFatal: ReturnType<typeof vi.fn<(error: AppError) => void>>;
  let logged: string[];

  async function deliver(body: BatchBody, ticket: Ticket, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    delivered.push(`${ticket.shard}:${Buffer.from(body.bytes).toString()}`);
    tickets.push(ticket);
    group.markSent(ticket);
    if (autoConfirm) group.markConfirmed(ticket);
  }

  function create(options: Partial<ConsumerGroupOptions> = {}): ConsumerGroup {
    const report = (_: unknown, message: string) => logged.push(message);
    group = new ConsumerGroup({
      service,
      consumerName: 'a',
      deliver,
      confirmSoon: () => undefined,
      heartbeatIntervalMs: 20,
      timeoutMs: 1_000,
      checkpointIntervalMs: 10,
      fetchIntervalMs: 5,
      budget: new ByteBudget(1 << 20, undefined, time.clock).share(),
      inOrder: false,
      from: 'begin',
      until: undefined,
      drainTimeoutMs: 500,
      onUntilReached: () => undefined,
      onFatal,
      log: { debug: report, info: report, warn: report, error: report },
      clock: time.clock,
      ...options,
    });
    return group;
  }

  beforeEach(() => {
    service = new FakeLogService(time.clock);
    delivered = [];
    tickets = [];
    logged = [];
    autoConfirm = true;
    onFatal = vi.fn<(error: AppError) => void>();
  });

  afterEach(() => {
    group.destroy(new AppError('end of the test', { code: 'test', action: 'fatal' }));
  });

  it('delivers every shard in order and saves what was confirmed', async () => {
    service.addShard(0, ['a', 'b', undefined, 'c']);
    service.addShard(1, ['x']);
    service.granted = [0, 1];
    await create().join();
    await until(() => service.checkpoints.get(0) === '4' && service.checkpoints.get(1) === '1');
    expect(delivered.filter((each) => each.startsWith('0'))).toEqual(['0:a', '0:b', '0:c']);
    expect(service.heartbeats[0]).toEqual([]);
    await until(() => service.heartbeats.at(-1)?.length === 2);
    expect(onFatal).not.toHaveBeenCalled();
  });

  it('goes on at the checkpoint, not at `from`', async () => {
    service.addShard(0, ['a', 'b', 'c']);
    service.checkpoints.set(0, '2');
    service.granted = [0];
    await create({ from: 'begin' }).join();
    await until(() => service.checkpoints.get(0) === '3');
    expect(delivered).toEqual(['0:c']);
  });

  it('saves its start before the first log: a restart does not choose a start anew', async () => {
    service.addShard(0, ['old']);
    service.granted = [0];
    await create({ from: 'end' }).join();
    await until(() => service.checkpoints.get(0) === '1');
    expect(delivered).toEqual([]);
  });

  it('goes on at the start that it had, where it was fenced before that was saved', async () => {
    const { batches } = service.addShard(0, ['old']);
    service.granted = [0];
    service.hang = (request) => request === 'updateCheckpoint';
    await create({ from: 'end', timeoutMs: 100 }).join();
    await until(() => group.shards[0]?.progress !== undefined);
    batches.push('meanwhile');
    service.before = (request) => {
      if (request === 'heartbeat') throw refusal('server-busy', 'retry');
    };
    await until(() => group.shards.length === 0);
    service.before = () => undefined;
    service.hang = () => false;
    await until(() => service.checkpoints.get(0) === '2');
    expect(delivered).toEqual(['0:meanwhile']);
  });

  it('goes on at a checkpoint that another has saved, not at the start that it had', async () => {
    const { batches } = service.addShard(0, ['old']);
    service.granted = [0];
    service.hang = (request) => request === 'updateCheckpoint';
    await create({ from: 'end', timeoutMs: 100 }).join();
    await until(() => group.shards[0]?.progress !== undefined);
    batches.push('read by another', 'new');
    service.before = (request) => {
      if (request === 'heartbeat') throw refusal('server-busy', 'retry');
    };
    await until(() => group.shards.length === 0);
    service.checkpoints.set(0, '2');
    service.before = () => undefined;
    service.hang = () => false;
    await until(() => service.checkpoints.get(0) === '3');
    expect(delivered).toEqual(['0:new']);
  });

  it('begins a shard at its beginning that a split made after it was prepared, and before it joined', async () => {
    const parent = service.addShard(0, ['old']);
    await create({ from: 'end' }).prepare();
    await time.sleep(60_000);
    parent.status = 'readonly';
    service.addShard(1, ['a']);
    service.granted = [0, 1];
    await group.join();
    await until(() => service.checkpoints.get(1) === '1');
    expect(delivered).toEqual(['1:a']);
  });

  it('saves the beginning of what its shard was split into, before a drain ends', async () => {
    const parent = service.addShard(0, ['old', 'a']);
    service.checkpoints.set(0, '1');
    service.granted = [0];
    await create({ from: 'end', heartbeatIntervalMs: 1_000, timeoutMs: 3_000 }).join();
    await until(() => service.checkpoints.get(0) === '2');
    parent.status = 'readonly';
    service.addShard(1, ['b']);
    expect(await group.drain(500)).toBe(true);
    expect(service.checkpoints.get(1)).toBe('0');
  });

  it('saves it also of one that was granted, and not begun', async () => {
    const parent = service.addShard(0, ['old', 'a']);
    service.checkpoints.set(0, '1');
    service.granted = [0];
    await create({ from: 'end' }).join();
    await until(() => service.checkpoints.get(0) === '2');
    let isAsked = false;
    service.before = async (request, shard) => {
      if (request !== 'getCheckpoint' || shard !== 1 || isAsked) return;
      isAsked = true;
      await time.sleep(10_000);
    };
    parent.status = 'readonly';
    service.addShard(1, ['b']);
    service.granted = [0, 1];
    await until(() => isAsked);
    expect(await group.drain(500)).toBe(true);
    expect(service.checkpoints.get(1)).toBe('0');
  });

  it('drains within a while where nobody says which shards there are', async () => {
    service.addShard(0, ['a']);
    service.granted = [0];
    await create({ from: 'end' }).join();
    await until(() => service.checkpoints.get(0) === '1');
    service.before = async (request) => {
      if (request === 'listShards') await time.sleep(60_000);
    };
    const startMs = time.elapsedMs;
    expect(await group.drain(10_000)).toBe(true);
    expect(time.elapsedMs - startMs).toBeLessThanOrEqual(2_000);
  });

  it('never saves what is sent but not confirmed', async () => {
    autoConfirm = false;
    service.addShard(0, ['a', 'b']);
    service.granted = [0];
    await create().join();
    await until(() => delivered.length === 2 && service.checkpoints.has(0));
    const before = service.heartbeats.length;
    await until(() => service.heartbeats.length > before + 3);
    expect(service.checkpoints.get(0)).toBe('0');
    group.markConfirmed(tickets[0] as Ticket);
    await until(() => service.checkpoints.get(0) === '1');
  });

  it('pulls again from the last confirmed cursor when a sent batch is lost', async () => {
    autoConfirm = false;
    service.addShard(0, ['a', 'b', 'c']);
    service.granted = [0];
    await create().join();
    await until(() => delivered.length === 3);
    group.markConfirmed(tickets[0] as Ticket);
    autoConfirm = true;
    group.markLost([tickets[2] as Ticket, tickets[1] as Ticket]);
    await until(() => service.checkpoints.get(0) === '3');
    expect(delivered).toEqual(['0:a', '0:b', '0:c', '0:b', '0:c']);
    await until(() => service.pulls.at(-1)?.cursor === '3');
    // The same batches: where each ends is asked for.
    const again = service.pulls.slice(service.pulls.findLastIndex(({ cursor }) => cursor === '1'));
    expect(again.slice(0, 3).map(({ cursor, endCursor }) => [cursor, endCursor])).toEqual([
      ['1', '2'],
      ['2', '3'],
      ['3', undefined],
    ]);
  });

  it('is not held up by a bound behind which there is nothing to pull', async () => {
    autoConfirm = false;
    service.addShard(0, ['a', 'b']);
    service.granted = [0];
    await create().join();
    await until(() => delivered.length === 2);
    const pull = service.pull.bind(service);
    // A service that stays where it is, as long as a bound is asked for.
    service.pull = (shard, cursor, options) =>
      pull(shard, cursor, options.endCursor === undefined ? options : { ...options, endCursor: cursor });
    autoConfirm = true;
    group.markLost(tickets);
    await until(() => service.checkpoints.get(0) === '2');
    expect(delivered).toEqual(['0:a', '0:b', '0:a', '0:b']);
  });

  it('delivers a batch again whose delivery was lost half-way', async () => {
    service.addShard(0, ['a', 'b']);
    service.granted = [0];
    let failures = 2;
    await create({
      deliver: async (body, ticket, signal) => {
        if (failures-- > 0) throw new DeliveryLostError('reset by the test');
        return deliver(body, ticket, signal);
      },
    }).join();
    await until(() => service.checkpoints.get(0) === '2');
    expect(delivered).toEqual(['0:a', '0:b']);
  });

  it('keeps a shard in the heartbeat while it drains, and leaves it out only after its last checkpoint', async () => {
    autoConfirm = false;
    service.addShard(0, ['a']);
    service.granted = [0];
    await create({ drainTimeoutMs: 5_000 }).join();
    await until(() => delivered.length === 1);
    service.granted = [];
    const before = service.heartbeats.length;
    await until(() => service.heartbeats.length > before + 4);
    expect(service.heartbeats.at(-1)).toEqual([0]);
    expect(service.checkpoints.get(0)).toBe('0');
    group.markConfirmed(tickets[0] as Ticket);
    await until(() => service.heartbeats.at(-1)?.length === 0);
    expect(service.checkpoints.get(0)).toBe('1');
    expect(logged).not.toContainEqual(expect.stringContaining('unconfirmed'));
  });

  it('gives a shard up at the deadline although nothing was confirmed, and says so', async () => {
    autoConfirm = false;
    service.addShard(0, ['a']);
    service.granted = [0];
    await create({ drainTimeoutMs: 50 }).join();
    await until(() => delivered.length === 1);
    service.granted = [];
    await until(() => service.heartbeats.at(-1)?.length === 0 && service.heartbeats.length > 3);
    expect(service.checkpoints.get(0)).toBe('0');
    expect(logged).toContainEqual(expect.stringContaining('handed over with unconfirmed logs'));
  });

  it('takes a shard up again that came back, from its checkpoint', async () => {
    const shard = service.addShard(0, ['a']);
    service.granted = [0];
    await create().join();
    await until(() => service.checkpoints.get(0) === '1');
    service.granted = [];
    await until(() => group.shards.length === 0);
    shard.batches.push('b');
    service.granted = [0];
    await until(() => service.checkpoints.get(0) === '2');
    expect(delivered).toEqual(['0:a', '0:b']);
  });

  it('drains: pulls nothing more, waits for the confirmation, saves it, and says that nothing is left', async () => {
    autoConfirm = false;
    const shard = service.addShard(0, ['a']);
    service.granted = [0];
    await create().join();
    await until(() => delivered.length === 1);
    const draining = group.drain(5_000);
    shard.batches.push('too late');
    group.markConfirmed(tickets[0] as Ticket);
    expect(await draining).toBe(true);
    expect(service.checkpoints.get(0)).toBe('1');
    expect(delivered).toEqual(['0:a']);
  });

  it('drains with false when something stayed unconfirmed', async () => {
    autoConfirm = false;
    service.addShard(0, ['a']);
    service.granted = [0];
    await create().join();
    await until(() => delivered.length === 1);
    expect(await group.drain(50)).toBe(false);
    expect(service.checkpoints.get(0)).toBe('0');
  });

  it('drains with false when something was lost right before', async () => {
    autoConfirm = false;
    service.addShard(0, ['a', 'b']);
    service.granted = [0];
    await create().join();
    await until(() => delivered.length === 2);
    group.markLost([tickets[0] as Ticket]);
    expect(await group.drain(5_000)).toBe(false);
    expect(service.checkpoints.get(0)).toBe('0');
  });

  it('drains with true when what was lost has come again, in fewer pulls', async () => {
    autoConfirm = false;
    service.addShard(0, ['a', 'b']);
    service.granted = [0];
    await create().join();
    await until(() => delivered.length === 2);
    group.markLost([tickets[0] as Ticket]);
    await until(() => delivered.length === 4);
    for (const ticket of tickets) group.markConfirmed(ticket);
    expect(await group.drain(5_000)).toBe(true);
    expect(service.checkpoints.get(0)).toBe('2');
  });

  it('drains within its time although a shard that has more is being handed over', async () => {
    autoConfirm = false;
    service.addShard(0, ['a']);
    service.granted = [0];
    await create({ drainTimeoutMs: 3_000 }).join();
    await until(() => delivered.length === 1);
    service.granted = [];
    await until(() => group.shards[0]?.state === 'draining');
    expect(await time.timed(() => group.drain(100))).toBe(100);
  });

  it('says what is unfinished although it is destroyed a second time', async () => {
    autoConfirm = false;
    service.addShard(0, ['a']);
    service.granted = [0];
    await create().join();
    await until(() => delivered.length === 1);
    const cause = new AppError('it cannot go on', { code: 'test', action: 'fatal' });
    group.destroy(cause);
    expect(group.unfinished()).toMatchObject([{ shard: 0 }]);
    group.destroy(cause);
    expect(group.unfinished()).toMatchObject([{ shard: 0 }]);
  });

  it('says that a shard was lost while it drained, although the drain was cut short then', async () => {
    autoConfirm = false;
    service.addShard(0, ['a']);
    service.addShard(1, ['b']);
    service.granted = [0, 1];
    await create().join();
    await until(() => delivered.length === 2);
    const drained = group.drain(5_000);
    group.markLost([tickets[0] as Ticket]);
    await until(() => group.shards.length === 1);
    group.destroy(new AppError('a second signal', { code: 'test', action: 'fatal' }));
    await drained;
    expect(group.unfinished().map(({ shard }) => shard)).toEqual([0, 1]);
  });

  it('drains although a delivery hangs', async () => {
    service.addShard(0, ['a']);
    service.granted = [0];
    let begun = false;
    await create({
      deliver: (_body, _ticket, signal) =>
        new Promise((_, reject) => {
          begun = true;
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
    }).join();
    await until(() => begun);
    expect(await group.drain(50)).toBe(false);
    expect(group.unfinished().map(({ shard }) => shard)).toEqual([0]);
    expect(service.checkpoints.get(0)).toBe('0');
  });

  it('fences itself when no heartbeat is answered for the timeout, and joins anew', async () => {
    autoConfirm = false;
    service.addShard(0, ['a']);
    service.granted = [0];
    await create({ timeoutMs: 100 }).join();
    await until(() => delivered.length === 1);
    const late = tickets[0] as Ticket;
    service.before = (request) => {
      if (request === 'heartbeat') throw refusal('server-busy', 'retry');
    };
    await until(() => group.shards.length === 0);
    expect(logged.some((line) => line.includes('dropping them and sending heartbeats again'))).toBe(true);
    service.before = () => undefined;
    await until(() => delivered.length === 2);
    group.markConfirmed(late); // belongs to the time before the fence
    const before = service.heartbeats.length;
    await until(() => service.heartbeats.length > before + 2);
    expect(service.checkpoints.get(0)).toBe('0');
  });

  it('stops a shard whose checkpoint is refused, and does not force', async () => {
    service.addShard(0, ['a']);
    service.addShard(1, ['x', 'y']);
    service.granted = [0, 1];
    let refused = 0;
    service.before = (request, shard) => {
      if (request === 'updateCheckpoint' && shard === 0) {
        refused++;
        service.granted = [1];
        throw refusal('consumer-not-match', 'release-shard');
      }
    };
    await create().join();
    await until(() => group.shards.length === 1 && service.checkpoints.get(1) === '2');
    expect(refused).toBe(1);
    expect(service.checkpoints.has(0)).toBe(false);
  });

  it('stalls only the shard whose batch cannot be read, and keeps its lease', async () => {
    service.addShard(0, ['bad', 'never']);
    service.addShard(1, ['good']);
    service.granted = [0, 1];
    let tries = 0;
    await create({
      deliver: async (body, ticket, signal) => {
        if (ticket.shard === 0) {
          tries++;
          throw new CorruptBatchError('garbage');
        }
        return deliver(body, ticket, signal);
      },
    }).join();
    await time.until(() => tries > 10, 600_000);
    expect(group.shards.find(({ shard }) => shard === 0)?.state).toBe('unreadable');
    expect(service.checkpoints.get(1)).toBe('1');
    await until(() => service.heartbeats.at(-1)?.length === 2);
    expect(service.checkpoints.get(0)).toBe('0');
  });

  it('goes to the earliest data that still exists when its cursor has expired, and says so', async () => {
    service.addShard(0, ['kept']);
    service.checkpoints.set(0, '-5');
    service.granted = [0];
    service.before = (request, _shard, cursor) => {
      if (request === 'pull' && Number(cursor) < 0) throw refusal('invalid-cursor', 'reject');
    };
    await create().join();
    await until(() => service.checkpoints.get(0) === '1');
    expect(delivered).toEqual(['0:kept']);
    expect(logged.some((line) => line.startsWith('LOGS LOST'))).toBe(true);
  });

  it('leaves a shard that is gone, without ending the others', async () => {
    service.addShard(0, []);
    service.addShard(1, ['x']);
    service.granted = [0, 1];
    service.before = (request, shard) => {
      if (request === 'pull' && shard === 0) {
        service.granted = [1];
        throw refusal('shard-not-exist', 'release-shard');
      }
    };
    await create().join();
    await until(() => service.checkpoints.get(1) === '1');
    expect(group.shards.map((shard) => shard.shard)).toEqual([1]);
    expect(onFatal).not.toHaveBeenCalled();
  });

  it('reads a read-only shard to its end and holds it without pulling on', async () => {
    service.addShard(0, ['last'], 'readonly');
    service.granted = [0];
    await create().join();
    await until(() => group.shards[0]?.state === 'finished');
    expect(service.checkpoints.get(0)).toBe('1');
    const pulls = service.pulls.length;
    const before = service.heartbeats.length;
    await until(() => service.heartbeats.length > before + 3);
    expect(service.pulls.length).toBe(pulls);
    expect(service.heartbeats.at(-1)).toEqual([0]);
  });

  it.each([
    ['end' as const, ['0:a', '0:b']],
    [1, ['0:a']],
  ])('stops at --until %s', async (end, expected) => {
    const shard = service.addShard(0, ['a', 'b']);
    service.granted = [0];
    const onUntilReached = vi.fn();
    await create({
      until: end,
      onUntilReached,
      deliver: async (body, ticket, signal) => {
        shard.batches.push('later');
        return deliver(body, ticket, signal);
      },
    }).join();
    await until(() => onUntilReached.mock.calls.length === 1);
    expect(delivered).toEqual(expected);
    expect(service.checkpoints.get(0)).toBe(String(expected.length));
  });

  it('says once that it stands by', async () => {
    await create().join();
    await until(() => service.heartbeats.length > 3);
    expect(logged.filter((line) => line.startsWith('no shards for this consumer'))).toHaveLength(1);
  });

  it('lists the shards that it holds when the heartbeat leaves, not those of before the group was created again', async () => {
    service.addShard(0, ['a']);
    service.addShard(1, ['b']);
    service.granted = [0];
    await create({ heartbeatIntervalMs: 1_000, timeoutMs: 10_000 }).join();
    await until(() => service.checkpoints.get(0) === '1');
    let isDeleted = true;
    service.before = async (request) => {
      if (request === 'heartbeat' && isDeleted) {
        isDeleted = false;
        throw refusal('consumer-group-not-exist', 'retry');
      }
      // The next heartbeat overtakes this one.
      if (request === 'ensureConsumerGroup') await time.sleep(5_000);
    };
    await until(() => !isDeleted);
    service.granted = [0, 1];
    await until(() => service.checkpoints.get(1) === '1');
    await time.sleep(10_000);
    const after = service.heartbeats.slice(service.heartbeats.findIndex((held) => held.includes(1)));
    expect(after.length).toBeGreaterThan(4);
    for (const held of after) expect(held).toEqual([0, 1]);
  });

  it('creates the group again when somebody deleted it', async () => {
    service.addShard(0, ['a']);
    service.granted = [0];
    service.before = (request) => {
      if (request === 'heartbeat' && !service.groupExists) {
        throw refusal('consumer-group-not-exist', 'retry');
      }
    };
    await create().join();
    await until(() => delivered.length === 1);
    service.groupExists = false;
    await until(() => service.groupsCreated === 2);
    expect(group.shards.map((shard) => shard.shard)).toEqual([0]);
  });

  it('rejects the start when the configuration is wrong', async () => {
    service.before = (request) => {
      if (request === 'ensureConsumerGroup') throw refusal('unauthorized', 'fatal');
    };
    await expect(create().join()).rejects.toThrow('unauthorized');
  });

  it('keeps the bytes in flight within the budget, and gives all of them back', async () => {
    for (let shard = 0; shard < 8; shard++) service.addShard(shard, ['x'.repeat(50), 'y'.repeat(50)]);
    service.granted = [0, 1, 2, 3, 4, 5, 6, 7];
    await create({ budget: new ByteBudget(200, undefined, time.clock).share() }).join();
    await until(() => delivered.length === 16);
    await group.drain(1_000);
    expect(group.bytesInFlight).toBe(0);
  });
});
