import { describe, expect, it } from 'vitest';
import { createFormat } from '../../../../src/format/registry.ts';
import { oracleLog, oracleText } from '../../../support/oracles/format-oracle.ts';

function text(template: string, fields: Record<string, string> = {}, more: object = {}, mode?: 'none'): string {
  const format = createFormat({ format: 'template', template, ...(mode && { escape: mode }) });
  return oracleText(format, { ...oracleLog(fields), ...more }).toString();
}

describe('a template', () => {
  it('puts fields, defaults and braces in', () => {
    const fields = {
      user: 'alice',
      empty: '',
      '__tag__:host': 'web',
      event: '{"id":12345678901234567890,"o":{"k":[1,"x"]}}',
    };
    expect(text('{user}@{__tag__:host}: {missing|-} {empty|none} {missing}{{a}} 100%', fields)).toBe(
      'alice@web: - none {a} 100%',
    );
    expect(text('{event:id} {event:o} {event:o.k.1} {event:o.x|no} {user:a|no}', fields)).toBe(
      '12345678901234567890 {"k":[1,"x"]} x no no',
    );
  });

  it.each([
    ['{__time__}', '1795169472'],
    ['{__time__:epoch}', '1795169472'],
    ['{__time__:epoch_ms}', '1795169472345'],
    ['{__time__:iso}', '2026-11-20T10:11:12.345678900Z'],
    ['{__time__:iso_ms}', '2026-11-20T10:11:12.345Z'],
    ['{__severity__}/{__severity__:name}', '4/warning'],
    ['{__facility__}/{__facility__:name}', '1/user'],
  ])('%s is %s', (template, expected) => {
    expect(text(template, {}, { severity: 4, timeNs: 345_678_900 })).toBe(expected);
  });

  it('writes the time without a fraction where the log has none', () => {
    expect(text('{__time__:iso} {__time__:iso_ms}')).toBe('2026-11-20T10:11:12Z 2026-11-20T10:11:12.000Z');
  });

  it('escapes values, not its own text', () => {
    expect(text('a\tb {v}', { v: 'x\n\t\x01\\' })).toBe('a\tb x\\n\\t\\x01\\');
    expect(text('{v}', { v: 'x\n\t\x01\\' }, {}, 'none')).toBe('x\\n\t\x01\\');
  });

  it.each([
    ['', 'is empty'],
    ['ab {user', 'at character 4: "{" is never closed'],
    ['ab}', 'at character 3: "}" closes nothing'],
    ['{}', 'at character 1: "{}" names no field'],
    ['{ user }', 'has a space'],
    ['x {__time__:rfc3339}', 'at character 3: {__time__:rfc3339} is not known; there is {__time__}, {__time__:epoch}'],
    ['{__time__|0}', 'has a default'],
    ['{__severity__:constructor}', 'is not known'],
    ['{a|{b}}', 'at character 1: "{" is never closed'],
    ['{event:}', 'empty key'],
  ])('%j is refused: %s', (template, why) => {
    const create = (): unknown => createFormat({ format: 'template', template });
    expect(create).toThrow(why);
    expect(create).toThrow(expect.objectContaining({ code: 'format', action: 'fatal' }));
  });
});
