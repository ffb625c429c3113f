/** What the process with a bug in it runs: seeds, until one finds a violation. */
import { runSeed } from '../run-seed.ts';

/** What it prints, one line of JSON each. */
export type Line =
  | { readonly begins: string }
  | { readonly seed: string; readonly invariant: string; readonly message: string }
  | { readonly done: true };

function print(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

let present = '';
// What nobody has caught: it would end a daemon's process.
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) => {
    print({ seed: present, invariant: 'exception', message: String(error) });
    process.exit(0);
  });
}

for (const seed of process.argv.slice(2)) {
  present = seed;
  print({ begins: seed });
  const { failure } = await runSeed(seed);
  if (!failure) continue;
  print({ seed, invariant: failure.invariant, message: failure.message });
  process.exit(0);
}
print({ done: true });
