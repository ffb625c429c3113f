/** The command `sls-syslog dead-letter replay`: sends the logs in dead-letter files. */
import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { loadReplayConfig } from '../config/load.ts';
import { replay } from '../pipeline/replay.ts';
import { settingHelp } from './help.ts';
import { createLogger } from './logging/logging.ts';
import { addSettingOptions, operandsOf, readFlags } from './options.ts';
import { type ExitCode, exitCodes } from './process/exit.ts';
import type { RunContext } from './run.ts';

const help = `
The log service's settings are needed only for batches that could not be read: those are pulled again.
A log whose message is too long is cut or split, as --oversize says, or fits a larger --max-message-bytes; with
--oversize dead-letter it is listed and stays. The files are left as they are: remove them when all is confirmed.

Example:
  sls-syslog dead-letter replay /var/lib/sls-syslog/*.jsonl* --host siem.corp --oversize split
`;

/** @param done called with the exit code */
export function deadLetterCommand(context: RunContext, done: (exitCode: ExitCode) => void): Command {
  const command = new Command('dead-letter').description(
    'work with dead-letter files, which hold the logs that could not be sent',
  );
  const replayCommand = new Command('replay')
    .description('send the logs in dead-letter files; exit code 0 if all of them were confirmed')
    .usage('FILE... [settings]')
    .argument('<files...>')
    .helpOption('-h, --help', 'show this help')
    .configureHelp(settingHelp())
    .addHelpText('after', help)
    .action(async (_given: unknown, _options: unknown, itself: Command) => {
      done(await runReplay(itself, context));
    });
  return command.addCommand(addSettingOptions(replayCommand));
}

/** @throws ConfigError */
async function runReplay(command: Command, context: RunContext): Promise<ExitCode> {
  const { surroundings, events, writeError, logOutput, colour } = context;
  const operands = operandsOf(command.args);
  const flags = readFlags(command, surroundings.workingDirectory, operands.length);
  const { config, effective, warnings } = loadReplayConfig(flags, surroundings);
  const files = operands.map((file) => resolve(surroundings.workingDirectory, file));
  const unreadable = files.filter((file) => !isReadable(file));
  if (unreadable.length > 0) {
    for (const file of unreadable) writeError(`sls-syslog: ${file} does not exist, or may not be read by this user\n`);
    return exitCodes.configuration;
  }

  const { logLevel, logFormat } = config.operation;
  const log = createLogger({ level: logLevel, format: logFormat, colour, output: logOutput ?? { write: writeError } });
  log.info({ config: effective, files }, 'dead letters are replayed');
  for (const warning of warnings) log.warn({}, warning);
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(exitCodes.failure);
    log.info({}, 'stopping: waiting for what was sent to be confirmed; a second signal ends at once');
    stop.abort(new Error('stopped by a signal'));
  };
  for (const signal of ['SIGTERM', 'SIGINT']) events.on(signal, onSignal);
  try {
    const { complete, confirms, ...fields } = await replay({ files, config, log }, stop.signal);
    const how = confirms ? 'confirmed by the receiver' : 'handed to the network (nothing confirms it)';
    if (complete) log.info(fields, `replayed: every log is ${how}; the files are left as they are, and can be removed`);
    else log.error(fields, `not every log was replayed and ${how}; the files are left as they are`);
    return complete ? exitCodes.ok : exitCodes.failure;
  } finally {
    for (const signal of ['SIGTERM', 'SIGINT']) events.off(signal, onSignal);
  }
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
