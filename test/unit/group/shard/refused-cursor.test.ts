import { describe, expect, it } from 'vitest';
import { type Evidence, judge } from '../../../../src/group/shard/refused-cursor.ts';

/** A cursor of the service's: base64 of a number of 19 digits. */
const cursorOf = (position: number) =>
  Buffer.from(String(1_767_225_600_000_000_000n + BigInt(position))).toString('base64');

const evidence = (given: Partial<Evidence>): Evidence => ({
  cursor: 'opaque',
  begin: 'another',
  cursorSec: undefined,
  beginSec: undefined,
  isEmpty: false,
  savedSec: undefined,
  wasServed: false,
  refusals: 2,
  overMs: 1_000,
  ...given,
});
const often = { refusals: 4, overMs: 10_000 };

describe('a cursor that was refused', () => {
  it('has expired where the service received what is there before what is at the beginning, and that is measured', () => {
    expect(judge(evidence({ cursorSec: 100, beginSec: 250 }))).toEqual({ is: 'expired', fromSec: 100 });
  });

  it('has not where it came at the same time or later', () => {
    expect(judge(evidence({ cursorSec: 250, beginSec: 250, wasServed: true, ...often }))).toEqual({ is: 'known' });
    expect(judge(evidence({ cursorSec: 251, beginSec: 250, wasServed: true, ...often }))).toEqual({ is: 'known' });
  });

  it('has not where it is the beginning itself', () => {
    expect(judge(evidence({ cursor: 'x', begin: 'x', wasServed: true, ...often }))).toEqual({ is: 'known' });
  });

  it('has expired where it was saved before what is at the beginning came', () => {
    expect(judge(evidence({ savedSec: 200, beginSec: 250 }))).toEqual({ is: 'expired', fromSec: 200 });
    expect(judge(evidence({ savedSec: 250, beginSec: 250 }))).toEqual({ is: 'unknown' });
  });

  it('has not where nothing is at the beginning, whatever time the service says', () => {
    expect(judge(evidence({ savedSec: 200, beginSec: 250, isEmpty: true }))).toEqual({ is: 'unknown' });
  });

  it('has expired where it was served once, and is refused again and again', () => {
    expect(judge(evidence({ wasServed: true }))).toEqual({ is: 'unknown' });
    expect(judge(evidence({ wasServed: true, ...often }))).toEqual({ is: 'expired', fromSec: undefined });
  });

  it('is not taken for expired where it is no cursor, or behind the beginning, whoever is said to have saved it', () => {
    const begin = cursorOf(10);
    for (const cursor of ['garbage', cursorOf(11), 'OTk5OTk5OTk5OTk5OTk5OTk5OQ=='])
      expect(judge(evidence({ cursor, begin, wasServed: true, ...often }))).toEqual({ is: 'unknown' });
    expect(judge(evidence({ cursor: cursorOf(9), begin, ...often }))).toMatchObject({ is: 'expired' });
    // Nobody promises that they grow: that alone decides nothing at the first answer.
    expect(judge(evidence({ cursor: cursorOf(9), begin }))).toEqual({ is: 'unknown' });
  });
});
