/**
 * How often a property is tried. Seeds are new each time, so that runs add up:
 *
 *     FC_RUNS=N          N times
 *     PROPERTIES=full    as often as the test asks for
 *     in CI              half of that, on one Node
 *     here               a third
 *     PROPERTIES=short   a tenth: CI, on the other Node
 *
 * @param least of runs: where a test counts what it has met, and expects some of each
 */
export function propertyRuns(usual: number, least = 1): { numRuns: number } {
  const wished = Number(process.env.FC_RUNS);
  if (Number.isInteger(wished) && wished > 0) return { numRuns: wished };
  return { numRuns: Math.max(least, Math.ceil(usual / divisor())) };
}

function divisor(): number {
  const { CI, PROPERTIES } = process.env;
  if (PROPERTIES === 'full') return 1;
  if (PROPERTIES === 'short') return 10;
  return CI ? 2 : 3;
}
