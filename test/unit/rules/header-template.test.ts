import { describe, expect, test } from 'vitest';
import { headerTemplate } from '../../../src/rules/header-template.ts';
import type { HeaderText } from '../../../src/rules/header-text.ts';
import { complaint, utf8 } from '../../support/arbitraries/rules-form.ts';

const template = headerTemplate(12);
const cluster = utf8('cluster');

describe('a header template', () => {
  test.each<[string, HeaderText]>([
    ['web-01', 'web-01'],
    ['-', '-'],
    ['{{a}}', '{a}'],
    ['}}{{', '}{'],
    ['{cluster}', [{ field: cluster }]],
    ['{cluster|none}', [{ field: cluster, orElse: 'none' }]],
    ['{cluster|}', [{ field: cluster }]],
    ['{cluster|a|b}', [{ field: cluster, orElse: 'a|b' }]],
    ['{__tag__:__hostname__}', [{ field: utf8('__tag__:__hostname__') }]],
    ['{field with blanks 登}', [{ field: utf8('field with blanks 登') }]],
    ['k8s-{cluster}.{{x}}', ['k8s-', { field: cluster }, '.{x}']],
    ['{cluster}{cluster|-}', [{ field: cluster }, { field: cluster, orElse: '-' }]],
    ['{{{cluster}}}', ['{', { field: cluster }, '}']],
  ])('%s', (text, expected) => {
    expect(template.parse(text)).toEqual(expected);
  });

  test.each([
    ['a{b', 'has a { at character 2 that is not closed; write {{ for a brace'],
    ['登{', 'has a { at character 2 that is not closed; write {{ for a brace'],
    ['a}b', 'has a } at character 2 that closes nothing; write }} for a brace'],
    ['{a}}', 'has a } at character 4 that closes nothing; write }} for a brace'],
    ['{a{b}', "has a { at character 1 with another one before its }; a field's name has none in it"],
    ['x{}', 'has braces at character 2 that name no field; give {name}, or {{ and }} for braces'],
    ['{|x}', 'has braces at character 1 that name no field; give {name}, or {{ and }} for braces'],
    ['{__time__}', "has a name at character 1 that is the log's time, and not a field"],
    ['a b', 'may hold only printable ASCII characters and no space, but in the names of fields'],
    ['{a|b c}', 'may hold only printable ASCII characters and no space, but in the names of fields'],
    ['登', 'may hold only printable ASCII characters and no space, but in the names of fields'],
    ['x'.repeat(13), 'is too long: 13 characters of at most 12'],
    [`{a|${'x'.repeat(13)}}`, 'is too long: 13 characters of at most 12'],
    [`xxxxxxx{a}yyyyyy`, 'is too long: 13 characters of at most 12'],
    ['', 'is empty; give a value or leave the setting out'],
  ])('%j is refused', (text, phrase) => {
    expect(complaint(template, text)).toBe(phrase);
  });
});
