/** What comes in the middle of something else: each of these once went wrong. */
import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import type { BatchBody } from '../../../src/core/bytes.ts';
import { AppError, CorruptBatchError, ServiceError } from '../../../src/core/errors.ts';
import type { Ticket } from '../../../src/group/checkpoint/progress.ts';
import { ConsumerGroup } from '../../../src/group/consumer-group.ts';
import type { ConsumerGroupOptions } from '../../../src/group/consumer-group-options.ts';
import { ByteBudget } from '../../../src/group/pull/byte-budget.ts';
import type { OnDamage } from '../../../src/group/shard/shard-consumer-options.ts';
import { FakeLogService } from '../../support/service/fake-log-service.ts';
import { useVirtualTime } from '../../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();
const until = (condition: () => boolean) => time.until(condition, 10_000);

function refusal(code: string, action: AppError['action']): ServiceError {
  return new ServiceError(code, { code, action, status: 400, serviceCode: code, requestId: '' });
}

describe('ConsumerGroup in trouble', () => {
  let service: FakeLogService;
  let group: ConsumerGroup;
  let delivered: string[];
  let tickets: Ticket[];
  let autoConfirm: boolean;
  let logged: string[];
  const onFatal = vi.fn<(error: AppError) => void>();

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

  function expire(isExpired: (cursor: number) => boolean): void {
    service.before = (request, _shard, cursor) => {
      if (request === 'pull' && isExpired(Number(cursor))) throw refusal('invalid-cursor', 'reject');
    };
  }

  beforeEach(() => {
    service = new FakeLogService(time.clock);
    service.granted = [0];
    delivered = [];
    tickets = [];
    logged = [];
    autoConfirm = true;
    onFatal.mockClear();
  });

  afterEach(() => group.destroy(new AppError('end of the test', { code: 'test', action: 'fatal' })));

  it('drains while the earliest cursor is looked up in place of an expired one', async () => {
    service.addShard(0, ['kept']);
    service.checkpoints.set(0, '-5');
    expire((cursor) => cursor < 0);
    let asked = false;
    service.hang = (request) => {
      asked ||= request === 'getCursor';
      return request === 'getCursor';
    };
    await create().join();
    await until(() => asked);
    expect(await group.drain(1_000)).toBe(true);
    expect(onFatal).not.toHaveBeenCalled();
  });

  it('goes on after a loss while the earliest cursor is looked up', async () => {
    autoConfirm = false;
    service.addShard(0, ['a', 'b']);
    service.checkpoints.set(0, '0');
    expire((cursor) => cursor === 1);
    let asked = false;
    service.hang = (request) => {
      asked ||= request === 'getCursor';
      return request === 'getCursor';
    };
    await create().join();
    await until(() => asked && delivered.length === 1);
    group.markLost([tickets[0] as Ticket]);
    await until(() => delivered.length === 2);
    expect(delivered).toEqual(['0:a', '0:a']);
    expect(onFatal).not.toHaveBeenCalled();
  });

  it('pauses between two skips when the earliest data is refused as well', async () => {
    service.addShard(0, ['a']);
    time.random = () => 0.99;
    expire(() => true);
    let pulls = 0;
    const refuse = service.before;
    service.before = (request, ...rest) => {
      if (request === 'pull') pulls++;
      return refuse(request, ...rest);
    };
    await create().join();
    await time.sleep(500);
    expect(pulls).toBeLessThan(6);
  });

  it('ends a drain at once when the shard turns out to be another’s', async () => {
    autoConfirm = false;
    service.addShard(0, ['a', 'b']);
    await create().join();
    await until(() => delivered.length === 2);
    const start = time.elapsedMs;
    const draining = group.drain(10_000);
    service.before = (request) => {
      if (request !== 'updateCheckpoint') return;
      service.granted = [];
      throw refusal('consumer-not-match', 'release-shard');
    };
    group.markConfirmed(tickets[0] as Ticket);
    expect(await draining).toBe(false);
    expect(time.elapsedMs - start).toBeLessThanOrEqual(20); // the next save, and a heartbeat
  });

  it('ends a drain at its deadline although a checkpoint is not answered', async () => {
    service.addShard(0, ['a']);
    let asked = false;
    service.hang = (request) => {
      asked ||= request === 'updateCheckpoint';
      return request === 'updateCheckpoint';
    };
    await create().join();
    await until(() => asked);
    const start = time.elapsedMs;
    expect(await group.drain(200)).toBe(false);
    expect(time.elapsedMs - start).toBe(200);
  });

  it('does not end --until before the children of a split are granted, however long the parent took', async () => {
    service.addShard(0, ['a', 'b', 'c'], 'readonly');
    service.addShard(1, ['child']);
    service.before = (request) => {
      if (request === 'heartbeat' && service.checkpoints.get(0) === '3') service.granted = [0, 1];
    };
    const onUntilReached = vi.fn();
    await create({
      until: 'end',
      timeoutMs: 100,
      inOrder: true,
      onUntilReached,
      deliver: async (body, ticket, signal) => {
        if (ticket.shard === 0) await time.sleep(100);
        return deliver(body, ticket, signal);
      },
    }).join();
    await until(() => onUntilReached.mock.calls.length === 1);
    expect(delivered).toContain('1:child');
  });

  it('ends --until at a time to come, although the shard never comes to its end', async () => {
    service.addShard(0, ['x']);
    service.getCursorTime = async () => Math.floor(time.clock.now() / 1000);
    service.pull = async (_shard, cursor) => {
      await time.sleep(1);
      const bytes = Buffer.from('x');
      const body = { bytes, compression: 'none' as const, rawSize: 1 };
      return { body, nextCursor: String(Number(cursor) + 1), logGroupCount: 1 };
    };
    const onUntilReached = vi.fn();
    await create({ until: Math.floor(time.clock.now() / 1000) + 1, onUntilReached }).join();
    await until(() => onUntilReached.mock.calls.length === 1);
  });

  it('saves its checkpoints again in a group that was deleted and created anew', async () => {
    service.addShard(0, ['a']);
    service.before = (request) => {
      if (request === 'heartbeat' && !service.groupExists) throw refusal('consumer-group-not-exist', 'retry');
    };
    await create().join();
    await until(() => service.checkpoints.get(0) === '1');
    service.groupExists = false;
    service.checkpoints.clear();
    await until(() => service.groupsCreated === 2);
    await until(() => service.checkpoints.get(0) === '1');
  });

  it('sends again what was lost before a batch that cannot be read', async () => {
    autoConfirm = false;
    service.addShard(0, ['good', 'bad']);
    await create({
      deliver: async (body, ticket, signal) => {
        if (Buffer.from(body.bytes).toString() === 'bad') throw new CorruptBatchError('garbage');
        return deliver(body, ticket, signal);
      },
    }).join();
    await until(() => logged.some((line) => line.includes('stands still')));
    autoConfirm = true;
    group.markLost([tickets[0] as Ticket]);
    await until(() => service.checkpoints.get(0) === '1');
    expect(delivered).toEqual(['0:good', '0:good']);
    await until(() => group.shards[0]?.state === 'unreadable');
  });

  it('goes on with a batch that can be read again, and says both once', async () => {
    service.addShard(0, ['bad', 'good']);
    let isDamaged = true;
    await create({
      deliver: async (body, ticket, signal) => {
        if (isDamaged) throw new CorruptBatchError('garbage');
        return deliver(body, ticket, signal);
      },
    }).join();
    await time.sleep(600_000);
    isDamaged = false;
    await time.until(() => service.checkpoints.get(0) === '2', 120_000);
    expect(group.shards[0]?.state).toBe('consuming');
    for (const what of ['pulling it again', 'stands still', 'can be read again'])
      expect(logged.filter((line) => line.includes(what))).toHaveLength(1);
  });

  describe('with a patience', () => {
    const patienceMs = 60_000;
    let asked: { readonly how: OnDamage | undefined; readonly atMs: number }[];

    /** @param isBad whether a batch, that many times asked, cannot be read */
    const createPatient = (isBad: (body: BatchBody) => boolean) =>
      create({
        skipUnreadableAfterMs: patienceMs,
        deliver: async (body, ticket, signal, onDamage) => {
          if (isBad(body)) {
            asked.push({ how: onDamage, atMs: time.elapsedMs });
            if (onDamage !== 'skip') throw body.refused ?? new CorruptBatchError('garbage');
          }
          return deliver(body, ticket, signal);
        },
      });

    beforeEach(() => {
      asked = [];
    });

    it('skips what stays unreadable for as long as that, and several pulls; and waits for its confirmation', async () => {
      service.addShard(0, ['bad', 'good']);
      autoConfirm = false;
      createPatient((body) => Buffer.from(body.bytes).toString() === 'bad').join();
      await time.until(() => delivered.length === 2, 600_000);
      expect(asked[0]?.how).toBe('send');
      expect(asked.slice(1, -1).every(({ how }) => how === 'check')).toBe(true);
      expect(asked.at(-1)?.how).toBe('skip');
      expect(asked.length).toBeGreaterThan(5);
      expect((asked.at(-1)?.atMs ?? 0) - (asked[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(patienceMs);
      expect(group.shards[0]?.progress?.confirmed).toBe('0');
      group.markConfirmed(tickets[1] as Ticket);
      expect(group.shards[0]?.progress?.confirmed).toBe('0');
      group.markConfirmed(tickets[0] as Ticket);
      await until(() => service.checkpoints.get(0) === '2');
    });

    it('skips nothing that is damaged for a shorter time', async () => {
      service.addShard(0, ['bad', 'good']);
      createPatient(() => time.elapsedMs < patienceMs - 1_000).join();
      await time.until(() => service.checkpoints.get(0) === '2', 600_000);
      expect(asked.some(({ how }) => how === 'skip')).toBe(false);
      expect(delivered).toEqual(['0:bad', '0:good']);
    });

    it('skips an answer that was refused unread, where it says how to go on', async () => {
      service.addShard(0, ['good', 'better']);
      const refused = new CorruptBatchError('too large', {}, undefined, '1');
      service.before = (request, _shard, cursor) => {
        if (request === 'pull' && cursor === '0') throw refused;
      };
      createPatient((body) => body.refused !== undefined).join();
      await time.until(() => service.checkpoints.get(0) === '2', 600_000);
      expect(asked.at(-1)?.how).toBe('skip');
    });
  });
});
