import { expect, it, vi } from 'vitest';
import { createPullCache, type PackedPull } from '../../../../src/emulator/model/pull-cache.ts';

function packed(bytes: number): () => PackedPull {
  return () => ({ body: Buffer.alloc(bytes), rawSize: bytes, logGroupCount: 1, logCount: 1 });
}

it('packs once, until what was used longest ago has to go', () => {
  const cache = createPullCache(100);
  const pack = vi.fn(packed(40));
  const first = cache.get('a', pack);
  expect(cache.get('a', pack)).toBe(first);
  expect(pack).toHaveBeenCalledTimes(1);

  cache.get('b', packed(40));
  cache.get('a', pack);
  cache.get('c', packed(40));
  cache.get('a', pack);
  expect(pack).toHaveBeenCalledTimes(1);
  const again = vi.fn(packed(40));
  cache.get('b', again);
  expect(again).toHaveBeenCalledTimes(1);
});

it('answers what is larger than all of it, and does not keep it', () => {
  const cache = createPullCache(100);
  const pack = vi.fn(packed(101));
  expect(cache.get('a', pack).body).toHaveLength(101);
  cache.get('a', pack);
  expect(pack).toHaveBeenCalledTimes(2);
});
