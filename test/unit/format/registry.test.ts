import { describe, expect, it } from 'vitest';
import { createKeyValueFormat } from '../../../src/format/key-value.ts';
import { createFormat, formatNames } from '../../../src/format/registry.ts';

describe('the format registry', () => {
  it('makes the row of a name, with its options', () => {
    expect(createFormat('kv', { separator: ';', escape: 'none' })).toEqual(
      createKeyValueFormat({ separator: ';', escape: 'none' }),
    );
    expect(formatNames.map((name) => createFormat(name).name)).toEqual([...formatNames]);
  });

  it('names the formats that there are when asked for another', () => {
    expect(() => createFormat('toString')).toThrow(/no format "toString"; there is: kv/);
    expect(() => createFormat('xml')).toThrow(expect.objectContaining({ code: 'format', action: 'fatal' }));
  });
});
