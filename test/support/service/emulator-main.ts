/** `sls-syslog emulator` from its source; started by emulator-process.ts. */
import { emulatorCommand } from '../../../src/cli/emulator.ts';

await emulatorCommand().parseAsync(process.argv.slice(2), { from: 'user' });
