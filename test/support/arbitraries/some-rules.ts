/** Rules over the names that generated logs have most often, for encoders that are held against each other. */
import type { Condition, Rules } from '../../../src/rules/rules.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const topic = bytes('__topic__');
const source = bytes('__source__');
const timeNs = bytes('__time_ns_part__');
const tag = bytes('__tag__:');
const nameless = bytes('');

const exists = (field: Uint8Array): Condition => ({ kind: 'exists', field });
const not = (of: Condition): Condition => ({ kind: 'not', of });
const everything: Condition = { kind: 'all', of: [] };

export const someRules: readonly Rules[] = [
  { filters: [], classes: [] },
  { filters: [{ name: 'none', keep: not(everything) }], classes: [] },
  {
    filters: [
      {
        name: 'where[0]',
        keep: { kind: 'any', of: [exists(nameless), { kind: 'contains', field: topic, text: bytes('|') }] },
      },
      { name: 'where[1]', keep: not({ kind: 'in', field: source, values: ['a', '', 'bcd', '\n'].map(bytes) }) },
    ],
    classes: [],
  },
  {
    filters: [
      {
        name: 'odd',
        keep: { kind: 'regex', field: timeNs, source: '[13579]$', matches: (value) => value.at(-1)! % 2 === 1 },
      },
    ],
    classes: [
      { when: { kind: 'range', field: timeNs, max: 999.5 }, severity: 0, appName: 'small' },
      { when: { kind: 'range', field: timeNs, min: 1_000_000_000 }, facility: 23, msgId: 'large' },
    ],
    severityField: { field: timeNs, severityOf: (value) => (value.length < 8 ? value.length : undefined) },
  },
  {
    filters: [],
    classes: [
      { when: exists(tag), severity: 7 },
      { when: { kind: 'prefix', field: topic, text: bytes('a') }, facility: 0, appName: 'a'.repeat(48) },
      { when: { kind: 'suffix', field: topic, text: bytes('\x80') }, msgId: 'm' },
      { when: exists(nameless), facility: 3 },
    ],
    severityField: { field: source, severityOf: (value) => (value.length % 9 === 8 ? undefined : value.length % 9) },
  },
];
