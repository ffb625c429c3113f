/** Headers against a strict parser of the two RFCs' rules. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteSource } from '../../src/core/byte-source.ts';
import { type HeaderOptions, HeaderWriter } from '../../src/encode/header/header.ts';
import { Output } from '../../src/encode/text/output.ts';
import { NO_TIME_NS } from '../../src/encode/wire/log-walker.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { parse3164, parse5424 } from '../support/receivers/parse-header.ts';

const base: HeaderOptions = { rfc: '5424', facility: 1, severity: 6, hostname: 'host', timeZone: 'utc' };

function writeHeader(writer: HeaderWriter, time: number, timeNs = NO_TIME_NS): string {
  const output = new Output(byteSource(new Uint8Array(writer.maxBytes)));
  writer.write(output, time, timeNs);
  return Buffer.from(output.bytes.subarray(0, output.position)).toString('latin1');
}

const uint32 = fc.oneof(fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1), fc.nat(2 ** 32 - 1));
const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 300 }));

describe('PRI', () => {
  it.each(['5424', '3164'] as const)('is facility × 8 + severity for all 24 × 8 of RFC %s', (rfc) => {
    const parse = rfc === '5424' ? parse5424 : parse3164;
    for (let facility = 0; facility < 24; facility++) {
      for (let severity = 0; severity < 8; severity++) {
        const writer = new HeaderWriter({ ...base, rfc, facility, severity });
        const text = writeHeader(writer, 1_790_000_000);
        expect(text.startsWith(`<${facility * 8 + severity}>`)).toBe(true);
        expect(parse(`${text}m`)).toMatchObject({ facility, severity, hostname: 'host', message: 'm' });
      }
    }
  });
});

describe('TIMESTAMP', () => {
  it('is the time of the log, in UTC, with microseconds where there are nanoseconds', () => {
    const writer = new HeaderWriter(base);
    fc.assert(
      fc.property(uint32, fc.option(fc.nat(999_999_999), { nil: NO_TIME_NS }), (time, timeNs) => {
        const { timestamp } = parse5424(writeHeader(writer, time, timeNs));
        if (time === 0 || time >= Date.UTC(2100, 0) / 1000) {
          expect(timestamp).toBe('-');
          return;
        }
        expect(Math.floor(Date.parse(timestamp) / 1000)).toBe(time);
        const fraction = /\.(\d+)Z$/.exec(timestamp)?.[1];
        if (timeNs === NO_TIME_NS) expect(fraction).toBeUndefined();
        else {
          expect(fraction).toHaveLength(6);
          expect(Number(fraction)).toBe(Math.trunc(timeNs / 1000));
        }
      }),
      propertyRuns(500),
    );
  });

  it('is the same whatever second was written before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(uint32, fc.constantFrom(NO_TIME_NS, 0, 5000)), { maxLength: 8 }), (times) => {
        const one = new HeaderWriter(base);
        for (const [time, timeNs] of times) {
          expect(writeHeader(one, time, timeNs)).toBe(writeHeader(new HeaderWriter(base), time, timeNs));
        }
      }),
      propertyRuns(200),
    );
  });

  it('of RFC 3164 is the same second, without its year', () => {
    const writer = new HeaderWriter({ ...base, rfc: '3164' });
    fc.assert(
      fc.property(uint32, (time) => {
        const { timestamp } = parse3164(writeHeader(writer, time, 5));
        const year = new Date(time * 1000).getUTCFullYear();
        expect(Date.parse(`${timestamp.slice(0, 6)} ${year} ${timestamp.slice(7)} GMT`)).toBe(time * 1000);
      }),
      propertyRuns(500),
    );
  });
});

describe('names', () => {
  it('of any text make a header that keeps to RFC 5424', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, anyText, (hostname, appName, procId, msgId) => {
        const writer = new HeaderWriter({ ...base, hostname, appName, procId, msgId });
        const text = writeHeader(writer, 2 ** 32 - 1, 999_999_999);
        expect(parse5424(`${text}||k=v`)).toMatchObject({ structuredData: '-', message: '||k=v' });
        expect(text.length).toBeLessThanOrEqual(writer.maxBytes);
      }),
      propertyRuns(300),
    );
  });

  it('of any text make a header that keeps to RFC 3164', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (hostname, appName, procId) => {
        const writer = new HeaderWriter({ ...base, rfc: '3164', hostname, appName, procId });
        const text = writeHeader(writer, 2 ** 32 - 1, 999_999_999);
        expect(parse3164(`${text}||k=v`)).toMatchObject({ message: '||k=v' });
        expect(text.length).toBeLessThanOrEqual(writer.maxBytes);
      }),
      propertyRuns(300),
    );
  });
});
