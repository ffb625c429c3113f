/** JSON Schema (2020-12) of the configuration file, for editors, made from the table of settings and its schemas. Pure. */
import { z } from 'zod';
import { wordsOf } from '../schema/text.ts';
import { kebabCase } from './settings/setting.ts';
import {
  isSwitch,
  type SectionKind,
  type SettingKey,
  sectionKindOf,
  settingKeys,
  settings,
} from './settings/settings.ts';

/** A part of a schema, as JSON. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** What YAML makes of a plain value: numbers and booleans too, which arrive as they were written. */
const plainTypes = ['string', 'number', 'boolean'];
/** `${NAME}` may stand for anything. */
const standIn: JsonSchema = { type: 'string', pattern: '\\$\\{' };
const sectionName = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';

export function fileJsonSchema(): JsonSchema {
  const definitions = new Map<string, JsonSchema>();
  const section = (kind: SectionKind, title: string, more: JsonSchema = {}) =>
    objectOf(
      settingKeys.filter((key) => sectionKindOf(key) === kind),
      definitions,
      { title, ...more },
    );
  const named = (kind: SectionKind): JsonSchema => ({
    type: ['object', 'null'],
    minProperties: 1,
    propertyNames: { pattern: sectionName },
    additionalProperties: section(kind, `A ${kind}`),
  });
  const top = objectOf(
    settingKeys.filter((key) => !settings[key].noFile),
    definitions,
    {
      sources: named('source'),
      receivers: named('receiver'),
      pipelines: { type: ['array', 'null'], minItems: 1, items: pipeline(section) },
    },
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'sls-syslog: configuration file',
    ...top,
    $defs: Object.fromEntries(definitions),
  };
}

function pipeline(section: (kind: SectionKind, title: string, more?: JsonSchema) => JsonSchema): JsonSchema {
  const name = { type: plainTypes };
  const target = {
    type: 'object',
    properties: {
      receiver: name,
      required: oneOfWords(switchWords),
      group: name,
    },
    required: ['receiver'],
    additionalProperties: false,
  };
  const oneOrMore = (one: JsonSchema): JsonSchema => ({ anyOf: [one, { type: 'array', minItems: 1, items: one }] });
  return section('pipeline', 'A pipeline', {
    name: { ...name, description: 'for logs and counts' },
    from: { ...oneOrMore(name), description: 'names of sources; left out: all' },
    to: { ...oneOrMore({ anyOf: [name, target] }), description: 'names of receivers; left out: all' },
  });
}

/** @param more further properties, and perhaps a title */
function objectOf(
  keys: readonly SettingKey[],
  definitions: Map<string, JsonSchema>,
  { title, ...more }: JsonSchema,
): JsonSchema {
  const properties: Record<string, unknown> = { ...more };
  const patterns: Record<string, unknown> = {};
  for (const key of keys) {
    const schema = { $ref: `#/$defs/${key}` };
    if (!definitions.has(key)) definitions.set(key, describedSetting(key, definitions));
    const names = [kebabCase(key), ...(settings[key].aliases ?? [])];
    for (const name of names) properties[name] = schema;
    // The loader takes other spellings too; an editor does not offer them.
    const others = names.flatMap((name) => [camelCase(name), name.replaceAll('-', '_')]);
    const spellings = [...new Set(others)].filter((name) => !names.includes(name));
    if (spellings.length > 0) patterns[`^(?:${spellings.join('|')})$`] = schema;
  }
  return {
    ...(title !== undefined && { title }),
    type: ['object', 'null'],
    properties,
    patternProperties: patterns,
    additionalProperties: false,
  };
}

function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function describedSetting(key: SettingKey, definitions: Map<string, JsonSchema>): JsonSchema {
  const { description, defaultText, repeatable, structure } = settings[key];
  const one = structure === undefined ? textSetting(key) : structuredSetting(key, definitions);
  const value = repeatable ? { anyOf: [one, { type: 'array', items: one }] } : one;
  const explained = defaultText === undefined ? description : `${description} (default: ${defaultText})`;
  // `key:` without a value leaves a setting out.
  return { description: explained, anyOf: [value, { type: 'null' }] };
}

function textSetting(key: SettingKey): JsonSchema {
  if (isSwitch(key)) return oneOfWords(switchWords);
  const words = wordsOf(settings[key].schema);
  return words === undefined ? { type: plainTypes } : oneOfWords(words);
}

const switchWords = ['true', 'false', 'yes', 'no', 'on', 'off', '1', '0'];

/** An editor offers the words as they are, and takes them in any case, as we do. */
function oneOfWords(words: readonly string[]): JsonSchema {
  const letters = (word: string) => word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
  const anyCase = words.map((word) => letters(word.replaceAll('.', '\\.'))).join('|');
  const spellings = [...new Set<unknown>(words.flatMap((word) => [word, ...typed(word)]))];
  return { anyOf: [{ enum: spellings }, { type: 'string', pattern: `^(?:${anyCase})$` }, standIn] };
}

/** What YAML may make of a word: `5424` is a number, and `on` was a boolean up to YAML 1.1. */
function typed(word: string): readonly unknown[] {
  if (/^\d+(?:\.\d+)?$/.test(word)) return [Number(word)];
  if (word === 'true' || word === 'on') return [true];
  return word === 'false' || word === 'off' ? [false] : [];
}

function structuredSetting(key: SettingKey, definitions: Map<string, JsonSchema>): JsonSchema {
  const made = z.toJSONSchema(settings[key].schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const { $schema, $defs = {}, ...schema } = made;
  const own = `${key}-`;
  for (const [name, definition] of Object.entries($defs as JsonSchema)) {
    definitions.set(`${own}${name}`, asInFile(definition, own) as JsonSchema);
  }
  return asInFile(schema, own) as JsonSchema;
}

/**
 * The schemas take text, as everything arrives; to an editor a leaf may be a number.
 * @param own put before the names of definitions: each setting's are numbered from zero
 */
function asInFile(schema: unknown, own: string): unknown {
  if (Array.isArray(schema)) return schema.map((item) => asInFile(item, own));
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([name, value]) => {
    if (name === 'propertyNames') return [name, value] as const;
    if (name === '$ref') return [name, String(value).replace('#/$defs/', `#/$defs/${own}`)] as const;
    return [name, asInFile(value, own)] as const;
  });
  const copy: Record<string, unknown> = Object.fromEntries(entries);
  if (copy.type === 'string') copy.type = plainTypes;
  return copy;
}
