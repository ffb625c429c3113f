/**
 * No log holds up the event loop: what a slice does is bounded, whatever the log is. Counted, not timed: fields that are
 * read, names that are looked up, and bytes that are escaped between two calls.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BatchEncoder } from '../../../src/encode/frame/batch-encoder.ts';
import type { EncoderOptions } from '../../../src/encode/frame/encoder-options.ts';
import { Output } from '../../../src/encode/text/output.ts';
import { FieldSpans } from '../../../src/encode/wire/field-spans.ts';
import { createFormat, type FormatSpec } from '../../../src/format/registry.ts';
import { NameRecords } from '../../../src/kernel/name-records.ts';
import { NameCache } from '../../../src/rules/field-selection.ts';
import { encoderDefaults, rawBody } from '../../support/oracles/encode.ts';
import { encoders } from '../../support/oracles/encoders.ts';
import { content, group, log, logTag, time, topic } from '../../support/service/wire.ts';

interface Done {
  /** Fields of logs and groups. */
  read: number;
  /** By their names, in either encoder. */
  lookedUp: number;
  escapedBytes: number;
}

const nothing = (): Done => ({ read: 0, lookedUp: 0, escapedBytes: 0 });
let done = nothing();
let restore: (() => void)[];

/** Calls `note` for each call of a method. */
function watch<T extends object>(prototype: T, name: keyof T & string, note: (args: number[]) => void): () => void {
  const original = prototype[name] as unknown as (...args: unknown[]) => unknown;
  Object.assign(prototype, {
    [name](this: T, ...args: unknown[]) {
      note(args as number[]);
      return original.apply(this, args);
    },
  });
  return () => Object.assign(prototype, { [name]: original });
}

beforeAll(() => {
  restore = [
    watch(FieldSpans.prototype, 'add', () => done.read++),
    watch(NameCache.prototype, 'of', () => done.lookedUp++),
    watch(NameRecords.prototype, 'choose', () => done.lookedUp++),
    watch(Output.prototype, 'escaped', ([, start, end]) => {
      done.escapedBytes += end! - start!;
    }),
  ];
});

afterAll(() => {
  for (const each of restore) each();
});

beforeEach(() => {
  done = nothing();
});

const many = (count: number, part: (index: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => part(index)));
const name = (index: number) => `k${index.toString(36)}`;
const names = (count: number) => many(count, (index) => content(name(index), 'v'));

/** @returns the most of each that a call has done, and bytes of frames */
function encode(encoder: BatchEncoder, raw: Uint8Array): { most: Done; frameBytes: number; rejected: number } {
  const most = nothing();
  let rejected = 0;
  const batch = encoder.begin(rawBody(raw));
  for (;;) {
    done = nothing();
    const chunk = batch.next();
    for (const key of ['read', 'lookedUp', 'escapedBytes'] as const) most[key] = Math.max(most[key], done[key]);
    rejected += batch.takeRejected().length;
    if (!chunk) break;
    chunk.release();
  }
  batch.close();
  return { most, frameBytes: batch.counts.frameBytes, rejected };
}

function expectBounded({ read, lookedUp, escapedBytes }: Done): void {
  expect(read).toBeLessThanOrEqual(20_000);
  // A group's or a log's 2,000 fields that are not yet many, and those of the step.
  expect(lookedUp).toBeLessThanOrEqual(3_000);
  expect(escapedBytes).toBeLessThanOrEqual(1 << 20);
}

const fewer = 8_000;
/** One log with 700,000 names, made once. */
let madeOfTheIssue: Buffer | undefined;
function ofTheIssue(): Buffer {
  const contents = () => many(700_000, (index) => content(`ke${name(index)}`, 'v'));
  madeOfTheIssue ??= group(log(time(1), contents()), topic('t'));
  return madeOfTheIssue;
}
const json: FormatSpec = { format: 'json' };
const leef: FormatSpec = { format: 'leef' };

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  const create = (spec: FormatSpec, options: Partial<EncoderOptions> = {}) =>
    createEncoder({ ...encoderDefaults, maxMessageBytes: 65_536, ...options, format: createFormat(spec) });

  it.each([
    ['json', json],
    ['leef', leef],
  ] as const)('takes one log of 9.7 MB with 700,000 names in steps (%s)', (_, spec) => {
    const raw = ofTheIssue();
    expect(raw.length).toBeGreaterThan(9_700_000);
    const { most, frameBytes } = encode(create(spec), raw);
    expectBounded(most);
    expect(frameBytes).toBeGreaterThan(65_000);
  });

  const specs: Readonly<Record<string, FormatSpec>> = {
    kv: { format: 'kv' },
    'json, nest': { format: 'json', nest: ['k1', 'k2'] },
    'cef, mapping': { format: 'cef', mapping: 'nginx' },
    sd: { format: 'sd' },
  };

  describe.each(Object.entries(specs))('%s', (format, spec) => {
    const isSplit = format !== 'sd';
    const actions = ['truncate', 'dead-letter', ...(isSplit ? (['split'] as const) : [])] as const;

    it.each(actions)('many names, %s', (oversize) => {
      expectBounded(encode(create(spec, { oversize }), group(log(time(1), names(fewer)))).most);
    });

    it('many names in a message that may have them all', () => {
      const raw = group(log(time(1), names(fewer)));
      expectBounded(encode(create(spec, { maxMessageBytes: 64 << 20 }), raw).most);
    });

    it('one name many times', () => {
      const raw = group(
        log(
          time(1),
          many(fewer, () => content('k', 'v')),
        ),
      );
      expectBounded(encode(create(spec), raw).most);
    });

    it('many tags', () => {
      const tags = many(fewer, (index) => logTag(name(index), 'v'));
      expectBounded(encode(create(spec), group(log(time(1), content('a', 'b')), tags, log(time(2)))).most);
    });

    it('many small logs in a group', () => {
      const raw = group(
        many(40_000, () => log(time(1))),
        topic('t'),
      );
      expectBounded(encode(create(spec), raw).most);
    });

    it.each(actions)('one value of 9.7 MB, %s', (oversize) => {
      const raw = group(log(time(1), content('a', 'v|"\\'.repeat(9_700_000 / 4))));
      expectBounded(encode(create(spec, { oversize }), raw).most);
    });
  });

  it('many names, all of them left out', () => {
    const fields = () => 'drop' as const;
    const { most } = encode(create(json, { fields }), group(log(time(1), names(fewer)), topic('t')));
    expectBounded(most);
  });
});
