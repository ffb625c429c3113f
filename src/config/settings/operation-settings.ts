/** Rows of the table in settings.ts: the process itself. */
import { oneOf, plainText } from '../../schema/text.ts';
import { duration } from '../../schema/units.ts';
import { defaulted, derived, optional } from './setting.ts';

export const operationSettings = {
  config: optional(plainText, {
    group: 'operation',
    variables: ['SLS_SYSLOG_CONFIG'],
    placeholder: '<file>',
    description: 'YAML file with the same keys as the flags',
    noFile: true,
  }),
  logLevel: defaulted(oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace'), 'info', {
    group: 'operation',
    variables: ['SLS_SYSLOG_LOG_LEVEL'],
    placeholder: '<level>',
    description: "least severe level of this program's own log: fatal, error, warn, info, debug or trace",
  }),
  logFormat: derived(oneOf('json', 'pretty'), 'pretty on a terminal, else json', {
    group: 'operation',
    variables: ['SLS_SYSLOG_LOG_FORMAT'],
    placeholder: '<json|pretty>',
    description: "form of this program's own log, on stderr",
  }),
  encoder: defaulted(oneOf('kernel', 'reference'), 'kernel', {
    group: 'operation',
    variables: ['SLS_SYSLOG_ENCODER'],
    placeholder: '<kernel|reference>',
    description:
      'what turns logs into messages: the WebAssembly kernel, or the slower reference encoder, which makes the same messages',
  }),
  drainTimeout: derived(duration({ min: '100ms', max: '30m' }), "20s, at most half the group's timeout", {
    group: 'operation',
    variables: ['SLS_SYSLOG_DRAIN_TIMEOUT'],
    placeholder: '<duration>',
    description:
      "how long a shutdown or a shard's hand-over may take to confirm logs and save checkpoints; must be below the group's timeout",
  }),
} as const;
