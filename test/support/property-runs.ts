/** How often a property is tried: `FC_RUNS` in the environment, else what the test asks for. */
export function propertyRuns(usual: number): { numRuns: number } {
  const wished = Number(process.env.FC_RUNS);
  return { numRuns: Number.isInteger(wished) && wished > 0 ? wished : usual };
}
