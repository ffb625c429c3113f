/** What formats and rules add to the processor time of the whole daemon, against the usual text without any. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ratioOfPairs } from '../harness/pairs.ts';
import { Plant } from '../harness/plant.ts';
import type { Measured, Row, RunOptions } from '../harness/row.ts';
import { CPU_PER_GB, Runs } from '../harness/runs.ts';

const LINE_FORMATTER = fileURLToPath(new URL('../programs/line-formatter.js', import.meta.url));

/** By what the row says of it. Access logs have the fields of NGINX: the mapping finds most of what it asks for. */
const formats: Readonly<Record<string, readonly string[]>> = {
  json: ['--format', 'json'],
  'cef, mapping nginx,': ['--format', 'cef', '--mapping', 'nginx'],
  'leef, mapping nginx,': ['--format', 'leef', '--mapping', 'nginx'],
  sd: ['--format', 'sd'],
};

/** Texts that are made by code, log by log. */
const computed: Readonly<Record<string, readonly string[]>> = {
  template: [
    '--format',
    'template',
    '--template',
    '{remote_addr} "{request_method} {request_uri}" {status} {body_bytes_sent} {request_time} at {__time__:iso}',
  ],
  'module (seven fields, one line)': ['--format', 'module', '--module', LINE_FORMATTER],
};

/** Every log passes both filters: what is dropped would cost less. One in seven has the severity of the rule. */
const rules = [
  '--where',
  '{field: request_method, in: [GET, POST, PUT, DELETE]}',
  '--where',
  '{field: status, range: 100..599}',
  '--rules',
  '{when: {field: status, range: 500..}, severity: err}',
];

/** Two runs of one daemon may be a third apart: a median of five says little. */
const MANY = { pairs: 9 };
/** Of those that take many times as long. */
const SLOW = { warmUpBytes: 0.15e9, measuredBytes: 0.3e9 };

export const formatRows: readonly Row[] = [
  ...Object.entries(formats).map(
    ([name, args]): Row => ({
      what: `${name} ÷ kv, access logs: ${CPU_PER_GB}`,
      target: { atMost: 1.5 },
      unit: '',
      digits: 2,
      measure: (options) => againstUsual(name, args, options, new Runs(options, MANY)),
    }),
  ),
  {
    what: `two filters and a severity rule ÷ none, access logs: ${CPU_PER_GB}`,
    target: { atMost: 1.3 },
    unit: '',
    digits: 2,
    measure: (options) => againstUsual('rules', rules, options, new Runs(options, MANY)),
  },
  ...Object.entries(computed).map(
    ([name, args]): Row => ({
      what: `${name} ÷ kv, access logs: ${CPU_PER_GB}`,
      unit: '',
      digits: 2,
      measure: (options) => againstUsual(name, args, options, new Runs(options, SLOW)),
    }),
  ),
];

async function againstUsual(name: string, args: readonly string[], options: RunOptions, runs: Runs): Promise<Measured> {
  const plant = await Plant.start({ profile: 'access', shards: 4, quick: options.quick });
  // A module has to have one.
  const deadLetters = ['--dead-letter', join(plant.directory, 'dead-letters.jsonl')];
  try {
    return runs.describe(
      await ratioOfPairs(
        runs.pairs,
        () => runs.cost(name, plant, () => plant.startDaemon({ args: [...args, ...deadLetters] })),
        () => runs.cost('usual', plant, () => plant.startDaemon({ args: deadLetters })),
      ),
    );
  } finally {
    await plant.close();
  }
}
