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
      'send only the logs for which this condition holds, such as {field: status, in: [500, 502]}; of a list, all conditions must hold: see docs/rules.md; --query costs less, if SPL can express the condition',
  }),
  rules: structured(rulesSchema, {
    group: 'selection',
    variables: ['SYSLOG_RULES'],
    placeholder: '<{when: …, …}>',
    structure: 'list',
    description:
      "severity, facility, tag and msgid by a log's content, such as {when: {field: level, equals: ERROR}, severity: err}; the first rule that holds decides",
  }),
  severityField: optional(severityFieldName, {
    group: 'selection',
    variables: ['SYSLOG_SEVERITY_FIELD'],
    placeholder: '<field>',
    description:
      'field that holds the severity (ERROR, warn, 5, critical, …), such as level; it counts if no rule sets a severity',
  }),
  severityMap: structured(severityMapSchema, {
    group: 'selection',
    variables: ['SYSLOG_SEVERITY_MAP'],
    placeholder: '<word=severity>',
    structure: 'mapping',
    description: 'words in --severity-field and their severities, such as fatal=emerg; they win over the usual words',
  }),
  include: repeatable(glob, {
    group: 'selection',
    variables: ['SYSLOG_INCLUDE'],
    placeholder: '<field,…>',
    description: 'write only these fields; * stands for any text, ? for one character',
  }),
  exclude: repeatable(glob, {
    group: 'selection',
    variables: ['SYSLOG_EXCLUDE'],
    placeholder: '<field,…>',
    description: 'do not write these fields, even if --include has them',
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
    description: 'do not write the tags of log groups (__tag__:…), even if --include has them',
  }),
} as const;
