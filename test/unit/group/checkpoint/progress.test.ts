import { describe, expect, it } from 'vitest';
import { Progress } from '../../../../src/group/checkpoint/progress.ts';

describe('Progress', () => {
  it('has the start to save where no checkpoint exists yet', () => {
    expect(new Progress(0, 'start', undefined).unsaved).toBe('start');
    expect(new Progress(0, 'start', 'start').unsaved).toBeUndefined();
  });

  it('holds the confirmed cursor back behind a gap', () => {
    const progress = new Progress(0, 'a', 'a');
    const first = progress.open('b');
    const second = progress.open('c');
    progress.markConfirmed(second);
    expect(progress.confirmed).toBe('a');
    progress.markConfirmed(first);
    expect(progress.confirmed).toBe('c');
  });

  it('counts as sent only what is sent without a gap', () => {
    const progress = new Progress(0, 'a', 'a');
    const first = progress.open('b');
    const second = progress.open('c');
    progress.markSent(second);
    expect(progress.sent).toBe('a');
    progress.markSent(first);
    expect(progress.sent).toBe('c');
  });

  it('ignores a late confirmation of what was cut by a rewind', () => {
    const progress = new Progress(0, 'a', 'a');
    const lost = progress.open('b');
    progress.rewind(lost);
    const again = progress.open('b');
    expect(again.ordinal).toBe(lost.ordinal);
    progress.markConfirmed(lost);
    expect(progress.confirmed).toBe('a');
    progress.markConfirmed(again);
    expect(progress.confirmed).toBe('b');
  });

  it('rewinds to the lost ticket and keeps what is before it', () => {
    const progress = new Progress(0, 'a', 'a');
    const first = progress.open('b');
    const second = progress.open('c');
    progress.open('d');
    expect(progress.rewind(second)).toBe(true);
    expect(progress.pulled).toBe('b');
    progress.markConfirmed(first);
    expect(progress.confirmed).toBe('b');
    expect(progress.allConfirmed).toBe(true);
  });

  it('knows where the pulls ended that are made again, until one ends elsewhere', () => {
    const progress = new Progress(0, 'a', 'a');
    const first = progress.open('b');
    progress.open('c');
    progress.open('d');
    expect(progress.bound).toBeUndefined();
    progress.rewind(first);
    expect(progress.bound).toBe('b');
    const again = progress.open('b');
    expect(progress.bound).toBe('c');
    progress.rewind(again); // and what was not reached is still known
    for (const to of ['b', 'c', 'd']) {
      expect(progress.bound).toBe(to);
      progress.open(to);
    }
    expect(progress.bound).toBeUndefined();
    progress.rewind(again);
    expect(progress.bound).toBeUndefined(); // an old ticket
    progress.rewind(progress.open('e'));
    progress.open('x');
    progress.rewind(progress.open('y'));
    progress.open('z');
    expect(progress.bound).toBeUndefined();
  });

  it('tells what was handed over before and lost from what was lost before that', () => {
    const progress = new Progress(0, 'a', 'a');
    const first = progress.open('b');
    progress.markTaken(first);
    progress.open('c');
    progress.rewind(first);
    const again = progress.open('b');
    expect([first.isAgain, again.isAgain, progress.open('c').isAgain]).toEqual([undefined, true, undefined]);
    progress.rewind(again); // before it was handed over this time
    expect(progress.open('x').isAgain).toBe(true);
    expect(progress.open('y').isAgain).toBeUndefined();
  });

  it('lets a pull without data pass only with what was before it', () => {
    const progress = new Progress(0, 'a', 'a');
    const first = progress.open('b');
    progress.skip('c');
    expect(progress.confirmed).toBe('a');
    progress.markConfirmed(first);
    expect(progress.confirmed).toBe('c');
  });
});
