/** A large log is written in steps, and as any other: the same bytes, counts and rejected logs, whatever is large. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList } from '../../src/emulator/protocol/log-group-schema.ts';
import type { EncoderOptions } from '../../src/encode/frame/encoder-options.ts';
import { createReferenceEncoder } from '../../src/encode/reference-encoder.ts';
import type { BatchOrigin } from '../../src/encode/wire/batch-origin.ts';
import { createJsonText } from '../../src/format/formats/json-text.ts';
import { anyRaw } from '../support/arbitraries/log-group-arbitraries.ts';
import { mappedOptions } from '../support/arbitraries/mapped-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { encodeAll } from '../support/oracles/encode.ts';
import { expectSame, pairFor, someOptions, someOrigin } from '../support/oracles/encoder-pair.ts';
import { content, group, log, logTag, message, source, time, topic } from '../support/service/wire.ts';

const nothingIsLarge = { maxUsualFields: Number.MAX_SAFE_INTEGER, maxUsualBytes: Number.MAX_SAFE_INTEGER };
const someFields = fc.integer({ min: 0, max: 3 });

/** @returns whether there was a step */
function expectTheSameInSteps(options: EncoderOptions, raw: Uint8Array, origin: BatchOrigin, fields: number): boolean {
  const usual = encodeAll(createReferenceEncoder({ ...options, ...nothingIsLarge }), raw, origin);
  const inSteps = encodeAll(createReferenceEncoder({ ...options, largeAboveFields: fields }), raw, origin);
  expectSame(inSteps, usual);
  return inSteps.chunkSizes.length > usual.chunkSizes.length;
}

describe('a large log', () => {
  it.each([
    ['in every row', someOptions],
    ['with mapped fields', mappedOptions],
    [
      'as JSON with values that are no strings',
      someOptions
        .filter(({ framing }) => framing !== 'lf')
        .map((options) => ({ ...options, format: createJsonText({ nest: ['a', 'b'], inferTypes: true }) })),
    ],
  ])(
    'is written as one that is not, %s',
    (_, allOptions) => {
      let large = 0;
      fc.assert(
        fc.property(allOptions, anyRaw, someOrigin, someFields, (options, raw, origin, fields) => {
          if (expectTheSameInSteps(options, raw, origin, fields)) large++;
        }),
        propertyRuns(1_000, 330),
      );
      expect(large).toBeGreaterThan(100);
    },
    240_000,
  );

  it('is written as one that is not, where a value is so long that it takes steps, whatever its bytes are', () => {
    const unit = fc.constantFrom('a', '"', '|', '\\', '\n', 'é', '漢', '😀', 0x80, 0xbf, 0xc3, 0xe2, 0xf0, 0xf4, 0xff);
    const value = fc.tuple(fc.array(unit, { minLength: 1, maxLength: 12 }), fc.nat(3)).map(([units, shift]) => {
      const once = Buffer.concat(units.map((each) => (typeof each === 'string' ? Buffer.from(each) : Buffer.of(each))));
      return Buffer.concat([Buffer.from('x'.repeat(shift)), Buffer.alloc(150_000, once)]);
    });
    fc.assert(
      fc.property(someOptions, value, value, someOrigin, (options, first, second, origin) => {
        const Contents = [
          { Key: Buffer.from('a'), Value: first },
          { Key: second, Value: Buffer.from('v') },
        ];
        const raw = encodeLogGroupList([{ Logs: [{ Time: 1, Contents }], LogTags: [] }]);
        expectTheSameInSteps(
          { ...options, ...(options.maxMessageBytes === 1_000 && { maxMessageBytes: 160_000 }) },
          raw,
          origin,
          0,
        );
      }),
      propertyRuns(150),
    );
  }, 240_000);

  const many = (count: number, part: (index: number) => Buffer) =>
    Buffer.concat(Array.from({ length: count }, (_, index) => part(index)));
  const names = (count: number) => many(count, (index) => content(`k${index}`, 'v'));
  const shapes: Readonly<Record<string, Buffer>> = {
    'of many names': group(log(time(1), content('a', 'b')), log(time(2), names(5_000)), topic('t'), log(time(3))),
    'of many names that others have too': group(
      many(8, (index) => log(time(index + 1), names(1_500))),
      topic('t'),
    ),
    'of one name': group(
      log(
        time(1),
        many(5_000, () => content('k', 'v')),
      ),
      source('s'),
    ),
    'with many tags': group(
      log(time(1), content('a', 'b')),
      many(3_000, (index) => logTag(`k${index}`, 'v')),
      log(time(2)),
    ),
    'of many bytes': group(log(time(1), content('a', 'v|"'.repeat(200_000)), content('b', 'c')), log(time(2))),
    'with a topic of many bytes': group(log(time(1)), log(time(2), content('a', 'b')), topic('t'.repeat(2_000_000))),
    'that is damaged at its end': group(log(time(1)), log(time(2), names(5_000), message(2, message(1, 'no value')))),
    'without a time': group(log(time(1)), log(names(5_000))),
  };

  it.each(Object.entries(shapes))(
    '%s: the kernel writes what the reference writes',
    (_, shape) => {
      fc.assert(
        fc.property(someOptions, someOrigin, (options, origin) => {
          const raw = Buffer.concat([
            group(log(time(1), content('first', '1'))),
            shape,
            group(log(time(9), content('last', '9'))),
          ]);
          const { reference, kernel } = pairFor(options);
          expectSame(encodeAll(kernel, raw, origin), encodeAll(reference, raw, origin));
          const usual = createReferenceEncoder({ ...options, ...nothingIsLarge });
          expectSame(encodeAll(reference, raw, origin), encodeAll(usual, raw, origin));
        }),
        propertyRuns(20),
      );
    },
    240_000,
  );
});
