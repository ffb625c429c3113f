/**
 * The process's stderr, written without blocking: its reader may have stopped (a pager, a stuck log collector, Ctrl-S
 * on a terminal), and a full pipe would stop heartbeats, delivery and signals.
 *
 * Node writes without blocking only on a descriptor with O_NONBLOCK. The flag belongs to the open file description,
 * which other processes may share: another Node process clears the flag when it ends, and a program that is not Node
 * need not expect EAGAIN. So a pipe or a terminal is opened a second time, for a description of our own. A socket
 * cannot be opened again (systemd's and pm2's stderr are sockets), nor can another user's pipe: there the flag is set
 * on the shared description, as Node does wherever `process.stderr` is used.
 *
 * A regular file is written to as it is: it takes all bytes, or refuses (a full disk), and then lines are held and
 * dropped as well. Its description, and with it the file position, is shared on purpose.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { systemClock } from '../../core/time/clock.ts';
import { BoundedWriter } from './bounded-writer.ts';

/** Enough for hours of a daemon's lines. */
const maxHeldBytes = 1 << 20;
/** Time at the end of the process for a slow reader. */
const exitFlushMs = 1_000;

let opened: BoundedWriter | undefined;

/** Returns the process's one writer: two could not keep the order of lines. */
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
  process.once('exit', () => writer.flush(exitFlushMs, (ms) => Atomics.wait(alarm, 0, 0, ms)));
  return writer;
}

/** @returns a descriptor of the same file on which a write returns EAGAIN instead of blocking */
function withoutWaiting(fd: number): number {
  if (fstatSync(fd).isFile()) return fd;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // Node sets O_NONBLOCK when it creates the stream; for a terminal it opens another description, which blocks.
    if (!isatty(fd)) void process.stderr;
    return fd;
  }
}
