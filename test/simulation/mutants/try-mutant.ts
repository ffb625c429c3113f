/**
 * Tries one mutant: a copy of the source and of the simulation, with the bug in it, in a directory from which
 * node_modules is found, and a process that runs seeds there.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
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
  return knownSeed === undefined ? numbered : [knownSeed, ...numbered.filter((seed) => seed !== knownSeed)];
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
  const directory = join(cache, `${mutant.name}-${process.pid}`);
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    await makeCopy(mutant, directory);
    return await run(mutant, directory, options);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

async function makeCopy({ name, file, find, replace }: Mutant, directory: string): Promise<void> {
  const source = await readFile(join(root, 'src', file), 'utf8');
  const times = source.split(find).length - 1;
  if (times !== 1)
    throw new Error(`${name}: what it replaces is ${times} times in src/${file}, and must be there once`);
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'test'), { recursive: true });
  await cp(join(root, 'src'), join(directory, 'src'), { recursive: true });
  await cp(join(root, 'test/simulation'), join(directory, 'test/simulation'), { recursive: true });
  await cp(join(root, 'package.json'), join(directory, 'package.json'));
  await writeFile(
    join(directory, 'src', file),
    source.replace(find, () => replace),
  );
}

function run(mutant: Mutant, directory: string, options: TryOptions): Promise<Found | undefined> {
  const { seeds, seedTimeoutMs = usualSeedTimeoutMs, boundMs, onSeed } = options;
  const program = join(directory, 'test/simulation/mutants/run-one.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...seeds], {
    cwd: dirname(program),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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
