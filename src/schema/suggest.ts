/** Suggests a name for a mistyped one. Pure. */

/** @returns the candidate with the fewest edits, at most a third of its length, and not all characters; or undefined */
export function nearestName(typed: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const most = Math.min(Math.max(1, Math.floor(candidate.length / 3)), Math.max(typed.length, candidate.length) - 1);
    // The distance is at least the difference in length: with this check a file of unknown keys takes little time.
    if (Math.abs(typed.length - candidate.length) > most) continue;
    const distance = editDistance(typed.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance && distance <= most) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** @returns `; did you mean "port"?`, or an empty text */
export function didYouMean(typed: string, candidates: Iterable<string>): string {
  const nearest = nearestName(typed, candidates);
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`;
}

/** Counts insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  // Names of very different length, and long ones, are never near, and must not cost time.
  if (Math.abs(a.length - b.length) > 8 || a.length > 64) return Number.POSITIVE_INFINITY;
  let previous: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, previous[j - 2]! + 1);
      next.push(cost);
    }
    previous = row;
    row = next;
  }
  return row[b.length]!;
}
