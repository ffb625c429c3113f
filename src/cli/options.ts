/**
 * The settings as options of commander, and their values from the command line.
 *
 * Commander stops at the first problem. Here all problems are to be told at once, so commander lets unknown options
 * pass and takes every value as optional: `readFlags` finds the problems afterwards.
 */
import { type Command, Option } from 'commander';
import type { Flags } from '../config/load.ts';
import { groupTitles, isSwitch, type SettingKey, settingByName, settings } from '../config/settings/settings.ts';
import { splitList } from '../config/sources/file-settings.ts';
import { problemOf, type RawValue } from '../config/sources/raw-value.ts';
import { ConfigError, type ConfigProblem } from '../core/errors.ts';
import { nearestName } from '../schema/suggest.ts';

export function addSettingOptions(command: Command): Command {
  command.allowUnknownOption().allowExcessArguments();
  for (const [name, key] of settingByName) {
    const { noFlag, repeatable, structure, aliases, group, description } = settings[key];
    if (noFlag) continue;
    const option = new Option(isSwitch(key) ? `--${name}` : `--${name} [value]`, description);
    // To commander `--no-tags` is the opposite of `--tags`; here `no-tags` is a name like any other.
    option.negate = false;
    option.helpGroup(`${groupTitles[group]}:`);
    if (repeatable || structure !== undefined) {
      option.argParser<string[]>((value, before) => [...(Array.isArray(before) ? before : []), value]);
    }
    command.addOption(aliases?.includes(name) ? option.hideHelp() : option);
  }
  return command;
}

/**
 * Reads the settings given to a command and to the commands above it (`sls-syslog --host a run --port 514`).
 * @param workingDirectory absolute; the base of relative paths
 * @param operands how many leading operands the command takes
 */
export function readFlags(command: Command, workingDirectory: string, operands = 0): Flags {
  const options: Record<string, unknown> = command.optsWithGlobals();
  const values = new Map<SettingKey, RawValue>();
  const problems: ConfigProblem[] = [...strayArguments(command.args.slice(operands))];
  for (const [name, key] of settingByName) {
    const value = options[camelCase(name)];
    if (value === undefined) continue;
    const origin = `--${name}`;
    const given = Array.isArray(value) ? value.map(String) : [String(value)];
    const texts = given.flatMap((text) => splitList(key, text));
    const raw = { texts, origin, baseDirectory: workingDirectory };
    const other = values.get(key);
    if (value === true && !isSwitch(key)) {
      problems.push(problemOf(key, ` needs a value: ${origin} ${settings[key].placeholder}`));
    } else if (other)
      problems.push(problemOf(key, `: ${origin} means the same as ${other.origin}; give one of the two`));
    else values.set(key, raw);
  }
  return { values, problems };
}

/** The operands: commander puts them first, and behind them all words from the first unknown option on. */
export function operandsOf(args: readonly string[]): readonly string[] {
  const end = args.findIndex((arg) => arg.startsWith('-') && arg.length > 1);
  return end < 0 ? args : args.slice(0, end);
}

/**
 * Refuses the help of a command with subcommands when a word behind it is not a command.
 * @throws ConfigError
 */
export function refuseStrayWords(command: Command): void {
  const words = operandsOf(command.args);
  const problems = [...strayArguments(words[0] === 'help' && command.parent === null ? words.slice(1) : words)];
  if (problems.length > 0) throw new ConfigError(problems);
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Problems of words that commander did not take: operands first, then all from the first unknown option on. A word
 * behind an unknown option may be its value, and a secret, so it is never quoted.
 */
function* strayArguments(args: readonly string[]): Generator<ConfigProblem> {
  let afterUnknown = false;
  for (const arg of args) {
    if (arg.startsWith('-') && arg.length > 1) {
      afterUnknown = true;
      yield unknownOption(arg);
    } else if (!afterUnknown) {
      const nearest = otherCommands.get(arg) ?? nearestName(arg, commandNames);
      const hint = nearest
        ? `did you mean "${nearest}"?`
        : `commands are ${commandNames.join(', ')}; settings begin with --`;
      yield {
        message: /^[a-z][a-z-]{0,20}$/.test(arg) ? `unknown command "${arg}"; ${hint}` : `unexpected argument; ${hint}`,
      };
    }
  }
}

/** Subcommands' names without their command, and names that other programs use. */
const otherCommands: ReadonlyMap<string, string> = new Map([
  ['check', 'config check'],
  ['validate', 'config check'],
  ['verify', 'config check'],
  ['lint', 'config check'],
  ['test', 'config check'],
  ['show', 'config show'],
  ['schema', 'config schema'],
  ['init', 'config init'],
  ['replay', 'dead-letter replay'],
  ['start', 'run'],
  ['serve', 'run'],
  ['daemon', 'run'],
  ['version', '--version'],
]);

const commandNames = ['run', 'config', 'dead-letter', 'emulator', 'receiver', 'demo'];

function unknownOption(arg: string): ConfigProblem {
  const [flag = ''] = arg.split('=', 1);
  const name = flag.replace(/^-+/, '');
  const key = settingByName.get(name);
  if (key !== undefined && settings[key].noFlag) {
    return problemOf(
      key,
      ` is not taken from the command line, where ps would show it; set ${settings[key].variables[0]}`,
    );
  }
  if (key !== undefined && isSwitch(key)) return problemOf(key, ` takes no value: give --${name} or leave it out`);
  const nearest = nearestName(name, flagNames);
  return { message: `unknown option ${flag}${nearest === undefined ? '' : `; did you mean --${nearest}?`}` };
}

const flagNames = [...settingByName].filter(([, key]) => !settings[key].noFlag).map(([name]) => name);
