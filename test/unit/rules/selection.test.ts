import { describe, expect, test } from 'vitest';
import { createFieldSelection, glob, renameSchema, type SelectionForm } from '../../../src/rules/selection.ts';
import { complaints, parsed, utf8 } from '../../support/arbitraries/rules-form.ts';

const names = [
  '__topic__',
  '__source__',
  '__tag__:__hostname__',
  '__tag__:env',
  'status',
  'request_uri',
  'request_time',
];

/** What is left of `names`, under the names that they get. */
function left(form: SelectionForm): string[] {
  const select = createFieldSelection(form);
  return names.flatMap((name) => {
    const choice = select?.(utf8(name)) ?? 'keep';
    if (choice === 'drop') return [];
    return [choice === 'keep' ? name : Buffer.from(choice).toString()];
  });
}

const globs = (...patterns: string[]) => patterns.map((pattern) => glob.parse(pattern));

describe('a glob', () => {
  test.each<[string, string, boolean]>([
    ['status', 'status', true],
    ['status', 'statusx', false],
    ['*', '', true],
    ['?', '', false],
    ['?', '录', true],
    ['?', '😀', true],
    ['request_*', 'request_uri', true],
    ['request_*', 'request_', true],
    ['*_uri', 'request_uri', true],
    ['a*b*c', 'axbxbxc', true],
    ['a*b*c', 'axbxbx', false],
    ['a**c', 'ac', true],
    ['*a?', 'aab', true],
    ['*a?', 'aba', false],
    ['__tag__:*', '__tag__:env', true],
    ['[a-z]', 'a', false],
    ['[a-z]', '[a-z]', true],
    ['a.c', 'abc', false],
  ])('%s on %s', (pattern, name, expected) => {
    expect(glob.parse(pattern)(name)).toBe(expected);
  });
});

describe('fields', () => {
  test('without a word about them there is nothing to select', () => {
    expect(createFieldSelection({})).toBeUndefined();
    expect(createFieldSelection({ exclude: [], rename: [], noTags: false })).toBeUndefined();
  });

  test.each<[string, SelectionForm, string[]]>([
    ['include', { include: globs('status', 'request_*') }, ['status', 'request_uri', 'request_time']],
    ['exclude', { exclude: globs('__*', 'status') }, ['request_uri', 'request_time']],
    ['both: exclude wins', { include: globs('request_*'), exclude: globs('*_time') }, ['request_uri']],
    ['no tags', { noTags: true }, ['__topic__', '__source__', 'status', 'request_uri', 'request_time']],
    ['no tags, though they are included', { noTags: true, include: globs('__tag__:*', 'status') }, ['status']],
    [
      'renamed fields are selected under their old names',
      { include: globs('status', '*env'), rename: parsed(renameSchema, '{status: code, "__tag__:env": stage}') },
      ['stage', 'code'],
    ],
    ['include nothing', { include: [] }, []],
  ])('%s', (_, form, expected) => {
    expect(left(form)).toEqual(expected);
  });

  test('two may change their names with each other', () => {
    const rename = parsed(renameSchema, '{status: request_uri, request_uri: status}');
    expect(left({ include: globs('status', 'request_uri'), rename })).toEqual(['request_uri', 'status']);
  });

  test('with names that are no UTF-8 are told apart by their bytes', () => {
    const rename = [{ from: Uint8Array.of(0x61, 0xff), to: utf8('b') }];
    const select = createFieldSelection({ include: globs('a?'), rename })!;
    expect(select(Uint8Array.of(0x61, 0xff))).toEqual(utf8('b'));
    expect(select(Uint8Array.of(0x61, 0xfe))).toBe('keep');
    expect(select(Uint8Array.of(0x61))).toBe('drop');
  });

  test.each<[string, readonly string[]]>([
    ['status', [': is not a mapping']],
    ['{a: [b]}', ['.a: is not a plain value']],
    ['{a: x, b: y, c: x}', ['.c: is already the new name of "a"; each field needs its own new name']],
    ['{a: ""}', ['.a: cannot be used: the field or its new name is empty; give both']],
    ['{__time__: t}', ['.__time__: cannot be the new name of "__time__", which is the log\'s time, and not a field']],
  ])('renamed by %s are refused', (yaml, expected) => {
    expect(complaints(renameSchema, yaml)).toEqual(expected);
  });
});
