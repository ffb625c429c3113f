/**
 * The encoder against protobufjs and an independently written formatter: on generated groups, on bytes that no
 * serializer would write, and on damaged ones.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptBatchError } from '../../src/core/errors.ts';
import { decodeLogGroupList, encodeLogGroupList, type LogGroup } from '../../src/emulator/protocol/log-group-schema.ts';
import { createKeyValueFormat } from '../../src/format/formats/key-value.ts';
import { applyDamage, damage, logGroups, unusualList } from '../support/arbitraries/log-group-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { type Encoded, encodeAll, encoderDefaults, leadWith } from '../support/oracles/encode.ts';
import { encoders } from '../support/oracles/encoders.ts';
import {
  naiveDefaults,
  naiveFields,
  naiveLogs,
  naiveMessages,
  naiveParse,
} from '../support/oracles/naive-formatter.ts';
import { octetCountingDeframer } from '../support/receivers/deframe.ts';

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  const encoder = createEncoder(encoderDefaults);

  function messagesOf(encoded: Encoded): string[] {
    const deframer = octetCountingDeframer();
    const messages = deframer.push(encoded.bytes).map((message) => message.toString('latin1'));
    expect(deframer.pending).toBe(0);
    return messages;
  }

  /** The groups, or undefined where protobufjs refuses the bytes. */
  function oracle(raw: Uint8Array): LogGroup[] | undefined {
    try {
      return decodeLogGroupList(raw);
    } catch {
      return undefined;
    }
  }

  /**
   * The same bytes between others, which as wire bytes would make sense: whoever reads past the end, or before the
   * start, sees them.
   */
  function between(canary: number, raw: Uint8Array): Uint8Array {
    const memory = new Uint8Array(raw.length + 128).fill(canary);
    memory.set(raw, 64);
    return memory.subarray(64, 64 + raw.length);
  }

  function expectSameAsOracle(raw: Uint8Array): void {
    const encoded = encodeAll(encoder, between(0x01, raw));
    const groups = oracle(raw);
    if (groups !== undefined) {
      expect(encoded.error).toBeUndefined();
      expect(messagesOf(encoded)).toEqual(naiveMessages(groups));
      expect(encoded.counts.logs).toBe(groups.reduce((sum, group) => sum + group.Logs.length, 0));
    } else {
      expect(encoded.error).toBeInstanceOf(CorruptBatchError);
      const { offset } = (encoded.error as CorruptBatchError).context;
      expect(offset).toBeGreaterThanOrEqual(0);
      expect(offset).toBeLessThanOrEqual(raw.length);
      messagesOf(encoded);
    }
    const elsewhere = encodeAll(encoder, between(0xff, raw));
    expect(elsewhere.bytes.equals(encoded.bytes)).toBe(true);
    expect(elsewhere.error).toEqual(encoded.error);
  }

  describe('messages', () => {
    const formats = fc.record({
      separator: fc.constantFrom('||', ';', '\t', ' ', '__', '|=', '☃☃'),
      escape: fc.constantFrom('standard' as const, 'none' as const),
      rfc: fc.constantFrom('5424' as const, '3164' as const),
    });

    it('writes what protobufjs and string concatenation write', () => {
      fc.assert(
        fc.property(logGroups, formats, (groups, { separator, escape: mode, rfc }) => {
          fc.pre(mode === 'none' || separator !== '☃☃');
          const raw = encodeLogGroupList(groups);
          const format = createKeyValueFormat({ separator, escape: mode });
          const lead = leadWith({ rfc, timeZone: 'utc' });
          const encoded = encodeAll(createEncoder({ ...encoderDefaults, format, lead }), raw);
          expect(encoded.error).toBeUndefined();
          const separatorBytes = Buffer.from(separator).toString('latin1');
          const expected = naiveMessages(groups, { ...naiveDefaults, separator: separatorBytes, escape: mode, rfc });
          expect(messagesOf(encoded)).toEqual(expected);
        }),
        propertyRuns(300),
      );
    });

    it('can be undone: no content forges structure', () => {
      fc.assert(
        fc.property(logGroups, fc.constantFrom('||', ';', '\t', ' '), (groups, separator) => {
          const format = createKeyValueFormat({ separator });
          const encoded = encodeAll(createEncoder({ ...encoderDefaults, format }), encodeLogGroupList(groups));
          const header = /^<14>1 \S+ host app - - - /;
          const fields = messagesOf(encoded).map((message) => naiveParse(message.replace(header, ''), separator));
          expect(fields).toEqual(naiveLogs(groups).map((log) => naiveFields(log)));
          for (const all of fields) expect(new Set(all.map(([name]) => name)).size).toBe(all.length);
        }),
        propertyRuns(200),
      );
    });

    it('accepts and refuses the same bytes as protobufjs: unusual lists', () => {
      fc.assert(fc.property(unusualList, expectSameAsOracle), propertyRuns(1000));
    });

    it('accepts and refuses the same bytes as protobufjs: damaged lists', () => {
      const damaged = fc
        .tuple(logGroups, damage)
        .map(([groups, what]) => applyDamage(encodeLogGroupList(groups), what));
      fc.assert(fc.property(damaged, expectSameAsOracle), propertyRuns(1500));
    });

    it('accepts and refuses the same bytes as protobufjs: arbitrary bytes', () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), expectSameAsOracle), propertyRuns(1500));
    });

    it('hands out the groups before the damage', () => {
      fc.assert(
        fc.property(logGroups, logGroups, damage, (before, after, what) => {
          const intact = encodeLogGroupList(before);
          const raw = Buffer.concat([intact, applyDamage(encodeLogGroupList(after), what)]);
          const encoded = encodeAll(encoder, new Uint8Array(raw));
          const expected = naiveMessages(before);
          expect(messagesOf(encoded).slice(0, expected.length)).toEqual(expected);
        }),
        propertyRuns(300),
      );
    });
  });
});
