/** The command `sls-syslog config`: checks, shows or creates a configuration, without running it. */
import { Command, Option } from 'commander';
import { type Flags, loadFlows } from '../config/load.ts';
import type { CheckModule } from '../config/reading.ts';
import { presetNames } from '../config/settings/presets.ts';
import type { RawValue } from '../config/sources/raw-value.ts';
import { ConfigError } from '../core/errors.ts';
import type { ConfigContext } from './config-init.ts';
import { settingHelp } from './help.ts';
import { addSettingOptions, operandsOf, readFlags } from './options.ts';
import { type ExitCode, exitCodes } from './process/exit.ts';

/**
 * Modules that only one subcommand needs are loaded when it is called.
 * @param done called with the exit code
 */
export function configCommand(context: ConfigContext, done: (exitCode: ExitCode) => void): Command {
  const { surroundings, writeOut } = context;
  const withSettings = (name: string) =>
    addSettingOptions(new Command(name))
      .argument('[file]', 'the configuration file; in place of --config')
      .helpOption('-h, --help', 'show this help')
      .configureHelp(settingHelp());
  const check = withSettings('check')
    .description('print every problem with its file, line and path; exit code 2 if there is a problem')
    .usage('[FILE] [settings]')
    .action(async (_file: unknown, _options: unknown, itself: Command) => {
      done(await runCheck(flagsOf(itself, context), context));
    });
  const show = withSettings('show')
    .description('print every value in effect, and where it is from; secrets are masked')
    .usage('[FILE] [settings] [--json]')
    .addOption(new Option('--json', 'as JSON'))
    .action(async (_file: unknown, _options: unknown, itself: Command) => {
      const { showText } = await import('./config-show.ts');
      const explained = loadFlows(flagsOf(itself, context), surroundings, await moduleCheck()).explain();
      writeOut(showText(explained, { json: itself.opts().json === true }));
      done(exitCodes.ok);
    });
  const schema = new Command('schema')
    .description('print the JSON Schema of the configuration file, for editors')
    .helpOption('-h, --help', 'show this help')
    .action(async () => {
      const { fileJsonSchema } = await import('../config/json-schema.ts');
      writeOut(`${JSON.stringify(fileJsonSchema(), undefined, 2)}\n`);
      done(exitCodes.ok);
    });
  const init = new Command('init')
    .description('write a first configuration file; an existing file is left as it is')
    .argument('[file]', 'where; - for the standard output', 'sls-syslog.yaml')
    .addOption(new Option('--preset <name>', 'what receiver it is for').choices(presetNames))
    .helpOption('-h, --help', 'show this help')
    .action(async (file: string, { preset }: { preset?: (typeof presetNames)[number] }) => {
      const { writeStartFile } = await import('./config-init.ts');
      done(writeStartFile(file, preset, context));
    });
  const all = new Command('config');
  for (const command of [check, show, schema, init]) all.addCommand(command);
  return all;
}

/** @throws ConfigError */
async function runCheck(flags: Flags, { surroundings, writeOut, writeError }: ConfigContext): Promise<ExitCode> {
  const { flows, warnings, outdated } = loadFlows(flags, surroundings, await moduleCheck());
  const told = new Set(outdated.map(({ message }) => message));
  for (const warning of warnings) if (!told.has(warning)) writeError(`warning: ${warning}\n`);
  const modules = new Set(flows.flatMap(({ config }) => config.message.format.module ?? []));
  for (const module of modules) {
    writeError(
      `warning: the module ${module} is not run by this check: errors of its code show when the daemon starts\n`,
    );
  }
  if (outdated.length > 0) throw new ConfigError(outdated);
  const counted = (['source', 'receiver', 'pipeline'] as const).map((name) => {
    const count = new Set(flows.map((flow) => flow[name])).size;
    return `${count} ${name}${count === 1 ? '' : 's'}`;
  });
  writeOut(`${counted.join(', ')}: fine\n`);
  return exitCodes.ok;
}

/** Checks a format module without running it, as the user may not trust the configuration; each module once. */
async function moduleCheck(): Promise<CheckModule> {
  const { moduleProblem } = await import('../config/checks/module-check.ts');
  const known = new Map<string, string | undefined>();
  return (file) => {
    if (!known.has(file)) known.set(file, moduleProblem(file));
    return known.get(file);
  };
}

/** The flags, with the file operand as `--config`. */
function flagsOf(command: Command, { surroundings }: ConfigContext): Flags {
  const { workingDirectory } = surroundings;
  const [file] = operandsOf(command.args);
  const { values, problems } = readFlags(command, workingDirectory, file === undefined ? 0 : 1);
  if (file === undefined) return { values, problems };
  if (values.has('config')) {
    return {
      values,
      problems: [...problems, { message: 'config: there is a file and --config; give one of the two' }],
    };
  }
  const raw: RawValue = { texts: [file], origin: 'the command line', baseDirectory: workingDirectory };
  return { values: new Map([...values, ['config', raw] as const]), problems };
}
