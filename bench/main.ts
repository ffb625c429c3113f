/**
 * `npm run bench [-- --quick]`: every section in turn, a table each, and the figures in `bench/results.json`. The
 * exit code is 1 where a floor was missed; not with `--quick`, which only has to run.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { endToEnd } from './end-to-end.ts';
import type { Section, SectionResult } from './section.ts';
import { walkAndFormat } from './walk-and-format.ts';

const sections: readonly Section[] = [walkAndFormat, endToEnd];

const { values: flags } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });

const results: SectionResult[] = [];
for (const [index, section] of sections.entries()) {
  const result = await section({ quick: flags.quick });
  results.push(result);
  process.stdout.write(`${index + 1}. ${result.title}\n\n${table(result)}\n\n`);
}

const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
const report = {
  measuredAt: new Date().toISOString(),
  quick: flags.quick,
  machine,
  sections: results.map(({ title, passed, figures }) => ({ title, passed, figures })),
};
const reportFile = new URL('results.json', import.meta.url);
writeFileSync(reportFile, `${JSON.stringify(report, undefined, 2)}\n`);
process.stdout.write(`Node ${machine.node}, ${machine.cores} × ${machine.cpu}; figures in bench/results.json\n`);

if (!flags.quick && !results.every(({ passed }) => passed)) {
  process.stderr.write('A floor was missed: see NO in the last column.\n');
  process.exitCode = 1;
}

function table({ columns, rows }: SectionResult): string {
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('   ')
      .trimEnd();
  return [line(columns), ...rows.map(line)].map((text) => `   ${text}`).join('\n');
}
