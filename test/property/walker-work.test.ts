/** The walker's work is linear in the input, whatever the input: counted in bytes read, not timed. */
import { describe, expect, it } from 'vitest';
import { LogWalker } from '../../src/encode/wire/log-walker.ts';
import { content, group, log, logTag, message, source, tag, time, topic } from '../support/service/wire.ts';

/** The bytes, counting how often one of them is looked at. */
function counting(raw: Buffer): { bytes: Uint8Array; reads: () => number } {
  let reads = 0;
  const bytes = new Proxy(new Uint8Array(raw), {
    get(target, property) {
      if (property === 'length') return target.length;
      reads++;
      return target[Number(property)];
    },
  });
  return { bytes, reads: () => reads };
}

function walk(raw: Buffer): { logs: number; reads: number } {
  const { bytes, reads } = counting(raw);
  const walker = new LogWalker(bytes);
  let logs = 0;
  while (walker.nextGroup()) {
    while (walker.nextLog()) logs++;
  }
  return { logs, reads: reads() };
}

function repeat(count: number, part: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => part));
}

function nested(depth: number): Buffer {
  return Buffer.concat([repeat(depth, tag(9, 3)), repeat(depth, tag(9, 4))]);
}

const shapes: Record<string, (count: number) => Buffer> = {
  'many groups without logs': (n) => repeat(n, group()),
  'many groups of one log': (n) => repeat(n, group(log(time(1)))),
  'one group of many logs, its topic last': (n) => group(repeat(n, log(time(1))), topic('t'), source('s')),
  'one group of many logs, then many tags': (n) => group(repeat(n, log(time(1))), repeat(n, logTag('k', 'v'))),
  'logs and topics by turns': (n) => group(repeat(n, Buffer.concat([log(time(1)), topic('t')]))),
  'one log of many contents': (n) => group(log(time(1), repeat(n, content('k', 'v')))),
  'one log of many times': (n) => group(log(repeat(n, time(1)))),
  'unknown fields everywhere': (n) => repeat(n, Buffer.concat([message(9, 'x'), group(message(9, 'x'), log(time(1)))])),
  'nested groups in every group': (n) => repeat(n, group(nested(90), log(time(1)))),
};

describe('the walker reads no byte more than twice', () => {
  for (const [name, build] of Object.entries(shapes)) {
    it(name, () => {
      for (const count of [500, 1000]) {
        const raw = build(count);
        const { reads } = walk(raw);
        expect(reads).toBeGreaterThan(0);
        expect(reads).toBeLessThanOrEqual(2 * raw.length);
      }
    });
  }

  it('counts what it claims to count', () => {
    const { bytes, reads } = counting(Buffer.from([1, 2, 3]));
    expect(bytes[1]).toBe(2);
    expect(bytes.length).toBe(3);
    expect(reads()).toBe(1);
  });

  it('finds the logs in each shape that has any', () => {
    expect(walk(shapes['one group of many logs, its topic last']!(500)).logs).toBe(500);
    expect(walk(shapes['nested groups in every group']!(50)).logs).toBe(50);
  });
});
