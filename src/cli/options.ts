/**
 * The table of settings as commander's options, and what was given of them.
 *
 * Commander ends at the first thing that it does not like. Here everything has to be told at once, so unknown
 * options are let through and every value is optional to it: what is wrong is found afterwards, in `readFlags`.
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
    // To commander `--no-tags` is the opposite of an option `--tags`; here it is a name like any other.
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
 * What was given to a command and to those above it (`sls-syslog --host a run --port 514`).
 * @param workingDirectory absolute; what relative paths are relative to
 * @param operands how many words that are no options the command takes, in front of all others
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

/** Words that are no options come first; from the first unknown option on commander hands over everything else. */
export function operandsOf(args: readonly string[]): readonly string[] {
  const end = args.findIndex((arg) => arg.startsWith('-') && arg.length > 1);
  return end < 0 ? args : args.slice(0, end);
}

/**
 * For the help of a command that other commands hang on: the help of something else would be no answer.
 * @throws ConfigError when what was asked for is no command
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
 * Commander hands over operands first, and from the first unknown option on everything else that it did not know:
 * there a word without dashes may be an unknown option's value. It may be a secret too, so it is never repeated.
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

/** Words of other commands, and what other programs call theirs. */
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
