/** The command line in virtual time: the whole program from its arguments to its exit code, in a simulated process. */
import { EventEmitter } from 'node:events';
import { runProgram } from '../../../src/cli/program.ts';
import { createDaemon } from '../../../src/daemon.ts';
import type { CliProcess } from '../daemons/cli.ts';
import { testSurroundings } from '../daemons/config.ts';
import { encoderVariable } from '../daemons/tested-encoder.ts';
import { waitUntil } from '../wait-until.ts';
import { startVirtualProcess, type VirtualMachineOptions } from './virtual-machine.ts';

/** What a test sees of a started command line. */
export type CliHandle = Omit<CliProcess, 'child'>;

export interface VirtualCli extends CliHandle {
  /** SIGSTOP, and SIGCONT. */
  pause(): void;
  resume(): void;
}

export function startVirtualCli(
  options: VirtualMachineOptions,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): VirtualCli {
  const { clock } = options.time;
  const { process: simulated, machine } = startVirtualProcess(options);
  const events = new EventEmitter();
  const stdout: string[] = [];
  const stderr: string[] = [];
  const logged: Record<string, unknown>[] = [];
  const exited = new Promise<number | null>((resolve, reject) => {
    simulated.onDeath(() => resolve(null));
    simulated.post(() => {
      runProgram(args, {
        surroundings: testSurroundings({ environment: { ...encoderVariable(), ...env } }),
        createDaemon: (options) => createDaemon({ ...options, machine }),
        events,
        commands: [],
        colour: false,
        writeOut: (text) => stdout.push(text),
        writeError: (text) => {
          if (!simulated.isAlive) return;
          for (const line of text.split('\n').filter((line) => line !== '')) {
            stderr.push(line);
            if (line.startsWith('{')) logged.push(JSON.parse(line));
          }
        },
      }).then((code) => {
        resolve(code ?? 0);
        // Whatever is left of it ends with the process.
        simulated.kill();
      }, reject);
    });
  });
  return {
    stdout,
    stderr,
    exited,
    logged: () => [...logged],
    waitForLog: (text, timeoutMs = 15_000) =>
      waitUntil(
        () => {
          const line = logged.find((each) => String(each.msg).includes(text));
          if (!line) throw new Error(`no log line with "${text}" in:\n${stderr.join('\n')}`);
          return line;
        },
        { timeoutMs, clock },
      ),
    pause: () => simulated.stop(),
    resume: () => simulated.resume(),
    stop: (signal = 'SIGTERM') => {
      if (signal === 'SIGKILL') simulated.kill();
      else simulated.post(() => events.emit(signal, signal));
      return exited;
    },
  };
}
