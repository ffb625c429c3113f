import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SequenceCounter } from '../../../src/receiver/sequence.ts';
import { propertyRuns } from '../../support/arbitraries/property-runs.ts';

function countAll(messages: readonly string[]) {
  const counter = new SequenceCounter();
  for (const message of messages) {
    // Behind it is what a buffer of a stream has there.
    const bytes = Buffer.from(`9 ${message}99 `);
    counter.count(bytes, 2, bytes.length - 3);
  }
  return counter.stats();
}

describe('the sequence counter', () => {
  it('reads the number at the end, and nowhere else', () => {
    expect(countAll(['<14>x||seq=3-0', '<14>x||seq=9-9||seq=3-1', 'seq=3-2', '{"a":1} seq=3-3'])).toEqual({
      unique: 4,
      duplicate: 0,
      missing: 0,
      outOfOrder: 0,
      unnumbered: 0,
      shards: 1,
    });
  });

  it.each([
    '',
    '0',
    '3-1',
    'seq=',
    'seq=3',
    'seq=3-',
    'seq=-1',
    'seq=a-1',
    '||seq=3-1 ',
    '||seq=3-1||',
    'subseq=3-1',
    'a_seq=3-1',
    '3seq=3-1',
    'SEQ=3-1',
    'eq=3-1',
    `seq=1-${'9'.repeat(16)}`,
  ])('finds none in %j', (message) => {
    expect(countAll([message])).toMatchObject({ unnumbered: 1, unique: 0, shards: 0 });
  });

  it('counts duplicates, gaps and what comes late, shard by shard', () => {
    const numbers = ['0-0', '1-0', '0-1', '0-1', '0-5', '0-3', '1-2', '0-5'];
    expect(countAll(numbers.map((each) => `||seq=${each}`))).toEqual({
      unique: 6,
      duplicate: 2,
      // 2 and 4 of shard 0, 1 of shard 1
      missing: 3,
      outOfOrder: 1,
      unnumbered: 0,
      shards: 2,
    });
  });

  it('is right about any numbers in any order', () => {
    const pair = fc.tuple(
      fc.integer({ min: 0, max: 3 }),
      fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 65_530, max: 65_550 })),
    );
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 300 }), (pairs) => {
        const counter = new SequenceCounter();
        const seen = new Map<number, Set<number>>();
        let duplicate = 0;
        let outOfOrder = 0;
        for (const [shard, number] of pairs) {
          counter.add(shard, number);
          const numbers = seen.get(shard) ?? new Set();
          seen.set(shard, numbers);
          if (numbers.has(number)) duplicate += 1;
          else if (number < Math.max(-1, ...numbers)) outOfOrder += 1;
          numbers.add(number);
        }
        let unique = 0;
        let missing = 0;
        for (const numbers of seen.values()) {
          unique += numbers.size;
          missing += Math.max(...numbers) + 1 - numbers.size;
        }
        expect(counter.stats()).toEqual({ unique, duplicate, missing, outOfOrder, unnumbered: 0, shards: seen.size });
      }),
      propertyRuns(200),
    );
  });

  it('forgets the bits of a page that is full, and still knows its numbers', () => {
    const counter = new SequenceCounter();
    for (let n = 0; n < 200_000; n++) counter.add(0, n);
    for (let n = 0; n < 200_000; n += 1000) counter.add(0, n);
    expect(counter.stats()).toMatchObject({ unique: 200_000, duplicate: 200, missing: 0, outOfOrder: 0 });
  });

  it('does not let numbers far apart take all memory', () => {
    const counter = new SequenceCounter();
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 20_000; n++) counter.add(0, n * 100_000);
    const { unique, unnumbered } = counter.stats();
    expect(unique).toBe(8192);
    expect(unnumbered).toBe(20_000 - 8192);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(80 * 1024 * 1024);
  });
});
