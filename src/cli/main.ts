/** Where the process begins and ends: gives the program its surroundings, and exits with what it returns. */
import { hostname } from 'node:os';
import { isatty } from 'node:tty';
import { toAppError } from '../core/errors.ts';
import { systemClock } from '../core/time/clock.ts';
import { createDaemon } from '../daemon.ts';
import { checkTls } from '../sink/tls/tls-check.ts';
import { resolveRegion } from '../sls/endpoint.ts';
import { subCommands } from './commands.ts';
import { outOfDescriptors } from './descriptors.ts';
import { exitCodes } from './exit.ts';
import { closeDebugger, restoreUsualSignals } from './first-signals.ts';
import { createLogger } from './logging/logging.ts';
import { openStderr } from './logging/stderr.ts';
import { runProgram } from './program.ts';

closeDebugger();
// Node 26 opens it once more in the first turn of the event loop.
systemClock.soon(closeDebugger);
const stderr = openStderr();
const isTerminal = isatty(2);

// `sls-syslog --help | head`: whoever read the output has left, so there is nothing more to do.
process.stdout.once('error', () => process.exit(exitCodes.failure));

// Node's own listener writes to stderr and waits there until somebody reads.
process.removeAllListeners('warning');
process.on('warning', ({ name, message }) => {
  // Where a daemon runs, its log says it.
  if (process.listenerCount('warning') === 1) stderr.write(`${name}: ${message}\n`);
});

try {
  const args = process.argv.slice(2);
  const exitCode = await runProgram(args, {
    surroundings: {
      environment: process.env,
      workingDirectory: process.cwd(),
      hostname: hostname(),
      processId: process.pid,
      now: systemClock.now,
      isTerminal,
      resolveRegion,
      checkTls: (tls) => checkTls(tls, systemClock.now()),
    },
    createDaemon,
    events: process,
    onReady: tellParent,
    onOtherCommand: restoreUsualSignals,
    commands: await subCommands(args),
    writeOut: (text) => process.stdout.write(text),
    writeError: (text) => stderr.write(text),
    logOutput: stderr,
    colour: isTerminal && !process.env.NO_COLOR,
  });
  // Only after `run`: it has ended everything that it started, and whatever still keeps the event loop alive (a
  // socket that the peer does not close) must not keep the process. Other commands end by themselves.
  if (exitCode !== undefined) process.exit(exitCode);
} catch (thrown) {
  const message = outOfDescriptors(thrown);
  if (message !== undefined) stderr.write(`sls-syslog: ${message}\n`);
  else
    createLogger({ level: 'info', format: isTerminal ? 'pretty' : 'json' }).fatal({ err: toAppError(thrown) }, 'a bug');
  process.exit(exitCodes.failure);
}

/** pm2 (`wait_ready`) waits for this word over the channel to the process that started us, where there is one. */
function tellParent(): void {
  if (process.connected) process.send?.('ready', undefined, undefined, () => undefined); // it may just have left
}
