/** What a user writes, as the configuration reads it. */
import type { z } from 'zod';
import { structuredIssues } from '../../../src/config/sources/structured.ts';
import { parseYaml } from '../../../src/config/sources/yaml.ts';
import { type Plain, pathText, plainOf } from '../../../src/schema/plain.ts';

export function plainYaml(text: string): Plain {
  const outcome = parseYaml(text, (line) => `line ${line}`);
  if (!('root' in outcome)) throw new Error(`${outcome.at}: ${'syntax' in outcome ? outcome.syntax : outcome.excess}`);
  const plain = plainOf(outcome.root);
  if (plain === undefined) throw new Error('there is nothing in it');
  return plain;
}

export function parsed<T>(schema: z.ZodType<T, Plain>, yaml: string): T {
  return schema.parse(plainYaml(yaml));
}

/** `[1].when.range: is no range`, each; empty where it is accepted. */
export function complaints(schema: z.ZodType<unknown, Plain>, yaml: string): readonly string[] {
  const { error } = schema.safeParse(plainYaml(yaml));
  return error ? structuredIssues(error).map(({ path, phrase }) => `${pathText(path)}: ${phrase}`) : [];
}

/** Of a schema that takes one text. */
export function complaint(schema: z.ZodType<unknown, string>, text: string): string {
  const { error } = schema.safeParse(text);
  return error ? error.issues.map(({ message }) => message).join('; ') : 'accepted';
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
