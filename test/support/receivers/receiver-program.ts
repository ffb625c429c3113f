/** `sls-syslog receiver` as a process of its own, without the build. */
import { receiverCommand } from '../../../src/cli/receiver.ts';

await receiverCommand().parseAsync(process.argv.slice(2), { from: 'user' });
