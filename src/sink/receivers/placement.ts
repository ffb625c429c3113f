/**
 * Which of several receivers a stream goes to. Pure.
 *
 * `failover`: all streams to the first of the list that is healthy.
 * `load-balance`: each stream to the one that scores highest for it (rendezvous hashing): every process comes to the
 * same answer, and when a receiver goes or comes, only the streams that it had, or gets, move.
 */
export type Strategy = 'failover' | 'load-balance';

/** @param healthy the receivers' names, in the order of the configuration; @returns undefined where there is none */
export type Placement = (stream: string, healthy: readonly string[]) => string | undefined;

export const placements: Readonly<Record<Strategy, Placement>> = {
  failover: (_, [first]) => first,
  'load-balance': (stream, healthy) => {
    let best: string | undefined;
    let bestScore = -1;
    for (const name of healthy) {
      const score = hash(`${name}\n${stream}`);
      if (score > bestScore) {
        best = name;
        bestScore = score;
      }
    }
    return best;
  },
};

/** FNV-1a, 32 bits, and then murmur3's finalizer: streams that differ in one digit are to end up far apart. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
