/** `sls-syslog receiver` as a process of its own, without the build. */
import { receiverCommand } from '../../../src/cli/receiver/command.ts';

await receiverCommand().parseAsync(process.argv.slice(2), { from: 'user' });
