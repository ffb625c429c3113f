/** A process that runs the seeds that it is sent, one after another. */
import { runSeed } from './run-seed.ts';

const hazards = new Set((process.env.HAZARDS ?? '').split(',').filter((name) => name !== ''));

process.on('message', (seed: string) => {
  runSeed(seed, { hazards }).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      process.stderr.write(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
