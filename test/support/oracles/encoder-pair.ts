/** The kernel and the reference with the same options, and whether they have made the same of a batch. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { CorruptBatchError } from '../../../src/core/errors.ts';
import type { BatchEncoder } from '../../../src/encode/frame/batch-encoder.ts';
import type { EncoderOptions } from '../../../src/encode/frame/encoder-options.ts';
import { createReferenceEncoder } from '../../../src/encode/reference-encoder.ts';
import type { BatchOrigin } from '../../../src/encode/wire/batch-origin.ts';
import { type Format, isStructuredData, writesSingleLines } from '../../../src/format/parts/format.ts';
import { createKernelEncoder } from '../../../src/kernel/kernel-encoder.ts';
import type { FieldSelection } from '../../../src/rules/field-selection.ts';
import { rows, unusualRows } from '../arbitraries/format-rows.ts';
import { selections } from '../arbitraries/selections.ts';
import { someRules } from '../arbitraries/some-rules.ts';
import { type Encoded, encodeAll, encoderDefaults, leadKey, leadWith } from './encode.ts';

export interface Pair {
  readonly reference: BatchEncoder;
  readonly kernel: BatchEncoder;
}

/** A kernel holds megabytes. */
const MAX_PAIRS = 200;
const allRows: readonly Format[] = [encoderDefaults.format, ...rows, ...unusualRows];
const pairs = new Map<string, Pair>();

/** Made once for the same options: a kernel goes on with the memory that other batches have left behind. */
export function pairFor(options: EncoderOptions): Pair {
  const { format, fields, rules, lead } = options;
  const key = JSON.stringify({
    ...options,
    format: rowIndex(format),
    fields: selectionIndex(fields),
    rules: rules && someRules.indexOf(rules),
    lead: leadKey(lead),
  });
  const pair = pairs.get(key) ?? createPair(options);
  if (pairs.size === MAX_PAIRS) pairs.clear();
  pairs.set(key, pair);
  return pair;
}

function createPair(options: EncoderOptions): Pair {
  const kernel = createKernelEncoder(options);
  expect(kernel.kind).toBe('kernel');
  return { reference: createReferenceEncoder(options), kernel };
}

function rowIndex(format: Format): number {
  const index = allRows.indexOf(format);
  if (index === -1) throw new Error('a format that is not in the list is not told from others');
  return index;
}

function selectionIndex(fields: FieldSelection | undefined): number {
  const index = fields === undefined ? -1 : Object.values(selections).indexOf(fields);
  if (fields && index === -1) throw new Error('a selection that is not in the list is not told from others');
  return index;
}

export const someOptions: fc.Arbitrary<EncoderOptions> = fc
  .record({
    format: fc.constantFrom(...allRows),
    rfc: fc.constantFrom('5424' as const, '3164' as const),
    timestampDigits: fc.constantFrom('auto' as const, 'auto' as const, 0, 1, 3, 6),
    rfc3164Time: fc.constantFrom('legacy' as const, 'rfc3339' as const),
    framing: fc.constantFrom('octet-counting' as const, 'lf' as const, 'datagram' as const),
    maxMessageBytes: fc.constantFrom(undefined, 480, 600, 1_000, 65_536),
    oversize: fc.constantFrom('truncate' as const, 'split' as const, 'dead-letter' as const),
    maxChunkFrames: fc.constantFrom(undefined, undefined, 1, 2, 3),
    maxChunkBytes: fc.constantFrom(undefined, undefined, 1, 700),
    fields: fc.oneof(fc.constant(undefined), fc.constantFrom(...Object.values(selections))),
    rules: fc.oneof(fc.constant(undefined), fc.constantFrom(...someRules)),
    hasIdentity: fc.boolean(),
  })
  .filter(({ format, framing }) => framing !== 'lf' || writesSingleLines(format))
  .filter(({ format, rfc, oversize }) => !isStructuredData(format) || (rfc === '5424' && oversize !== 'split'))
  .map(({ rfc, timestampDigits, rfc3164Time, hasIdentity, ...rest }) => ({
    ...withoutUndefined(rest),
    lead: leadWith({
      rfc,
      timestampDigits,
      rfc3164Time,
      timeZone: 'utc',
      ...(hasIdentity && rfc === '5424' && { identity: { enterpriseId: 32473 } }),
    }),
  }));

function withoutUndefined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

export const someOrigin: fc.Arbitrary<BatchOrigin> = fc.record(
  {
    project: fc.constantFrom('p', 'web-logs'),
    logstore: fc.constantFrom('l"', 'access_log'),
    shard: fc.nat(2 ** 31 - 1),
    cursor: fc.base64String({ maxLength: 40 }),
    firstIndex: fc.nat(2_000_000),
  },
  { requiredKeys: ['project', 'logstore', 'shard', 'cursor'] },
);

export function expectSameOf(pair: Pair, raw: Uint8Array, origin?: BatchOrigin): void {
  expectSame(encodeAll(pair.kernel, raw, origin), encodeAll(pair.reference, raw, origin));
}

/** Buffers are compared as such: to look at every byte in JavaScript takes a hundred times as long. */
export function expectSame(kernel: Encoded, reference: Encoded): void {
  if (!kernel.bytes.equals(reference.bytes)) expect.fail(`kernel    ${show(kernel)}\nreference ${show(reference)}`);
  expect(kernel.frameCount).toBe(reference.frameCount);
  expectSameBuffers(kernel.datagrams, reference.datagrams);
  expect(kernel.rejected.map(withoutBytes)).toEqual(reference.rejected.map(withoutBytes));
  expectSameBuffers(
    kernel.rejected.map(({ logGroupList }) => logGroupList),
    reference.rejected.map(({ logGroupList }) => logGroupList),
  );
  expect(kernel.counts).toEqual(reference.counts);
  expect(kernel.error).toEqual(reference.error);
  expect((kernel.error as CorruptBatchError | undefined)?.context).toEqual(
    (reference.error as CorruptBatchError | undefined)?.context,
  );
}

function expectSameBuffers(left: readonly Uint8Array[], right: readonly Uint8Array[]): void {
  const differs = left.findIndex((each, index) => Buffer.compare(each, right[index] ?? Buffer.alloc(0)) !== 0);
  expect([left.length, differs]).toEqual([right.length, -1]);
}

function withoutBytes({ index, reason }: Encoded['rejected'][number]): object {
  return { index, reason };
}

function show({ bytes }: Encoded): string {
  return JSON.stringify(bytes.toString('latin1', 0, 2_000));
}
