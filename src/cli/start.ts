/** The first file of the program: handles signals, then loads main.ts, for which there may be too few descriptors. */
import { descriptorLimit, outOfDescriptors } from './process/descriptors.ts';
import { closeDebugger } from './process/first-signals.ts';

const limit = descriptorLimit();

try {
  await import('./main.ts');
} catch (error) {
  const message = outOfDescriptors(error, limit);
  if (message === undefined) throw error;
  process.stderr.write(`sls-syslog: ${message}\n`);
  process.exitCode = 1;
}
closeDebugger();
