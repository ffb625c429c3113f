import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/core/errors.ts';
import { createFormat } from '../../src/format/registry.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { load } from '../support/daemons/config.ts';

test('a separator that the configuration accepts is one that the format can work with', () => {
  let accepted = 0;
  const separator = fc.string({ unit: 'binary', minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(separator, fc.constantFrom('standard', 'none'), (text, mode) => {
      try {
        const { message } = load({}, { '--sep': text, '--escape': mode }).config;
        const format = createFormat(message.format);
        expect('firstSeparator' in format && [...format.firstSeparator]).toEqual([
          ...Buffer.from(message.format.separator ?? ''),
        ]);
        accepted++;
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        // Told of the setting, before the format could find it.
        expect(error.problems.map(({ path }) => path)).toEqual(['sep']);
      }
    }),
    propertyRuns(300, 100),
  );
  expect(accepted).toBeGreaterThan(20);
});
