import { expect, it } from 'vitest';
import { createReferenceEncoder } from '../../../../src/encode/reference-encoder.ts';
import { createFormat } from '../../../../src/format/registry.ts';
import { encodeAll, encoderDefaults } from '../../../support/oracles/encode.ts';
import { content, group, log, time } from '../../../support/service/wire.ts';

it.each([
  ['1,048,576 characters is embedded', 0, '"a":[1,1'],
  ['1,048,577 characters stays a string', 1, '"a":"[1,'],
] as const)('with --nest, a value of %s', (_, more, beginning) => {
  const format = createFormat({ format: 'json', nest: ['a'] });
  const inner = '1,'.repeat(2 ** 19 - 2);
  const value = `[${inner}1]${' '.repeat(2 ** 20 - inner.length - 3 + more)}`;
  const raw = group(log(time(1), content('a', value)));
  const { bytes } = encodeAll(createReferenceEncoder({ ...encoderDefaults, format }), raw);
  const text = bytes.toString();
  expect(text.slice(text.indexOf('"a"')).slice(0, beginning.length)).toBe(beginning);
});
