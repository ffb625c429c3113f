/** A configuration file to begin with: for `config init`. Pure. */
import { choosePreset, factsOf } from './settings/preset-choice.ts';
import { type PresetName, presets } from './settings/presets.ts';
import { kebabCase } from './settings/setting.ts';

/** What has to be filled in; none of these is taken for a value. */
const placeholders = {
  endpoint: '<endpoint>',
  project: '<project>',
  logstore: '<logstore>',
  group: '<consumer-group>',
  host: '<host>',
} as const;

export function startFile(preset: PresetName | undefined): string {
  return `# sls-syslog: ships logs of Alibaba Cloud Log Service to a SIEM over syslog.
# Put in what is in <angle brackets>, then: sls-syslog config check FILE
# For several logstores or receivers: sources, receivers and pipelines, see docs/configuration.md
# All settings: sls-syslog --help. What has come of them: sls-syslog config show FILE

# Where the logs are
endpoint: ${placeholders.endpoint}          # such as cn-hangzhou.log.aliyuncs.com
project: ${placeholders.project}
logstore: ${placeholders.logstore}
group: ${placeholders.group}         # created if it does not exist; all instances use the same group

# As whom: from the environment, or from files that are mounted: \${file:/run/secrets/sls-ak-key}
access-key-id: \${SLS_AK_ID}
access-key-secret: \${SLS_AK_KEY}

# Where a shard without a checkpoint starts: begin (all that the logstore still keeps), end, or a time
from: end

# Where they go
host: ${placeholders.host}                  # such as siem.corp, or several with commas between
${preset === undefined ? withoutPreset : presetLines(preset)}
# TLS, which is confirmed whatever is in between; the port is then 6514
#proto: tls
#ca: corp-ca.pem                # beside this file

# The name that a SIEM tells log sources apart by; by default the machine's name
#hostname: sls-prod

# The severity of each message by its log, where it has a field for it
#severity-field: level

# Send only some of the logs, and some of their fields
#where: {field: status, in: [500, 502, 503]}
#exclude: [__tag__:*, secret_*]

# Below what the SIEM is licensed for
#max-rate: 5000/s
`;
}

const withoutPreset = `#preset: qradar                 # or arcsight, splunk-sc4s, rsyslog, syslog-ng, generic
#format: kv                     # or json, cef, leef, sd, raw, template, module
`;

function presetLines(preset: PresetName): string {
  const { title, notes } = presets[preset];
  const facts = factsOf(choosePreset({ preset }, () => false)!);
  const values = facts.map(([key, { value, verified }]) => {
    return `#   ${kebabCase(key)}: ${value}${verified ? '' : '   (not verified)'}`;
  });
  return `# The usual settings for ${title}; any setting in this file wins:
${values.join('\n')}
preset: ${preset}
${notes.map((note) => `# ${note}\n`).join('')}`;
}
