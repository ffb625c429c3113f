/** What rules should decide of a log, written down a second time: fields in, a decision out. Strings are latin1. */
import type { HeaderText } from '../../../src/rules/header-text.ts';
import type { ClassRule, Condition, Rules } from '../../../src/rules/rules.ts';
import { isServiceNaively } from './naive-names.ts';
import { bytes, fromBytes, type NaiveField, type NaiveFields } from './naive-rows.ts';

/** The fields that can be asked for: a log's own does not stand for one of the service's. */
export function naiveSeen({ fields, serviceCount }: NaiveFields): readonly NaiveField[] {
  return fields.filter(([name], index) => index < serviceCount || !isServiceNaively(name));
}

/** Of several fields with one name the first. */
export function naiveField(fields: readonly NaiveField[], name: Uint8Array): string | undefined {
  return fields.find(([each]) => each === fromBytes(name))?.[1];
}

export function naiveHolds(condition: Condition, fields: readonly NaiveField[]): boolean {
  if (!('field' in condition)) {
    if (condition.kind === 'not') return !naiveHolds(condition.of, fields);
    const held = condition.of.filter((each) => naiveHolds(each, fields)).length;
    return condition.kind === 'all' ? held === condition.of.length : held > 0;
  }
  const value = naiveField(fields, condition.field);
  if (value === undefined) return false;
  switch (condition.kind) {
    case 'exists':
      return true;
    case 'in':
      return condition.values.map(fromBytes).includes(value);
    case 'prefix':
      return value.startsWith(fromBytes(condition.text));
    case 'suffix':
      return value.endsWith(fromBytes(condition.text));
    case 'contains':
      return value.includes(fromBytes(condition.text));
    case 'regex':
      return condition.matches(bytes(value));
    case 'range': {
      if (!/^[-+]?\d+([.]\d+)?$/.test(value) || value.length > 32 || value.includes('\n')) return false;
      const number = Number.parseFloat(value);
      return !(number < (condition.min ?? number)) && !(number > (condition.max ?? number));
    }
  }
}

export interface NaiveDecision {
  readonly droppedBy: number | undefined;
  readonly rule: ClassRule | undefined;
  readonly severity: number | undefined;
}

export function naiveDecision(rules: Rules, fields: readonly NaiveField[]): NaiveDecision {
  for (const [index, { keep }] of rules.filters.entries()) {
    if (!naiveHolds(keep, fields)) return { droppedBy: index, rule: undefined, severity: undefined };
  }
  const rule = rules.classes.filter(({ when }) => naiveHolds(when, fields))[0];
  const { severityField } = rules;
  const level = severityField && naiveField(fields, severityField.field);
  const byField = level === undefined ? undefined : severityField?.severityOf(bytes(level));
  return { droppedBy: undefined, rule, severity: rule?.severity ?? byField };
}

/** A header's field of RFC 5424. */
export function naiveHeaderText(text: HeaderText, fields: readonly NaiveField[], maxLength: number): string {
  const parts = typeof text === 'string' ? [text] : text;
  const whole = parts.map((part) => {
    if (typeof part === 'string') return part;
    const value = naiveField(fields, part.field) ?? '';
    return value === '' ? (part.orElse ?? '') : Buffer.from(value, 'latin1').toString('utf8');
  });
  const clean = [...whole.join('')].map((character) => (/^[!-~]$/.test(character) ? character : '_'));
  return clean.slice(0, maxLength).join('') || '-';
}
