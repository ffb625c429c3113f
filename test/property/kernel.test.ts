/** The kernel against the reference: the same bytes, counts, rejected logs and errors, whatever comes in. */
import fc from 'fast-check';
import { compressSync } from 'lz4-napi';
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList } from '../../src/emulator/log-group-schema.ts';
import type { BatchEncoder, EncodedBatch } from '../../src/encode/batch-encoder.ts';
import type { BatchBody } from '../../src/encode/bytes.ts';
import type { EncoderOptions } from '../../src/encode/encoder-options.ts';
import type { BatchOrigin } from '../../src/encode/identity.ts';
import { createReferenceEncoder } from '../../src/encode/reference-encoder.ts';
import { CorruptBatchError } from '../../src/errors.ts';
import { createEscapeTable } from '../../src/format/escape-table.ts';
import type { FormatRow } from '../../src/format/format-row.ts';
import { createKeyValueFormat } from '../../src/format/key-value.ts';
import { createKernelEncoder } from '../../src/kernel/kernel-encoder.ts';
import { type Encoded, encodeAll, encoderDefaults, rawBody } from '../support/encode.ts';
import { applyDamage, damage, logGroups, unusualList } from '../support/log-group-arbitraries.ts';
import { propertyRuns } from '../support/property-runs.ts';

const text = (value: string) => new Uint8Array(Buffer.from(value));

/** Rows that no product has, of the same shape: what holds for them holds for the formats to come. */
const json: FormatRow = {
  name: 'json-like',
  prefix: text('{'),
  lead: text('"'),
  separator: text('","'),
  keyEscape: createEscapeTable([...controls(), [0x22, '\\"'], [0x5c, '\\\\']]),
  keyValueSign: text('":"'),
  valueEscape: createEscapeTable([...controls(), [0x22, '\\"'], [0x5c, '\\\\']]),
  suffix: text('"}'),
};
const strange: FormatRow = {
  name: 'strange',
  prefix: text('a prefix that is longer than one vector of sixteen bytes '),
  lead: text(''),
  separator: text(' and a separator that is longer than that as well '),
  keyEscape: createEscapeTable([
    [0x0a, ''],
    [0x61, '0123456789abcdef'],
    [0xe2, '?'],
  ]),
  keyValueSign: text(''),
  valueEscape: createEscapeTable([
    [0x0a, ' '],
    [0xff, '\\xff'],
    [0x80, ''],
  ]),
  suffix: text('.'),
};
const plain: FormatRow = {
  ...json,
  name: 'plain',
  keyEscape: createEscapeTable([]),
  valueEscape: createEscapeTable([]),
};

function controls(): [number, string][] {
  return Array.from({ length: 0x20 }, (_, byte) => [byte, `\\u00${byte.toString(16).padStart(2, '0')}`]);
}

const rows: readonly FormatRow[] = [
  createKeyValueFormat(),
  createKeyValueFormat({ escape: 'none' }),
  createKeyValueFormat({ separator: '\t' }),
  createKeyValueFormat({ separator: '; a long separator of more than sixteen bytes ;' }),
  json,
  strange,
  plain,
];

const options: fc.Arbitrary<EncoderOptions> = fc
  .record({
    format: fc.constantFrom(...rows),
    rfc: fc.constantFrom('5424' as const, '3164' as const),
    framing: fc.constantFrom('octet-counting' as const, 'lf' as const, 'datagram' as const),
    maxMessageBytes: fc.constantFrom(undefined, 480, 600, 1_000, 65_536),
    oversize: fc.constantFrom('truncate' as const, 'split' as const, 'dead-letter' as const),
    maxChunkFrames: fc.constantFrom(undefined, 1, 2, 3),
    maxChunkBytes: fc.constantFrom(undefined, 1, 700),
    hasIdentity: fc.boolean(),
  })
  .filter(({ format, framing }) => framing !== 'lf' || format.name === 'kv' || format.name === 'json-like')
  .map(({ rfc, hasIdentity, ...rest }) => ({
    ...withoutUndefined(rest),
    header: { ...encoderDefaults.header, rfc, timeZone: 'utc' as const },
    ...(hasIdentity && rfc === '5424' && { identity: { enterpriseId: 32473, project: 'p', logstore: 'l"' } }),
  }));

function withoutUndefined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

interface Pair {
  readonly reference: BatchEncoder;
  readonly kernel: BatchEncoder;
}

/** Made once for the same options: a kernel goes on with the memory that other batches have left behind. */
const pairs = new Map<string, Pair>();

function pairFor(chosen: EncoderOptions): Pair {
  const key = JSON.stringify({ ...chosen, format: rows.indexOf(chosen.format) });
  const pair = pairs.get(key) ?? { reference: createReferenceEncoder(chosen), kernel: createKernelEncoder(chosen) };
  pairs.set(key, pair);
  return pair;
}

const origins: fc.Arbitrary<BatchOrigin> = fc.record(
  { shard: fc.nat(2 ** 31 - 1), cursor: fc.base64String({ maxLength: 40 }), firstIndex: fc.nat(2_000_000) },
  { requiredKeys: ['shard', 'cursor'] },
);

function expectSame(kernel: Encoded, reference: Encoded): void {
  expect(kernel.bytes.equals(reference.bytes), `kernel    ${show(kernel)}\nreference ${show(reference)}`).toBe(true);
  expect(kernel.datagrams).toEqual(reference.datagrams);
  expect(kernel.frameCount).toBe(reference.frameCount);
  expect(kernel.rejected).toEqual(reference.rejected);
  expect(kernel.counts).toEqual(reference.counts);
  expect(kernel.error).toEqual(reference.error);
  expect((kernel.error as CorruptBatchError | undefined)?.context).toEqual(
    (reference.error as CorruptBatchError | undefined)?.context,
  );
}

function show({ bytes }: Encoded): string {
  return JSON.stringify(bytes.toString('latin1'));
}

const damaged = fc.tuple(logGroups, damage).map(([groups, what]) => applyDamage(encodeLogGroupList(groups), what));
const raws: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 3, arbitrary: logGroups.map((groups) => encodeLogGroupList(groups)) },
  { weight: 3, arbitrary: unusualList },
  { weight: 3, arbitrary: damaged },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
);

describe('the kernel', () => {
  it('writes what the reference writes, and fails where it fails', () => {
    fc.assert(
      fc.property(options, raws, origins, (chosen, raw, origin) => {
        const { reference, kernel } = pairFor(chosen);
        expectSame(encodeAll(kernel, raw, origin), encodeAll(reference, raw, origin));
      }),
      propertyRuns(10_000),
    );
  }, 300_000);

  it('writes the same of large groups, whose logs differ in everything that a kernel could remember', () => {
    const manyLogs = fc
      .tuple(logGroups, fc.integer({ min: 2, max: 60 }))
      .map(([groups, times]) => encodeLogGroupList(Array.from({ length: times }, () => groups).flat()));
    fc.assert(
      fc.property(options, manyLogs, origins, (chosen, raw, origin) => {
        const { reference, kernel } = pairFor(chosen);
        expectSame(encodeAll(kernel, raw, origin), encodeAll(reference, raw, origin));
      }),
      propertyRuns(500),
    );
  }, 120_000);

  it('keeps batches apart that are encoded by turns', () => {
    fc.assert(
      fc.property(
        options,
        fc.array(raws, { minLength: 2, maxLength: 5 }),
        fc.infiniteStream(fc.nat()),
        (chosen, all, turns) => {
          const slow = { ...chosen, maxChunkFrames: 1 };
          const { reference, kernel } = pairFor(slow);
          const origin = { shard: 1, cursor: 'c' };
          const open = all.map((raw) => ({
            batch: kernel.begin(rawBody(raw), origin),
            bytes: [] as Buffer[],
            error: undefined as unknown,
            isOver: false,
          }));
          while (open.some(({ isOver }) => !isOver)) {
            const left = open.filter(({ isOver }) => !isOver);
            const one = left[turns.next().value % left.length]!;
            one.isOver = !step(one.batch, one);
          }
          for (const [index, raw] of all.entries()) {
            const alone = encodeAll(reference, raw, origin);
            expect(Buffer.concat(open[index]!.bytes).equals(alone.bytes)).toBe(true);
            expect(open[index]!.error).toEqual(alone.error);
          }
        },
      ),
      propertyRuns(500),
    );
  }, 120_000);

  it('hands out whole frames in every chunk, and no more than it may', () => {
    fc.assert(
      fc.property(logGroups, fc.constantFrom(1, 2, 3), (groups, maxChunkFrames) => {
        const { kernel } = pairFor({ ...encoderDefaults, maxChunkFrames });
        const batch = kernel.begin(rawBody(encodeLogGroupList(groups)));
        for (let chunk = batch.next(); chunk !== undefined; chunk = batch.next()) {
          expect(chunk.frameCount).toBeLessThanOrEqual(maxChunkFrames);
          let rest = Buffer.from(chunk.bytes);
          for (let frame = 0; frame < chunk.frameCount; frame++) {
            const space = rest.indexOf(' ');
            rest = rest.subarray(space + 1 + Number(rest.toString('latin1', 0, space)));
          }
          expect(rest).toHaveLength(0);
          chunk.release();
        }
        batch.close();
      }),
      propertyRuns(300),
    );
  });
});

/** @returns false when the batch is over */
function step(batch: EncodedBatch, into: { bytes: Buffer[]; error: unknown }): boolean {
  try {
    const chunk = batch.next();
    if (chunk === undefined) return false;
    into.bytes.push(Buffer.from(chunk.bytes));
    chunk.release();
    return true;
  } catch (error) {
    into.error = error;
    batch.close();
    return false;
  }
}

describe('the kernel’s lz4', () => {
  const { reference, kernel } = pairFor(encoderDefaults);
  const unpackedAs = (encoder: BatchEncoder, body: BatchBody): Encoded | 'corrupt' => {
    try {
      return { ...encodeBody(encoder, body), chunkSizes: [] };
    } catch (error) {
      expect(error).toBeInstanceOf(CorruptBatchError);
      return 'corrupt';
    }
  };
  const encodeBody = (encoder: BatchEncoder, body: BatchBody): Encoded => {
    const opened: BatchEncoder = { begin: () => encoder.begin(body) };
    return encodeAll(opened, new Uint8Array(0));
  };
  /** Text that repeats itself from every distance. */
  const repetitive = fc
    .array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(40)), { maxLength: 30 })
    .map((parts) => Buffer.concat(parts.flatMap(([bytes, times]) => Array<Uint8Array>(times + 1).fill(bytes))));
  const unknownField = (bytes: Uint8Array) =>
    Buffer.concat([Buffer.from([0x7a]), Buffer.from(varint(bytes.length)), bytes]);
  const lists = fc.oneof(
    raws,
    repetitive.map((bytes) => new Uint8Array(unknownField(bytes))),
  );
  const packed = (raw: Uint8Array) => new Uint8Array(compressSync(Buffer.from(raw)).subarray(4));

  it('unpacks what lz4 packs', () => {
    fc.assert(
      fc.property(lists, (raw) => {
        const body: BatchBody = { bytes: packed(raw), compression: 'lz4', rawSize: raw.length };
        const outcome = unpackedAs(kernel, body);
        expect(outcome).not.toBe('corrupt');
        expect(outcome).toEqual(unpackedAs(reference, body));
      }),
      propertyRuns(2_000),
    );
  });

  it('refuses or unpacks damaged blocks as the library does', () => {
    fc.assert(
      fc.property(lists, damage, fc.integer({ min: -3, max: 3 }), (raw, what, lie) => {
        const rawSize = Math.max(0, raw.length + lie);
        const body: BatchBody = { bytes: applyDamage(packed(raw), what), compression: 'lz4', rawSize };
        expect(unpackedAs(kernel, body)).toEqual(unpackedAs(reference, body));
      }),
      propertyRuns(3_000),
    );
  });
});

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
