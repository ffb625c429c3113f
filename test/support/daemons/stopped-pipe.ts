/** A pipe that is full, and whose reader has stopped: for what a process does when nobody reads what it says. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

export interface StoppedPipe {
  /** For the process; waits where the pipe is full, as a pipe does. */
  readonly writeEnd: number;
  /** Reads what is in it now: the reader goes on for a moment. */
  read(): string;
  /** Reads on until the promise settles. @returns everything from now on */
  readUntil(over: Promise<unknown>): Promise<string>;
  close(): Promise<void>;
}

export async function createStoppedPipe(): Promise<StoppedPipe> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'sls-syslog-pipe-'));
  const file = path.join(directory, 'pipe');
  execFileSync('mkfifo', [file]);
  const readEnd = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  const writeEnd = openSync(file, constants.O_WRONLY);
  untilFull(() => writeSync(readEnd, '.\n'.repeat(2_048)));

  function read(): string {
    const chunks: Buffer[] = [];
    const buffer = Buffer.alloc(65_536);
    untilFull(() => chunks.push(Buffer.from(buffer.subarray(0, readSync(readEnd, buffer)))));
    return Buffer.concat(chunks).toString();
  }

  return {
    writeEnd,
    read,
    readUntil: async (over) => {
      let isOver = false;
      void over.finally(() => {
        isOver = true;
      });
      const parts: string[] = [];
      while (!isOver) {
        parts.push(read());
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      parts.push(read());
      return parts.join('');
    },
    close: async () => {
      closeSync(readEnd);
      closeSync(writeEnd);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Or empty, as the case may be. */
function untilFull(step: () => unknown): void {
  try {
    for (;;) step();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
  }
}
