import { describe, expect, it } from 'vitest';
import { Ledger, type LedgerEntry } from '../../../src/sink/ledger.ts';
import type { TestMark } from '../../support/receivers/sink-harness.ts';

/** Whatever carries deliveries: the ledger asks nothing of it. */
interface Carrier {
  readonly name: string;
}
type Entry<M extends TestMark> = LedgerEntry<M, Carrier>;

function createConnection(): Carrier {
  return { name: 'a connection' };
}

function setUp() {
  const done: number[] = [];
  const ledger = new Ledger<TestMark, Carrier>({ sent: () => undefined, confirmed: ({ id }) => done.push(id) });
  const open = (stream: string, id: number, carrier?: Carrier, unwritten = 0): Entry<TestMark> => {
    const entry = ledger.open({ stream, id });
    entry.carrier = carrier;
    entry.unwritten = unwritten;
    return entry;
  };
  const end = (entry: Entry<TestMark>) => {
    entry.isEnded = true;
    ledger.advance(entry);
  };
  const written = (entry: Entry<TestMark>) => {
    entry.unwritten -= 1;
    ledger.advance(entry);
  };
  const ids = (entries: readonly Entry<TestMark>[]) => entries.map(({ ref: mark }) => mark.id);
  return { done, ledger, open, end, written, ids };
}

describe('the ledger', () => {
  it('reports a delivery when it has ended and every chunk is written, whichever comes last', () => {
    const { done, ledger, open, end, written } = setUp();
    const first = open('s', 1, undefined, 1);
    end(first);
    expect(done).toEqual([]);
    written(first);
    expect(done).toEqual([1]);
    const second = open('s', 2, undefined, 1);
    written(second);
    expect(done).toEqual([1]);
    end(second);
    expect(done).toEqual([1, 2]);
    expect(ledger.isEmpty).toBe(true);
  });

  it('keeps the order within a stream, and only there', () => {
    const { done, open, end, written } = setUp();
    const first = open('a', 1, undefined, 1);
    end(first);
    end(open('a', 2));
    end(open('b', 3));
    expect(done).toEqual([3]);
    written(first);
    expect(done).toEqual([3, 1, 2]);
  });

  it('loses with a connection what it carries, and what comes after that in the same streams', () => {
    const { done, ledger, open, end, ids } = setUp();
    const broken = createConnection();
    const other = createConnection();
    const before = open('a', 1, other, 1);
    end(before);
    const carried = open('a', 2, broken, 1);
    end(carried);
    const after = open('a', 3, undefined, 0);
    end(after);
    const elsewhere = open('b', 4, other, 1);
    expect(ids(ledger.lose(broken))).toEqual([2, 3]);
    expect([before, carried, after, elsewhere].map(({ isOver }) => isOver)).toEqual([false, true, true, false]);
    expect(ids(ledger.lose(broken))).toEqual([]);
    expect(ids(ledger.loseAll())).toEqual([1, 4]);
    expect(ledger.isEmpty).toBe(true);
    expect(done).toEqual([]);
  });

  it('lets those behind an abandoned delivery go on', () => {
    const { done, ledger, open, end } = setUp();
    const first = open('a', 1, undefined, 1);
    end(open('a', 2));
    ledger.abandon(first);
    ledger.abandon(first);
    expect(done).toEqual([2]);
    expect(ledger.isEmpty).toBe(true);
  });
});
