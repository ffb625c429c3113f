import { describe, expect, it } from 'vitest';
import { placements } from '../../../../src/sink/receivers/placement.ts';

const streams = Array.from({ length: 1_000 }, (_, shard) => String(shard));
const peers = ['tcp://a:514', 'tcp://b:514', 'tcp://c:514'];

describe('failover', () => {
  it('takes the first of those that are trusted', () => {
    expect(placements.failover('7', peers)).toBe('tcp://a:514');
    expect(placements.failover('7', peers.slice(1))).toBe('tcp://b:514');
    expect(placements.failover('7', [])).toBeUndefined();
  });
});

describe('load balancing', () => {
  const place = placements['load-balance'];

  it('shares streams evenly', () => {
    for (const peer of peers) {
      const share = streams.filter((stream) => place(stream, peers) === peer).length;
      expect(share).toBeGreaterThan(250);
      expect(share).toBeLessThan(420);
    }
    expect(place('7', [])).toBeUndefined();
  });

  it('moves the streams of a receiver that goes, and no other', () => {
    const left = peers.slice(1);
    for (const stream of streams) {
      const before = place(stream, peers);
      if (before === peers[0]) expect(left).toContain(place(stream, left));
      else expect(place(stream, left)).toBe(before);
    }
  });

  it('does not depend on the order in which receivers are named', () => {
    for (const stream of streams) expect(place(stream, peers.toReversed())).toBe(place(stream, peers));
  });
});
