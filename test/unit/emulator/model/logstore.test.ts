import { describe, expect, it } from 'vitest';
import { Logstore } from '../../../../src/emulator/model/logstore.ts';
import { decodeCursor, encodeCursor } from '../../../../src/emulator/protocol/cursor.ts';

const CREATED_MS = Date.UTC(2026, 10, 20);
const SECOND_MS = 1000;
const code = (name: string) => expect.objectContaining({ code: name });

function createLogstore(shardCount: number, retentionMs?: number): Logstore {
  return new Logstore({ name: 'logs', shardCount, createdMs: CREATED_MS, retentionMs });
}

function ranges(logstore: Logstore): string[] {
  return logstore.shards().map((shard) => {
    const { shardID, status, inclusiveBeginKey: begin, exclusiveEndKey: end } = shard.describe();
    return `${shardID} ${status} ${String(begin).slice(0, 4)}-${String(end).slice(0, 4)}`;
  });
}

describe('cursors', () => {
  it('are base64 of 19 digits, consecutive, above 2^53', () => {
    const shard = createLogstore(1).shard(0);
    const [first, second] = [shard.cursorAt(0), shard.cursorAt(1)];
    const digits = Buffer.from(first, 'base64').toString();
    expect(digits).toMatch(/^\d{19}$/);
    expect(decodeCursor(second) - decodeCursor(first)).toBe(1n);
    expect(decodeCursor(first.replace(/=+$/, ''))).toBe(BigInt(digits));
  });

  it.each(['', 'x', '!!!!', Buffer.from('123').toString('base64'), Buffer.from('a'.repeat(19)).toString('base64')])(
    'refuse %j',
    (cursor) => {
      expect(() => decodeCursor(cursor)).toThrow(code('InvalidCursor'));
    },
  );

  it('of another shard, or past the end, are invalid', () => {
    const [zero, one] = createLogstore(2).shards();
    expect(() => zero!.indexOf(one!.cursorAt(0))).toThrow(code('InvalidCursor'));
    expect(() => one!.indexOf(zero!.cursorAt(0))).toThrow(code('InvalidCursor'));
    expect(() => zero!.indexOf(zero!.cursorAt(1))).toThrow(code('InvalidCursor'));
    expect(encodeCursor(decodeCursor(zero!.cursorAt(7)))).toBe(zero!.cursorAt(7));
  });
});

describe('a shard', () => {
  const filled = () => {
    const shard = createLogstore(1).shard(0);
    for (const second of [10, 20, 20, 30])
      shard.append(Buffer.alloc(5), 2, CREATED_MS + second * SECOND_MS, 'generated');
    return shard;
  };
  const atSecond = (second: number) => CREATED_MS / SECOND_MS + second;

  it('finds the first group that was received at or after a time', () => {
    const shard = filled();
    const found = [0, 10, 11, 20, 21, 30, 31].map((second) => shard.indexReceivedAt(atSecond(second)));
    expect(found).toEqual([0, 0, 1, 1, 3, 3, 4]);
    shard.expireFirst(2);
    expect([0, 20, 31].map((second) => shard.indexReceivedAt(atSecond(second)))).toEqual([2, 2, 4]);
  });

  it('knows the time of a cursor: at the end it is now, or for a read-only shard its last', () => {
    const shard = filled();
    const nowMs = CREATED_MS + 99 * SECOND_MS;
    expect(shard.receivedSecondsAt(1, nowMs)).toBe(atSecond(20));
    expect(shard.receivedSecondsAt(4, nowMs)).toBe(atSecond(99));
    shard.makeReadonly();
    expect(shard.receivedSecondsAt(4, nowMs)).toBe(atSecond(30));
  });

  it('lets cursors expire with their data, and still knows their sequence numbers', () => {
    const shard = filled();
    const begin = shard.cursorAt(0);
    expect(shard.expireReceivedBefore(CREATED_MS + 20 * SECOND_MS)).toBe(1);
    expect(() => shard.indexOf(begin)).toThrow(code('InvalidCursor'));
    expect(shard.indexOfPossiblyExpired(begin)).toBe(0);
    expect(shard.indexOf(shard.cursorAt(1))).toBe(1);
    expect([0, 1, 4].map((index) => shard.sequenceAt(index))).toEqual([0, 2, 8]);
    expect(shard.expireFirst(100)).toBe(3);
    expect(shard.beginIndex).toBe(4);
    expect(shard.indexOf(shard.cursorAt(4))).toBe(4);
  });

  it('gives at most the groups asked for, not past the end cursor, and about 10 MB, but always one', () => {
    const shard = createLogstore(1).shard(0);
    for (const size of [11 * 2 ** 20, 4 * 2 ** 20, 4 * 2 ** 20, 4 * 2 ** 20]) {
      shard.append(Buffer.alloc(size), 1, CREATED_MS, 'put');
    }
    const count = (from: number, max: number, end = 4) => shard.range(from, max, end).groupCount;
    expect(count(0, 1000)).toBe(1);
    expect(count(1, 1000)).toBe(2);
    expect(count(1, 1)).toBe(1);
    expect(count(1, 1000, 2)).toBe(1);
    expect(count(2, 1000, 1)).toBe(0);
    expect(count(4, 1000)).toBe(0);
  });
});

describe('split and merge', () => {
  it('cut the key space as the service does', () => {
    expect(ranges(createLogstore(3))).toEqual([
      '0 readwrite 0000-5555',
      '1 readwrite 5555-aaaa',
      '2 readwrite aaaa-ffff',
    ]);
  });

  it('make parents read-only and hand their range on', () => {
    const logstore = createLogstore(2);
    logstore.split(1, undefined, 2, CREATED_MS);
    logstore.merge(0, CREATED_MS);
    expect(ranges(logstore)).toEqual([
      '0 readonly 0000-8000',
      '1 readonly 8000-ffff',
      '2 readonly 8000-c000',
      '3 readwrite c000-ffff',
      '4 readwrite 0000-c000',
    ]);
    expect(logstore.shards().map((shard) => shard.parentIds)).toEqual([[], [], [1], [1], [0, 2]]);
  });

  it('refuse what cannot be', () => {
    const logstore = createLogstore(1);
    const key = (text: string) => () => logstore.split(0, text, 2, CREATED_MS);
    expect(key('0'.repeat(32))).toThrow(code('ParameterInvalid'));
    expect(key('f'.repeat(32))).toThrow(code('ParameterInvalid'));
    expect(key('zz')).toThrow(code('ParameterInvalid'));
    expect(() => logstore.merge(0, CREATED_MS)).toThrow(code('ParameterInvalid'));
    expect(() => logstore.split(7, undefined, 2, CREATED_MS)).toThrow(code('ShardNotExist'));
    logstore.split(0, undefined, 2, CREATED_MS);
    expect(() => logstore.split(0, undefined, 2, CREATED_MS)).toThrow(code('ParameterInvalid'));
  });

  it('route a key to the shard that has it, and turn over the writable shards otherwise', () => {
    const logstore = createLogstore(4);
    const routed = ['0', '3f', '40', 'bf', 'c0', 'ff'].map((start) => logstore.shardFor(start.padEnd(32, 'f')).id);
    expect(routed).toEqual([0, 0, 1, 2, 3, 3]);
    logstore.split(0, undefined, 2, CREATED_MS);
    const turns = Array.from({ length: 10 }, () => logstore.shardFor(undefined).id);
    expect(new Set(turns)).toEqual(new Set([1, 2, 3, 4, 5]));
    expect(logstore.shardFor('0'.repeat(32)).id).toBe(4);
  });
});

it('retention drops what was received too long ago', () => {
  const logstore = createLogstore(1, 60 * SECOND_MS);
  const shard = logstore.shard(0);
  for (const second of [0, 30, 90]) shard.append(Buffer.alloc(1), 1, CREATED_MS + second * SECOND_MS, 'put');
  logstore.applyRetention(CREATED_MS + 60 * SECOND_MS);
  expect(shard.beginIndex).toBe(0);
  logstore.applyRetention(CREATED_MS + 91 * SECOND_MS);
  expect(shard.beginIndex).toBe(2);
});
