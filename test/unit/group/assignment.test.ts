import { describe, expect, it } from 'vitest';
import { assign } from '../../../src/group/assignment.ts';

describe('assign', () => {
  it('starts what is granted and not held, drains what is held and not granted', () => {
    expect(assign(new Set([1, 2]), new Set(), [2, 3])).toEqual({ start: [3], drain: [1] });
  });

  it('does not drain twice', () => {
    expect(assign(new Set([1]), new Set([1]), [])).toEqual({ start: [], drain: [] });
  });

  it('lets a drain finish although the shard is granted again', () => {
    expect(assign(new Set([1]), new Set([1]), [1])).toEqual({ start: [], drain: [] });
  });

  it('starts a shard once although it is granted twice in one answer', () => {
    expect(assign(new Set(), new Set(), [4, 4])).toEqual({ start: [4], drain: [] });
  });
});
