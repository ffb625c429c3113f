/** The command line: the commands and their hierarchy. Without a command, `run` is run. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../core/errors.ts';
import { deadLetterCommand } from './dead-letter.ts';
import { examples, settingHelp } from './help.ts';
import { addSettingOptions, operandsOf, readFlags, refuseStrayWords } from './options.ts';
import { describeProblems, type ExitCode, exitCodes } from './process/exit.ts';
import { type RunContext, runDaemon } from './run.ts';

export interface ProgramContext extends RunContext {
  /** `emulator`, `receiver`, `demo`: each reads its own options, and sets `process.exitCode`. */
  readonly commands: readonly Command[];
  /** Called before a command other than `run`. */
  readonly onOtherCommand?: () => void;
  readonly writeOut: (text: string) => void;
}

/**
 * Runs a command line (without node and the script).
 * @returns the exit code; undefined where a command has set `process.exitCode` itself
 */
export async function runProgram(args: readonly string[], context: ProgramContext): Promise<ExitCode | undefined> {
  let exitCode: ExitCode | undefined;
  const action = async (_options: unknown, command: Command) => {
    exitCode = await runDaemon(readFlags(command, context.surroundings.workingDirectory), context);
  };
  const replay = deadLetterCommand(context, (code) => {
    exitCode = code;
  });
  // The subcommands of `config` take all settings: they are created only when needed.
  const config = args.includes('config')
    ? (await import('./config.ts')).configCommand(context, (code) => {
        exitCode = code;
      })
    : new Command('config');
  config.description('check, show or begin a configuration; subcommands: check, show, schema, init');
  const program = createProgram({ ...context, commands: [config, replay, ...context.commands] }, action);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.configuration;
    if (error instanceof ConfigError) {
      context.writeError(describeProblems(error.problems));
      return exitCodes.configuration;
    }
    throw error;
  }
}

function createProgram(
  context: Pick<ProgramContext, 'commands' | 'onOtherCommand' | 'writeOut' | 'writeError'>,
  action: (options: unknown, command: Command) => Promise<void>,
): Command {
  const program = new Command('sls-syslog');
  program
    .description(
      'Ships logs from an Alibaba Cloud Log Service (SLS) consumer group to a SIEM over syslog, at least once.',
    )
    .usage('[run] [settings]')
    .helpOption('-h, --help', 'show this help')
    // Otherwise `--port` of `sls-syslog emulator --port 0` would be taken for the setting.
    .enablePositionalOptions()
    .helpCommand('help [command]', 'show the help of a command')
    .action(action);
  const run = new Command('run').description('ship logs; what happens without a command').action(action);
  for (const command of [program, run]) {
    addSettingOptions(command).configureHelp(settingHelp()).addHelpText('after', examples);
    beforeHelp(command, refuseStrayWords);
  }
  run.usage('[settings]').helpOption('-h, --help', 'show this help');
  // Added after the settings, so that the help has `--version` at the end of the last group.
  program.optionsGroup('Operation:').version(packageVersion(), '-V, --version', 'show the version');
  program.addCommand(run);
  program.hook('preAction', (_program, command) => {
    if (command !== program && command !== run) context.onOtherCommand?.();
  });
  for (const command of context.commands) {
    if (command.commands.length > 0) beforeHelp(command, refuseUnknownSubCommand);
    program.addCommand(command);
  }
  for (const command of withSubCommands(program)) {
    command.exitOverride().configureOutput({ writeOut: context.writeOut, writeErr: context.writeError });
  }
  return program;
}

/**
 * Calls `check` before the help is shown: commander itself would show the help of `sls-syslog` for `sls-syslog nonsense
 * --help`.
 * @param check throws when the help's command does not exist
 */
function beforeHelp(command: Command, check: (command: Command) => void): void {
  command.on('beforeHelp', () => check(command));
}

/** Fails as commander does without `--help`. */
function refuseUnknownSubCommand(command: Command): void {
  const [word] = operandsOf(command.args);
  if (word !== undefined && word !== 'help') command.error(`error: unknown command '${word}'`);
}

function withSubCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubCommands)];
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
