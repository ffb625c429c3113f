/** Generated logs, flattened, as formats get them. */
import fc from 'fast-check';
import { createGenerator } from '../../../src/emulator/generate/generator.ts';
import { decodeLogGroup } from '../../../src/emulator/protocol/log-group-schema.ts';
import { type OracleLog, oracleFields } from './format-oracle.ts';
import { naiveLogs } from './naive-formatter.ts';

const pieces = [
  '|',
  '||',
  '=',
  '\\',
  '\n',
  '\r',
  '\t',
  '\0',
  '\x1f',
  '\x7f',
  '"',
  ']',
  '[',
  '^',
  ' ',
  'a',
  'bcd',
  'é',
  '漢',
  '😀',
  '{',
  '}',
  '\\n',
  'k=v',
  ' k=v',
];

const value: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => Buffer.from(text)),
  fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((parts) => Buffer.from(parts.join(''))),
  fc.uint8Array({ maxLength: 60 }),
  fc
    .constantFrom('', '0', '200', '-1', '1.50', '0.5', '007', '1e3', 'true', 'null', '9007199254740993', '-0', '1e999')
    .map((text) => Buffer.from(text)),
  fc
    .constantFrom(
      '192.0.2.7',
      '2001:db8::1',
      '::ffff:192.0.2.1',
      '256.1.1.1',
      '2026-11-20T10:11:12.345+08:00',
      '1795169472345',
    )
    .map((text) => Buffer.from(text)),
  fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text)),
  fc.json({ maxDepth: 2 }).map((text) => Buffer.from(JSON.stringify(JSON.parse(`{"a":{"b":${text}}}`), null, 2))),
);

const name: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc
    .constantFrom(
      'a',
      'b',
      'x',
      'n',
      'ip',
      'text',
      'json',
      'time',
      'msg',
      'src',
      'SRC',
      'rt',
      'sev',
      'devTime',
      'slsSrc',
      'sls_src',
      '__topic__',
      '__source__',
      '__time__',
      '__Source__ ',
      'source',
      '_source_',
      'tag_hostname',
      'sls___source__',
      'sls_a',
      'slsA',
    )
    .map((text) => Buffer.from(text)),
  fc
    .constantFrom(
      'remote_addr',
      'User-Agent',
      '__tag__:__hostname__',
      'a=b',
      'a b',
      '',
      'ключ',
      'x'.repeat(40),
      `${'x'.repeat(40)}y`,
    )
    .map((text) => Buffer.from(text)),
  value,
);

export const flatLogs: fc.Arbitrary<OracleLog> = fc
  .record({
    time: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    topic: value,
    fields: fc.array(fc.tuple(name, value), { maxLength: 8 }),
  })
  .map(({ time, topic, fields }) => ({
    time,
    fields: [[Buffer.from('__topic__'), topic], [Buffer.from('__source__'), Buffer.from('192.0.2.1')], ...fields],
  }));

/** Logs of the emulator's `nasty` profile. */
export function nastyLogs(count: number): OracleLog[] {
  const generator = createGenerator('nasty', 7);
  // Of a log and its group: each has topic, source and tags of its own.
  const groups = Array.from({ length: count }, (_, n) => decodeLogGroup(generator.createGroup(0, n, 1, 1_795_169_472)));
  const logs = groups.flatMap((group) => group.Logs);
  return naiveLogs(groups).map(({ fields, serviceCount }, index): OracleLog => {
    const tags = fields.slice(0, serviceCount).filter(([key]) => key.startsWith('__tag__:'));
    // Nanoseconds are another field of the log's own, which is called so.
    const others = fields.slice(2).filter((field) => !tags.includes(field));
    return {
      time: logs[index]!.Time,
      tags: tags.length,
      fields: [...fields.slice(0, 2), ...tags, ...others].map(
        ([key, each]) => [Buffer.from(key, 'latin1'), Buffer.from(each, 'latin1')] as const,
      ),
    };
  });
}

export type PlainField = readonly [name: string, value: string];

/** The same under the names that a format without a spelling gives them. */
export function namedFields(log: OracleLog): PlainField[] {
  return plainFields({ ...log, fields: oracleFields(log) });
}

/** As text; what is not UTF-8 is U+FFFD. */
export function plainFields(log: OracleLog): PlainField[] {
  const text = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  return log.fields.map(([key, each]) => [text(key), text(each)]);
}
