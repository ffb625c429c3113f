/** Tries one mutant: the source and the simulation in one file, with the bug in it, and a process that runs seeds there. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { Mutant } from './mutants.ts';
import type { Line } from './run-one.ts';

export interface Found {
  readonly seed: string;
  readonly invariant: string;
  readonly message: string;
}

export interface TryOptions {
  readonly seeds: readonly string[];
  /** For one seed; one that takes longer has found it, too: `hangs`. */
  readonly seedTimeoutMs?: number;
  /** For all of them: what is not found by then counts as not found. Default: none. */
  readonly boundMs?: number;
  /** Called with each seed that begins. */
  readonly onSeed?: (seed: string) => void;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const cache = join(root, 'node_modules/.cache/sls-syslog-mutants');
const usualSeedTimeoutMs = 120_000;

/** The known seed first, then 1, 2, 3, … */
export function seedsFor({ knownSeed }: Mutant, count: number): string[] {
  const numbered = Array.from({ length: count }, (_, at) => String(at + 1));
  return [knownSeed, ...numbered.filter((seed) => seed !== knownSeed)];
}

/** Whether it is an invariant that has found it, and one of those that may. */
export function isFinding({ invariants }: Mutant, { invariant }: Found): boolean {
  return invariants?.includes(invariant) ?? (invariant !== 'exception' && invariant !== 'hangs');
}

/**
 * @returns undefined when no seed finds it
 * @throws Error when the source is not as the mutant expects it, or its process ends without a word
 */
export async function tryMutant(mutant: Mutant, options: TryOptions): Promise<Found | undefined> {
  // From there node_modules is found.
  const program = join(cache, `${mutant.name}-${process.pid}.mjs`);
  const remove = () => rmSync(program, { force: true });
  process.once('exit', remove);
  try {
    await bundle(mutant, program);
    return await run(mutant, program, options);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** One file, with the bug in it. What finds a file by `import.meta.url` finds it where the source has it. */
async function bundle({ name, file, find, replace }: Mutant, outfile: string): Promise<void> {
  const path = join(root, 'src', file);
  const source = await readFile(path, 'utf8');
  const times = source.split(find).length - 1;
  if (times !== 1)
    throw new Error(`${name}: what it replaces is ${times} times in src/${file}, and must be there once`);
  const withBug = source.replace(find, () => replace);
  const plugin: Plugin = {
    name: 'mutant',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path: loaded }) => {
        const contents = loaded === path ? withBug : await readFile(loaded, 'utf8');
        const url = JSON.stringify(pathToFileURL(loaded).href);
        return { contents: contents.replaceAll('import.meta.url', () => url), loader: 'ts' };
      });
    },
  };
  await build({
    entryPoints: [join(root, 'test/simulation/mutants/run-one.ts')],
    outfile,
    plugins: [plugin],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
}

function run(mutant: Mutant, program: string, options: TryOptions): Promise<Found | undefined> {
  const { seeds, seedTimeoutMs = usualSeedTimeoutMs, boundMs, onSeed } = options;
  const child = spawn(process.execPath, [program, ...seeds], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let present = '';
    let errors = '';
    let timer: NodeJS.Timeout | undefined;
    let outcome: { readonly found: Found | undefined } | undefined;
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    const giveUp = (found: Found | undefined) => {
      outcome ??= { found };
      end();
    };
    const bound = boundMs === undefined ? undefined : setTimeout(() => giveUp(undefined), boundMs);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4_000);
    });
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      clearTimeout(timer);
      if ('begins' in line) {
        present = line.begins;
        onSeed?.(present);
        timer = setTimeout(() => {
          const message = `seed ${present} did not end within ${seedTimeoutMs / 1000} s`;
          giveUp({ seed: present, invariant: 'hangs', message });
        }, seedTimeoutMs);
      } else outcome ??= { found: 'done' in line ? undefined : line };
    });
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      clearTimeout(bound);
      process.off('exit', end);
      if (outcome) resolve(outcome.found);
      else reject(new Error(`${mutant.name}: its process ended (${code}) in seed ${present || '-'}: ${errors}`));
    });
  });
}
