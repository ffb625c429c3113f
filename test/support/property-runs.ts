/**
 * How often a property is tried: `FC_RUNS` in the environment, else what the test asks for, and on a developer's machine
 * a third of that (CI tries them all).
 */
export function propertyRuns(usual: number): { numRuns: number } {
  const wished = Number(process.env.FC_RUNS);
  if (Number.isInteger(wished) && wished > 0) return { numRuns: wished };
  return { numRuns: process.env.CI ? usual : Math.ceil(usual / 3) };
}
