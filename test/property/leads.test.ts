/** What stands before a text: any lead that keeps to the interface, and leads that are made of a log's fields. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList, type LogField } from '../../src/emulator/protocol/log-group-schema.ts';
import type { EncoderOptions } from '../../src/encode/frame/encoder-options.ts';
import type { Lead, LeadSource } from '../../src/encode/lead/lead.ts';
import { LeadsByLog } from '../../src/encode/lead/leads-by-log.ts';
import { createReferenceEncoder } from '../../src/encode/reference-encoder.ts';
import { createJsonRow } from '../../src/format/formats/json.ts';
import { createKernelEncoder } from '../../src/kernel/kernel-encoder.ts';
import { utf8 } from '../../src/rules/field-name.ts';
import type { HeaderText } from '../../src/rules/header-text.ts';
import { logGroups } from '../support/arbitraries/log-group-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { someRules } from '../support/arbitraries/some-rules.ts';
import { encodeAll, encoderDefaults, leadWith } from '../support/oracles/encode.ts';
import { expectSame } from '../support/oracles/encoder-pair.ts';
import { noLead } from '../support/oracles/no-lead.ts';
import { lineDeframer } from '../support/receivers/deframe.ts';

const MAX_TEXT = 40;

/** The beginning of `{"time":1700000000.123456,"host":"…","event":<text>}`, by nobody who knows syslog. */
function envelope(host: HeaderText): LeadSource {
  return {
    create: ({ columns, rules }) =>
      new LeadsByLog<'host'>({
        columns,
        rules,
        texts: { host },
        maxLengths: { host: MAX_TEXT },
        fractionDigits: 'auto',
        identity: undefined,
        create: ({ texts, severity = 6 }) => new EnvelopeLead(texts.host ?? String(host), severity),
      }),
  };
}

class EnvelopeLead implements Lead {
  readonly maxBytes: number;
  readonly facility = 1;
  readonly severity: number;
  readonly #tail: Buffer;

  constructor(host: string, severity: number) {
    this.severity = severity;
    this.#tail = Buffer.from(`,"host":"${host.replace(/[^a-z0-9.-]/gi, '_').slice(0, MAX_TEXT)}","event":`);
    this.maxBytes = '{"time":4294967295.123456'.length + this.#tail.length;
  }

  write(...[output, seconds, timeNs]: Parameters<Lead['write']>): void {
    output.text(Buffer.from(`{"time":${seconds}`));
    if (hasFraction(timeNs)) output.text(Buffer.from(`.${String(timeNs).padStart(9, '0').slice(0, 6)}`));
    output.text(this.#tail);
  }

  length(seconds: number, timeNs: number): number {
    return `{"time":${seconds}`.length + (hasFraction(timeNs) ? 7 : 0) + this.#tail.length;
  }

  copySecond(target: Uint8Array, seconds: number): ReturnType<Lead['copySecond']> {
    const start = Buffer.from(`{"time":${seconds}`);
    target.set(start);
    target.set(this.#tail, start.length);
    return { length: start.length + this.#tail.length, fractionAt: start.length };
  }
}

function hasFraction(timeNs: number): boolean {
  return timeNs >= 0 && timeNs < 1e9;
}

function both(options: EncoderOptions, raw: Uint8Array, origin?: Parameters<typeof encodeAll>[2]): string[] {
  const kernel = createKernelEncoder(options);
  expect(kernel.kind).toBe('kernel');
  const encoded = encodeAll(kernel, raw, origin);
  expectSame(encoded, encodeAll(createReferenceEncoder(options), raw, origin));
  return lineDeframer()
    .push(encoded.bytes)
    .map((line) => line.toString());
}

const json = createJsonRow();
const enveloped = { ...json, name: 'enveloped', suffix: Buffer.from('}}') };
const hosts: readonly HeaderText[] = ['web-1', [{ field: utf8('__source__'), orElse: 'none' }]];

describe('a lead', () => {
  it('may be an envelope around each text, which neither encoder knows', () => {
    const options = hosts.flatMap((host) =>
      [undefined, ...someRules].map(
        (rules): EncoderOptions => ({
          format: enveloped,
          lead: envelope(host),
          framing: 'lf',
          ...(rules && { rules }),
        }),
      ),
    );
    fc.assert(
      fc.property(logGroups, fc.constantFrom(...options), (groups, chosen) => {
        for (const line of both(chosen, encodeLogGroupList(groups))) {
          const { time, host, event } = JSON.parse(line);
          expect([typeof time, typeof host]).toEqual(['number', 'string']);
          expect(event.__topic__).toEqual(expect.any(String));
        }
      }),
      propertyRuns(200),
    );
  });

  it('may be nothing', () => {
    fc.assert(
      fc.property(logGroups, (groups) => {
        for (const line of both({ format: json, lead: noLead, framing: 'lf' }, encodeLogGroupList(groups))) {
          expect(JSON.parse(line).__source__).toEqual(expect.any(String));
        }
      }),
      propertyRuns(50),
    );
  });
});

describe('a lead that is made of fields', () => {
  const field = (name: string, orElse?: string) => ({ field: utf8(name), ...(orElse !== undefined && { orElse }) });
  const lead = leadWith({
    hostname: [field('host', 'nobody')],
    appName: ['a-', field('app'), field('__tag__:app')],
    procId: [field('__time_ns_part__')],
    msgId: [field('__topic__')],
    timeZone: 'utc',
  });
  // Empty, of many lengths, longer than what is kept of a value, and than what counts of one.
  const value = fc.oneof(
    fc.constantFrom('', 'a', 'web-1', 'é'),
    fc.integer({ min: 0, max: 999 }).map((n) => `host-${n}`),
    fc.integer({ min: 1, max: 1100 }).map((n) => 'x'.repeat(n)),
    fc.tuple(fc.integer({ min: 1020, max: 1030 }), fc.constantFrom('y', 'z')).map(([n, end]) => 'x'.repeat(n) + end),
  );
  const names = fc.constantFrom('host', 'app', 'other');
  const logs = fc.array(
    fc.record({
      Time: fc.constantFrom(0, 1, 2, 66, 1_795_169_472),
      Contents: fc.array(
        fc.tuple(names, value).map(([Key, Value]) => ({ Key: Buffer.from(Key), Value: Buffer.from(Value) })),
        { maxLength: 4 },
      ),
    }),
    { maxLength: 40 },
  );
  const tags = fc.constantFrom<LogField[]>([], [{ Key: Buffer.from('app'), Value: Buffer.from('tagged') }]);
  const batches = fc.array(
    fc.record({
      Logs: logs,
      LogTags: tags,
      Topic: fc.constantFrom('', 't', 'topic-2').map((text) => Buffer.from(text)),
    }),
    { maxLength: 3 },
  );

  it('is written by the kernel, and as the reference writes it, with and without rules', () => {
    const options = [undefined, ...someRules].map(
      (rules): EncoderOptions => ({ ...encoderDefaults, framing: 'lf', lead, ...(rules && { rules }) }),
    );
    const kernels = new Map(options.map((each) => [each, createKernelEncoder(each)]));
    fc.assert(
      fc.property(batches, fc.constantFrom(...options), (groups, chosen) => {
        const raw = encodeLogGroupList(groups);
        const kernel = kernels.get(chosen)!;
        expect(kernel.kind).toBe('kernel');
        expectSame(encodeAll(kernel, raw), encodeAll(createReferenceEncoder(chosen), raw));
      }),
      propertyRuns(300),
    );
  });

  it('is each log’s own where there are more hosts than leads are kept, in one second', () => {
    const host = (n: number) => `host-${n % 2_000}`;
    const Logs = Array.from({ length: 6_000 }, (_, n) => ({
      Time: 1_795_169_472,
      Contents: [{ Key: Buffer.from('host'), Value: Buffer.from(host(n)) }],
    }));
    const lines = both({ ...encoderDefaults, framing: 'lf', lead }, encodeLogGroupList([{ Logs, LogTags: [] }]));
    expect(lines.map((line) => line.split(' ')[2])).toEqual(Logs.map((_, n) => host(n)));
  });
});
