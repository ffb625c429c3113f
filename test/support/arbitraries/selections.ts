/** Selections of fields as an encoder takes them, each for something that can go wrong. */
import type { FieldChoice, FieldSelection } from '../../../src/rules/field-selection.ts';

const longName = new Uint8Array(300).fill(0x61);

export const selections = {
  'leaves out every field': () => 'drop',
  'keeps every field': () => 'keep',
  'leaves out topic and source': (name) => (['__topic__', '__source__'].includes(text(name)) ? 'drop' : 'keep'),
  'leaves out the topic, and nothing else': (name) => (text(name) === '__topic__' ? 'drop' : 'keep'),
  'leaves out the source, and nothing else': (name) => (text(name) === '__source__' ? 'drop' : 'keep'),
  'keeps only what the log itself brings': (name) => (text(name).startsWith('__') ? 'drop' : 'keep'),
  'renames each field, and leaves its name in it': (name) => bytes(`new|=\n${text(name)}`),
  'gives every field the same long name': () => longName,
  'gives every field an empty name': () => bytes(''),
  'does something else with each name': anything,
} satisfies Record<string, FieldSelection>;

/** By a hash of the name: kept, left out, renamed to something shorter, longer, or with what has to be escaped. */
function anything(name: Uint8Array): FieldChoice {
  const hash = name.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, name.length);
  const { length, [hash % length]: pick } = choices;
  return pick === undefined ? 'keep' : pick(name);
}

const choices: readonly FieldSelection[] = [
  () => 'keep',
  () => 'drop',
  () => bytes('x'),
  (name) => bytes(`renamed ${text(name)} =|"\n`),
  () => longName,
];

/** latin1: one character is one byte. */
function text(name: Uint8Array): string {
  return Buffer.from(name).toString('latin1');
}

function bytes(name: string): Uint8Array {
  return Uint8Array.from(Buffer.from(name, 'latin1'));
}
