/**
 * How often a property is tried: `FC_RUNS` in the environment, else what the test asks for, and on a developer's machine
 * or with PROPERTIES=short a third of that. CI tries them all on one Node.
 */
export function propertyRuns(usual: number): { numRuns: number } {
  const wished = Number(process.env.FC_RUNS);
  if (Number.isInteger(wished) && wished > 0) return { numRuns: wished };
  const isAll = process.env.CI && process.env.PROPERTIES !== 'short';
  return { numRuns: isAll ? usual : Math.ceil(usual / 3) };
}
