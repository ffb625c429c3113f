import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeadLetter, formatRecord, isRange, parseRecord } from '../../../src/dead-letter/record.ts';

const base = {
  time: '2026-11-20T10:11:12.345Z',
  project: 'web',
  logstore: 'access',
  shard: 3,
  cursor: 'MTQ0',
  index: 17,
};
const aLog: DeadLetter = { ...base, reason: 'oversize', log: Buffer.from([0, 255, 10]).toString('base64') };
const aRange: DeadLetter = { ...base, nextCursor: 'MTQ1', reason: 'A batch is not a LogGroupList: “x”\n.' };

describe('a record', () => {
  it('is one line of JSON, and comes back as it was', () => {
    for (const record of [aLog, aRange]) {
      const line = formatRecord(record).toString();
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(parseRecord(line)).toEqual(record);
    }
    expect([isRange(aLog), isRange(aRange)]).toEqual([false, true]);
  });

  it('holds any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.string(), (bytes, reason) => {
        const record = { ...base, reason, log: Buffer.from(bytes).toString('base64') };
        const parsed = parseRecord(formatRecord(record).toString()) as typeof record;
        expect(new Uint8Array(Buffer.from(parsed.log, 'base64'))).toEqual(bytes);
        expect(parsed.reason).toBe(reason);
      }),
    );
  });

  it.each([
    ['', 'JSON'],
    ['{"time":"2026', 'JSON'],
    ['null', '""'],
    ['{"log":"AAAA"}', '"time"'],
    [JSON.stringify({ ...aLog, shard: -1 }), '"shard"'],
    [JSON.stringify({ ...aLog, index: 2 ** 31 }), '"index"'],
    [JSON.stringify({ ...aLog, log: 'secret payload!' }), '"log"'],
    [JSON.stringify(base), '"reason"'],
    [JSON.stringify({ ...base, reason: 'x' }), '"nextCursor"'],
  ])('that is none is told, and not repeated: %s', (line, what) => {
    const { problem } = parseRecord(line) as { problem: string };
    expect(problem).toContain(what);
    expect(problem).not.toContain('secret');
  });
});
