/** The text of `--help`: the settings by group, each with its default and its environment variable. */
import { type Command, type Help, type HelpConfiguration, Option } from 'commander';
import { kebabCase } from '../config/settings/setting.ts';
import { groupTitles, type SettingKey, settingByName, settingKeys, settings } from '../config/settings/settings.ts';

export const examples = `
Examples:
  # Nothing needed: an embedded log service, a receiver and the daemon, for 15 seconds
  sls-syslog demo

  # A real logstore to a SIEM over TLS; the keys come from the environment
  export SLS_AK_ID=… SLS_AK_KEY=…
  sls-syslog --endpoint cn-hangzhou.log.aliyuncs.com --project web --logstore access --group siem \\
    --proto tls --host siem.corp --ca corp-ca.pem

  # Everything in a file; a flag wins over a variable, a variable over the file
  sls-syslog --config sls-syslog.yaml --log-level debug

  # Only yesterday, then exit
  sls-syslog --config sls-syslog.yaml --group backfill --from 2026-03-01T00:00:00Z --until 2026-03-02T00:00:00Z

Durations take a unit (200ms, 20s, 1m, 2h), and so do sizes (8KiB, 64MiB, 1GB).
Exit codes: 0 everything sent was confirmed and checkpointed, 1 failure (or nothing shipped), 2 configuration.
`;

export function settingHelp(): HelpConfiguration {
  return {
    visibleOptions(this: Help, command: Command) {
      const own = command.options.filter((option) => !option.hidden && settingOf(option) === undefined);
      return [
        ...settingKeys.map(helpOption),
        ...own,
        new Option('-h, --help', 'show this help').helpGroup('Operation:'),
      ];
    },
    optionTerm: (option: Option) => {
      const key = settingOf(option);
      if (key === undefined) return option.flags;
      const { noFlag, variables, placeholder } = settings[key];
      if (noFlag) return variables[0];
      return placeholder === undefined ? `--${kebabCase(key)}` : `--${kebabCase(key)} ${placeholder}`;
    },
    optionDescription: (option: Option) => {
      const key = settingOf(option);
      return key === undefined ? option.description : describe(key);
    },
  };
}

function settingOf(option: Option): SettingKey | undefined {
  return settingByName.get(option.name());
}

/** Settings without a flag are in the help too, for their variable. */
function helpOption(key: SettingKey): Option {
  return new Option(`--${kebabCase(key)}`).helpGroup(`${groupTitles[settings[key].group]}:`);
}

function describe(key: SettingKey): string {
  const { description, absent, defaultText, variables, aliases = [], repeatable, placeholder } = settings[key];
  const notes = [
    absent === 'required' ? 'required' : '',
    repeatable ? 'may be repeated' : '',
    aliases.length > 0 ? `also ${aliases.map((alias) => `--${alias}`).join(', ')}` : '',
    defaultText !== undefined && placeholder !== undefined ? `default: ${defaultText}` : '',
    variables.join(', '),
  ].filter((note) => note !== '');
  return `${description} [${notes.join('; ')}]`;
}
