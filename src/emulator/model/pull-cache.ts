/**
 * Caches compressed bodies of pulls, so that several consumers (and a benchmark's second run) cost no second
 * compression. Bounded by bytes; drops the least recently used first.
 */
export interface PackedPull {
  readonly body: Uint8Array;
  /** Bytes of the LogGroupList in the body. */
  readonly rawSize: number;
  readonly logGroupCount: number;
  readonly logCount: number;
}

export interface PullCache {
  /** @param key names everything that the body depends on */
  get(key: string, pack: () => PackedPull): PackedPull;
}

export function createPullCache(maxBytes: number): PullCache {
  // A Map iterates in the order of insertion: a hit is inserted again, so the first entry is the least recently used.
  const entries = new Map<string, PackedPull>();
  let bytes = 0;

  return {
    get(key, pack) {
      const known = entries.get(key);
      if (known) {
        entries.delete(key);
        entries.set(key, known);
        return known;
      }
      const packed = pack();
      entries.set(key, packed);
      bytes += packed.body.length;
      for (const [oldest, entry] of entries) {
        if (bytes <= maxBytes) break;
        entries.delete(oldest);
        bytes -= entry.body.length;
      }
      return packed;
    },
  };
}
