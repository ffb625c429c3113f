import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { createKeyValueFormat } from '../../src/format/key-value.ts';
import { load } from '../support/config.ts';
import { propertyRuns } from '../support/property-runs.ts';

test('a separator that the configuration accepts is one that the format can work with', () => {
  let accepted = 0;
  const separator = fc.string({ unit: 'binary', minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(separator, fc.constantFrom('standard', 'none'), (text, mode) => {
      try {
        const { message } = load({}, { '--sep': text, '--escape': mode }).config;
        expect(createKeyValueFormat(message).lead).not.toHaveLength(0);
        accepted++;
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    }),
    propertyRuns(300),
  );
  expect(accepted).toBeGreaterThan(20);
});
