/** Processes of the benchmark: started with a line of JSON on stdout, stopped in the end, and what they have used. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const bin = fileURLToPath(new URL('../../bin/sls-syslog.js', import.meta.url));
/** Linux counts a process's time in these, whatever its clock's resolution (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;

/**
 * One of bench/programs. Resolves with what it says when it is ready.
 * @param onLater told of what it says later
 */
export async function startProgram<T>(
  name: string,
  args: readonly string[],
  onLater?: (said: unknown) => void,
): Promise<{ child: ChildProcess; said: T }> {
  const file = fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
  if (typeof line[0] !== 'string') throw new Error(`bench/programs/${name}.ts ended before it was ready`);
  lines.on('line', (later: string) => onLater?.(JSON.parse(later)));
  return { child, said: JSON.parse(line[0]) as T };
}

/** Kills, and waits for the end. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Seconds of a processor, user's and system's, that the process has used since its start, all threads. */
export function cpuSeconds({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // After the name, which may hold blanks: state is field 3, utime 14, stime 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory, in bytes. */
export function residentBytes({ pid }: ChildProcess): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kilobytes) * 1024;
}
