import { describe, expect, it } from 'vitest';
import { addFrameEnd, ChunkPool } from '../../../../src/encode/frame/chunk-pool.ts';

describe('ChunkPool', () => {
  it('hands a released buffer out again', () => {
    const pool = new ChunkPool({ chunkBytes: 64 });
    const buffer = pool.acquire();
    const chunk = pool.chunk(buffer, 10, 1, false);
    expect(chunk.bytes).toHaveLength(10);
    expect(chunk.frameEnds).toBeUndefined();
    expect(pool.idleCount).toBe(0);
    chunk.release();
    expect(pool.acquire()).toBe(buffer);
  });

  it('takes a buffer back once, however often its chunk is released', () => {
    const pool = new ChunkPool({ chunkBytes: 64 });
    const chunk = pool.chunk(pool.acquire(), 10, 1, false);
    chunk.release();
    chunk.release();
    expect(pool.idleCount).toBe(1);
    const again = pool.acquire();
    chunk.release();
    expect(pool.idleCount).toBe(0);
    expect(pool.acquire()).not.toBe(again);
  });

  it('makes a buffer of exactly the size where more than a chunk is needed, and does not keep it', () => {
    const pool = new ChunkPool({ chunkBytes: 64 });
    const large = pool.acquire(1000);
    expect(large.bytes).toHaveLength(1000);
    pool.chunk(large, 1000, 1, false).release();
    expect(pool.idleCount).toBe(0);
    expect(pool.acquire(64).bytes).toHaveLength(64);
  });

  it('keeps no more idle buffers than it may', () => {
    const pool = new ChunkPool({ chunkBytes: 64, maxIdle: 2 });
    const chunks = [1, 2, 3].map(() => pool.chunk(pool.acquire(), 60, 1, false));
    for (const chunk of chunks) chunk.release();
    expect(pool.idleCount).toBe(2);
  });

  it('holds no buffer for a chunk that fills little of it', () => {
    const pool = new ChunkPool({ chunkBytes: 64 });
    const buffer = pool.acquire();
    buffer.bytes.set([1, 2, 3, 4]);
    addFrameEnd(buffer, 0, 1);
    addFrameEnd(buffer, 1, 4);
    const chunk = pool.chunk(buffer, 4, 2, true);
    expect(pool.acquire()).toBe(buffer);
    buffer.bytes.fill(9);
    addFrameEnd(buffer, 0, 60);
    expect([...chunk.bytes]).toEqual([1, 2, 3, 4]);
    expect(chunk.bytes.buffer.byteLength).toBe(4);
    expect([...chunk.frameEnds!]).toEqual([1, 4]);
    chunk.release();
    expect(pool.idleCount).toBe(0);
  });

  it('gives buffers memory of their own', () => {
    const pool = new ChunkPool({ chunkBytes: 64 });
    const [first, second] = [pool.acquire(), pool.acquire()];
    first.bytes.fill(1);
    second.bytes.fill(2);
    expect(first.bytes.every((byte) => byte === 1)).toBe(true);
    expect(first.bytes.buffer.byteLength).toBe(64);
    expect(first.view.getUint8(63)).toBe(1);
  });

  it('notes the ends of more frames than there is room for at first', () => {
    const pool = new ChunkPool({ chunkBytes: 64 });
    const buffer = pool.acquire();
    for (let index = 0; index < 2000; index++) addFrameEnd(buffer, index, index * 3);
    const { frameEnds } = pool.chunk(buffer, 64, 2000, true);
    expect(Array.from(frameEnds!.subarray(0, 2000))).toEqual(Array.from({ length: 2000 }, (_, index) => index * 3));
  });
});
