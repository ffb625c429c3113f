import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { structuredIssues } from '../../../../src/config/sources/structured.ts';
import { parseYaml } from '../../../../src/config/sources/yaml.ts';
import {
  brokenParts,
  joinNodes,
  type PlainNode,
  partAt,
  pathText,
  placeAt,
  plainOf,
  writtenOf,
} from '../../../../src/schema/plain.ts';
import { textSchema } from '../../../../src/schema/text.ts';

function node(text: string, ...more: [Parameters<typeof parseYaml>[2]?]): PlainNode {
  const outcome = parseYaml(text, (line) => `c.yaml:${line}`, ...more);
  if (!('root' in outcome)) throw new Error('syntax' in outcome ? outcome.syntax : outcome.excess);
  return outcome.root;
}

describe('YAML as plain data', () => {
  test('leaves are text as written; what is empty is not there, and keeps its place in a list', () => {
    const plain = plainOf(node('a: 0500\nb: [yes, 1.50, "", ~]\nc:\nd: {e: null, f: 2026-01-01}\n'));
    expect(plain).toEqual({ a: '0500', b: ['yes', '1.50', '', ''], d: { f: '2026-01-01' } });
  });

  test('aliases stand for what they name; a name such as __proto__ is a key like any other', () => {
    const plain = plainOf(node('a: &x {b: c}\n__proto__: *x\n'));
    expect(Object.entries(plain ?? {})).toEqual([
      ['a', { b: 'c' }],
      ['__proto__', { b: 'c' }],
    ]);
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
  });

  test('aliases of aliases, and nesting without end, are refused and do not take all memory', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(() => node(lines.join('\n'))).toThrow('has more than 100000 values, counting what aliases');
    expect(() => node(`a: ${'['.repeat(80)}${']'.repeat(80)}`)).toThrow('more than 64 deep');
    expect(() => node('a: &a [*a]')).toThrow('more than 64 deep');
  });

  test('an alias stands for the last anchor of its name before it, also where the alias is in what another stands for', () => {
    const plain = plainOf(node('a: &l [&x 1]\nb: &m [*x]\nc: &x 2\nd: *m\ne: *l\nf: *x\n'));
    expect(plain).toEqual({ a: ['1'], b: ['1'], c: '2', d: ['1'], e: ['1'], f: '2' });
  });

  test('20,000 aliases cost about what 20,000 values do, and 31 s no more', () => {
    const list = (item: string) => `a: &x y\nb: [${Array(20_000).fill(item).join(', ')}]\n`;
    const costOf = (text: string) => {
      const before = process.cpuUsage();
      const outcome = parseYaml(text, String);
      const { user, system } = process.cpuUsage(before);
      expect(outcome).toHaveProperty('root');
      return user + system;
    };
    costOf(list('y'));
    const values = Math.max(costOf(list('y')), costOf(list('y')));
    expect(costOf(list('*x')) / values).toBeLessThan(20);
  });

  test('what is broken is said with its path and line', () => {
    const broken = brokenParts(
      node('- a: 1\n  b: 2\n  a: 3\n- {c: *no}\n- [{[x]: y}]\n- {__proto__: z}\n- [a, null]\n'),
    );
    expect(broken).toEqual([
      { path: [0, 'a'], phrase: ' is there a second time; the first is at c.yaml:1', at: 'c.yaml:3' },
      { path: [1, 'c'], phrase: ' begins with *, which YAML takes for an alias: quote it', at: 'c.yaml:4' },
      { path: [2, 0, '?'], phrase: ' is a key that is not text', at: 'c.yaml:5' },
      { path: [3, '__proto__'], phrase: ' is a name that no setting takes', at: 'c.yaml:6' },
      { path: [4, 1], phrase: ' is left empty; put quotes around it if it is text: "null", "~", ""', at: 'c.yaml:7' },
    ]);
  });

  test('a path leads to its part and its line, or to the nearest above it', () => {
    const root = node('- when:\n    field: x\n    in:\n      - a\n      - b\n- severity: err\n');
    expect(
      [[], [0, 'when'], [0, 'when', 'in', 1], [1, 'severity'], [1, 'facility']].map((p) => placeAt(root, p)),
    ).toEqual(['c.yaml:1', 'c.yaml:1', 'c.yaml:5', 'c.yaml:6', 'c.yaml:6']);
    expect(partAt(plainOf(root), [0, 'when', 'in', 1])).toBe('b');
    expect(partAt(plainOf(root), [0, 'constructor'])).toBeUndefined();
    expect(pathText([1, 'when', 'a b', 'in', 0])).toBe('[1].when["a b"].in[0]');
  });

  test('what is put into text is told from what may be shown of it', () => {
    const root = node('a: x${S}\nb: y\nc: ${NO}\n', (text) =>
      text.includes('NO') ? { problem: ': NO is not set' } : { text: text.replace('${S}', 'secret') },
    );
    expect(plainOf(root)).toEqual({ a: 'xsecret', b: 'y' });
    expect(writtenOf(root)).toEqual({ a: 'x${S}', b: 'y' });
    expect(brokenParts(root)).toEqual([{ path: ['c'], phrase: ': NO is not set', at: 'c.yaml:3' }]);
  });
});

test('several values of one setting: lists one after another, mappings together', () => {
  const list = joinNodes('list', [node('{a: b}'), node('[c, d]')], '--where');
  expect(plainOf(list)).toEqual([{ a: 'b' }, 'c', 'd']);
  const mapping = joinNodes('mapping', [node('{a: b}'), node('{c: d, a: e}')], '--map');
  expect(brokenParts(mapping)).toMatchObject([{ path: ['a'] }]);
});

describe('what a schema complains of', () => {
  const number = textSchema((text, complain) => (/^\d+$/.test(text) ? Number(text) : complain('is no number')));
  const schema = z.array(
    z.strictObject({ field: z.string(), size: z.union([number, z.strictObject({ min: number })]) }),
  );
  const issues = (value: unknown) => {
    const { error } = schema.safeParse(value);
    return error ? structuredIssues(error).map(({ path, phrase }) => `x${pathText(path)} ${phrase}`) : [];
  };

  test('all of it, each with its path, and of alternatives the one that was meant', () => {
    expect(
      issues([
        { field: 'a', size: { min: 'z' } },
        { size: '1', extra: 'b' },
        { field: [], size: 'q' },
      ]),
    ).toEqual([
      'x[0].size.min is no number',
      'x[1].field is missing',
      'x[1].extra belongs to an unknown key',
      'x[2].field is not a plain value',
      'x[2].size is no number',
    ]);
    const small = z.strictObject({ a: z.array(z.string()).min(1), b: z.record(z.string().min(1), z.string().min(1)) });
    const { error } = small.safeParse({ a: [], b: { '': 'x', c: '' } });
    expect(structuredIssues(error!).map(({ path, phrase }) => `x${pathText(path)} ${phrase}`)).toEqual([
      'x.a is empty; give one at least',
      'x.b[""] belongs to a key that cannot be one',
      'x.b.c is empty; give a text',
    ]);
    expect(issues('text')).toEqual(['x is not a list']);
    expect(issues([{ field: 'a', size: [] }])).toEqual(['x[0].size is neither a plain value nor a mapping']);
  });

  test('of alternatives, not the one that takes another shape, though it has less to complain of', () => {
    const either = z.union([z.strictObject({ a: number, b: number }), z.array(number)]);
    const { error } = either.safeParse({});
    expect(structuredIssues(error!).map(({ path, phrase }) => `${pathText(path)} ${phrase}`)).toEqual([
      '.a is missing',
      '.b is missing',
    ]);
  });
});
