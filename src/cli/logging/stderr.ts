/**
 * The process's stderr, which never holds the process up: whoever reads it may have stopped (a pager, a stuck log
 * collector, Ctrl-S on a terminal), and a pipe that is full would stop heartbeats, delivery and signals.
 *
 * Node has no write that returns where it would wait, other than on a descriptor with O_NONBLOCK. That flag belongs to
 * the open file description, which is shared with whoever else writes there: another Node process takes the flag back
 * when it ends, and a program that is not Node need not expect EAGAIN. So a pipe or a terminal is opened a second time,
 * with a description of our own. A socket cannot be opened a second time (systemd's and pm2's stderr are sockets), nor
 * what belongs to another user: there the flag is set as Node sets it wherever `process.stderr` is used.
 *
 * A regular file is written to as it is: it takes everything, or refuses (a full disk), and then lines are held and
 * dropped like any others. Its description is shared on purpose: so is its position.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { systemClock } from '../../core/time/clock.ts';
import { BoundedWriter } from './bounded-writer.ts';

/** Hours of a daemon's lines. */
const maxHeldBytes = 1 << 20;
/** At the end of the process, for a reader that is merely slow. */
const exitPatienceMs = 1_000;

let opened: BoundedWriter | undefined;

/** There is one for the process: two could not keep the order of their lines. */
export function openStderr(): Pick<BoundedWriter, 'write' | 'describeDrops'> {
  opened ??= open(2);
  return opened;
}

function open(fd: number): BoundedWriter {
  const target = withoutWaiting(fd);
  const writer = new BoundedWriter({
    tryWrite: (bytes) => {
      try {
        return writeSync(target, bytes);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
        throw error;
      }
    },
    maxBytes: maxHeldBytes,
    clock: systemClock,
  });
  const alarm = new Int32Array(new SharedArrayBuffer(4));
  process.once('exit', () => writer.flush(exitPatienceMs, (ms) => Atomics.wait(alarm, 0, 0, ms)));
  return writer;
}

/** @returns a descriptor of the same that returns EAGAIN in place of waiting */
function withoutWaiting(fd: number): number {
  if (fstatSync(fd).isFile()) return fd;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // Node sets O_NONBLOCK where it makes the stream; of a terminal it opens another description, and lets that wait.
    if (!isatty(fd)) void process.stderr;
    return fd;
  }
}
