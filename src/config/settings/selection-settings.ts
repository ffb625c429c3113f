/** Rows of the table in settings.ts: which logs and fields are sent, and what is decided by a log's content. */
import { rulesSchema, severityFieldName, whereSchema } from '../../rules/rules-schema.ts';
import { glob, renameSchema } from '../../rules/selection.ts';
import { severityMapSchema } from '../../rules/severity-words.ts';
import { switchText } from '../../schema/text.ts';
import { defaulted, optional, repeatable, structured } from './setting.ts';

export const selectionSettings = {
  where: structured(whereSchema, {
    group: 'selection',
    variables: ['SYSLOG_WHERE'],
    placeholder: '<{field: …, …}>',
    structure: 'list',
    description:
      'send only the logs for which this holds, such as {field: status, in: [500, 502]}; several have to hold all: see docs/rules.md; where it can say the same, --query costs less',
  }),
  rules: structured(rulesSchema, {
    group: 'selection',
    variables: ['SYSLOG_RULES'],
    placeholder: '<{when: …, …}>',
    structure: 'list',
    description:
      'severity, facility, tag and msgid by content, such as {when: {field: level, equals: ERROR}, severity: err}; the first that holds decides',
  }),
  severityField: optional(severityFieldName, {
    group: 'selection',
    variables: ['SYSLOG_SEVERITY_FIELD'],
    placeholder: '<field>',
    description: 'field that says the severity, such as level: ERROR, warn, 5, critical, …; where no rule gives one',
  }),
  severityMap: structured(severityMapSchema, {
    group: 'selection',
    variables: ['SYSLOG_SEVERITY_MAP'],
    placeholder: '<word=severity>',
    structure: 'mapping',
    description: 'further words of --severity-field, or others than the usual, such as fatal=emerg',
  }),
  include: repeatable(glob, {
    group: 'selection',
    variables: ['SYSLOG_INCLUDE'],
    placeholder: '<field,…>',
    description: 'write only these fields; * is any text, ? one character',
  }),
  exclude: repeatable(glob, {
    group: 'selection',
    variables: ['SYSLOG_EXCLUDE'],
    placeholder: '<field,…>',
    description: 'leave these fields out, also of those in --include',
  }),
  rename: structured(renameSchema, {
    group: 'selection',
    variables: ['SYSLOG_RENAME'],
    placeholder: '<field=name>',
    structure: 'mapping',
    description: 'write a field under another name',
  }),
  noTags: defaulted(switchText, 'false', {
    group: 'selection',
    variables: ['SYSLOG_NO_TAGS'],
    description: "leave out the log groups' tags (__tag__:…), whatever --include says",
  }),
} as const;
