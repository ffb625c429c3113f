/** The generator's own writer against protobufjs: what the one writes, the other reads, and would have written. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLogGroupWriter } from '../../src/emulator/generate/log-group-writer.ts';
import { decodeLogGroup, encodeLogGroup, type LogGroup } from '../../src/emulator/protocol/log-group-schema.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';

const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 120, maxLength: 300 }));
const field = fc.record({ Key: bytes, Value: bytes });
const log = fc.record(
  {
    Time: fc.integer({ min: 0, max: 0xffff_ffff }),
    Contents: fc.array(field, { maxLength: 6 }),
    TimeNs: fc.integer({ min: 0, max: 999_999_999 }),
  },
  { requiredKeys: ['Time', 'Contents'] },
);
const group = fc.record(
  { Logs: fc.array(log, { maxLength: 8 }), Topic: bytes, Source: bytes, LogTags: fc.array(field, { maxLength: 3 }) },
  { requiredKeys: ['Logs', 'LogTags'] },
);

const writer = createLogGroupWriter();

function write({ Logs, Topic, Source, LogTags }: LogGroup): Uint8Array {
  for (const { Time, TimeNs, Contents } of Logs) {
    writer.beginLog(Time, TimeNs);
    for (const { Key, Value } of Contents) writer.field(Key, Value);
    writer.endLog();
  }
  return writer.finish({
    ...(Topic && { topic: Topic }),
    ...(Source && { source: Source }),
    tags: LogTags.map(({ Key, Value }) => [Key, Value] as const),
  });
}

it('writes the bytes that protobufjs writes', () => {
  fc.assert(
    fc.property(group, (generated) => {
      expect(Buffer.from(write(generated)).equals(encodeLogGroup(generated))).toBe(true);
    }),
    propertyRuns(300),
  );
});

it('writes strings as UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.string({ unit: 'binary' }), (key, value) => {
      writer.beginLog(1);
      writer.field(key, value);
      writer.endLog();
      const [content] = decodeLogGroup(writer.finish({})).Logs[0]!.Contents;
      expect(Buffer.from(content!.Key).equals(Buffer.from(key))).toBe(true);
      expect(Buffer.from(content!.Value).equals(Buffer.from(value))).toBe(true);
    }),
    propertyRuns(300),
  );
});
