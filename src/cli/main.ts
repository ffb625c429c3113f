/** Runs the program with the process's arguments, environment and streams, and exits with its exit code. */
import { hostname } from 'node:os';
import { isatty } from 'node:tty';
import { toAppError } from '../core/errors.ts';
import { systemClock } from '../core/time/clock.ts';
import { createDaemon } from '../daemon.ts';
import { checkTls } from '../sink/tls/tls-check.ts';
import { resolveRegion } from '../sls/endpoint.ts';
import { subCommands } from './commands.ts';
import { createLogger } from './logging/logging.ts';
import { openStderr } from './logging/stderr.ts';
import { outOfDescriptors } from './process/descriptors.ts';
import { exitCodes } from './process/exit.ts';
import { closeDebugger, restoreDefaultSignals } from './process/first-signals.ts';
import { runProgram } from './program.ts';

closeDebugger();
// Node 26 opens the debugger again in the first turn of the event loop.
systemClock.soon(closeDebugger);
const stderr = openStderr();
const isTerminal = isatty(2);

// `sls-syslog --help | head`: the reader of the output is gone, so there is nothing more to do.
process.stdout.once('error', () => process.exit(exitCodes.failure));

// Node's own listener writes to stderr, and blocks there until it is read.
process.removeAllListeners('warning');
process.on('warning', ({ name, message }) => {
  // A running daemon has a listener, and logs the warning.
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
    onOtherCommand: restoreDefaultSignals,
    commands: await subCommands(args),
    writeOut: (text) => process.stdout.write(text),
    writeError: (text) => stderr.write(text),
    logOutput: stderr,
    colour: isTerminal && !process.env.NO_COLOR,
  });
  // Only after `run`, which has ended all that it started: a socket that the peer does not close must not keep the
  // process alive. Other commands end by themselves.
  if (exitCode !== undefined) process.exit(exitCode);
} catch (thrown) {
  const message = outOfDescriptors(thrown);
  if (message !== undefined) stderr.write(`sls-syslog: ${message}\n`);
  else
    createLogger({ level: 'info', format: isTerminal ? 'pretty' : 'json' }).fatal(
      { err: toAppError(thrown) },
      'a bug in sls-syslog',
    );
  process.exit(exitCodes.failure);
}

/** Sends `ready` to the parent process, where there is a channel to it: pm2 waits for it (`wait_ready`). */
function tellParent(): void {
  if (process.connected) process.send?.('ready', undefined, undefined, () => undefined); // the parent may have ended
}
