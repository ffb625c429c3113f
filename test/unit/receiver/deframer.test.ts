import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deframer, type DeframerOptions, FramingError } from '../../../src/receiver/deframer.ts';
import { propertyRuns } from '../../support/arbitraries/property-runs.ts';

const MAX = 1000;

function createDeframer(framing: DeframerOptions['framing'], maxMessageBytes = MAX) {
  const messages: string[] = [];
  const deframer = new Deframer({ framing, maxMessageBytes }, (bytes, start, end) => {
    messages.push(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
  });
  return { deframer, messages };
}

const counted = (messages: readonly string[]) => messages.map((each) => `${each.length} ${each}`).join('');
const lines = (messages: readonly string[]) => messages.map((each) => `${each}\n`).join('');
const samples = ['<1>a', '<14>1 - 12 34', '5 <5>x', 'x'.repeat(999), '<1>\xe9 \x00'];

describe.each([
  { framing: 'octet-counting' as const, write: counted },
  { framing: 'lf' as const, write: lines },
])('$framing', ({ framing, write }) => {
  const stream = Buffer.from(write(samples), 'latin1');

  it('finds every message wherever the stream is cut in two', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const { deframer, messages } = createDeframer(framing);
      deframer.push(stream.subarray(0, cut));
      deframer.push(stream.subarray(cut));
      expect(messages).toEqual(samples);
      expect(deframer.isWithinMessage).toBe(false);
    }
  });

  it('finds every message byte by byte, and knows when it is within one', () => {
    const { deframer, messages } = createDeframer(framing);
    const ends = new Set<number>();
    for (let i = 1; i <= samples.length; i++) ends.add(write(samples.slice(0, i)).length);
    for (const [at, byte] of stream.entries()) {
      deframer.push(Uint8Array.of(byte));
      expect(deframer.isWithinMessage).toBe(!ends.has(at + 1));
    }
    expect(messages).toEqual(samples);
  });

  it('finds any messages in any pieces', () => {
    const message = fc
      .string({ unit: 'binary-ascii', minLength: 1, maxLength: 60 })
      .filter((each) => framing === 'octet-counting' || !each.includes('\n'));
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 50 })), (wanted, pieces) => {
        const { deframer, messages } = createDeframer(framing);
        let rest = Buffer.from(write(wanted), 'latin1');
        for (const bytes of pieces) {
          deframer.push(rest.subarray(0, bytes));
          rest = rest.subarray(bytes);
        }
        deframer.push(rest);
        expect(messages).toEqual(wanted);
      }),
      propertyRuns(200),
    );
  });

  it('takes a message of the maximum, and not one byte more', () => {
    const { deframer, messages } = createDeframer(framing, 100);
    deframer.push(Buffer.from(write(['y'.repeat(100)])));
    expect(messages).toEqual(['y'.repeat(100)]);
    expect(() => deframer.push(Buffer.from(write(['y'.repeat(101)])))).toThrow(FramingError);
  });

  it('copies each byte of a message in many pieces a few times at most', () => {
    const { deframer, messages } = createDeframer(framing, 64 * 1024 * 1024);
    const message = Buffer.alloc(32 * 1024 * 1024, 'z').toString('latin1');
    const whole = Buffer.from(write([message]), 'latin1');
    const before = process.cpuUsage();
    for (let at = 0; at < whole.length; at += 1460) deframer.push(whole.subarray(at, at + 1460));
    expect(messages[0]?.length).toBe(message.length);
    // Copying the message again for each of its 23,000 pieces would take about a minute of the processor's.
    expect(process.cpuUsage(before).user).toBeLessThan(10_000_000);
  });
});

describe('octet counting', () => {
  it.each([
    ['a leading zero', '04 abcd', /begins with 0, at byte 0/],
    ['a zero', '3 abc0 ', /begins with 0, at byte 5/],
    ['too many digits', '12345 x', /more than 4 digits, at byte 4/],
    ['too long a message', '1001 x', /a message of 1001 bytes is too long/],
    ['no digit', '3 abc<14>', /'<' \(0x3c\) where a message's length should be, at byte 5/],
    ['a line end behind a message', '3 abc\n3 abc', /0x0a where a message's length should be, at byte 5/],
    ['a space first', ' 3 abc', /0x20 where a message's length should be, at byte 0/],
    ['a sign', '+3 abc', /'\+' \(0x2b\)/],
  ])('refuses %s, wherever it is cut', (_, stream, message) => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const { deframer } = createDeframer('octet-counting');
      const push = () => {
        deframer.push(Buffer.from(stream.slice(0, cut)));
        deframer.push(Buffer.from(stream.slice(cut)));
      };
      expect(push).toThrow(message);
      expect(() => deframer.push(Buffer.from('3 abc'))).toThrow(/was broken before/);
    }
  });
});

describe('LF', () => {
  it('refuses a line that does not end, and holds no more of it than the maximum', () => {
    const { deframer, messages } = createDeframer('lf', 100);
    deframer.push(Buffer.alloc(60, 'a'));
    expect(() => deframer.push(Buffer.alloc(60, 'a'))).toThrow(/no line end within 100 bytes, at byte 60/);
    expect(messages).toEqual([]);
  });

  it('hands on an empty line as a message', () => {
    const { deframer, messages } = createDeframer('lf');
    deframer.push(Buffer.from('\n<1>a\n\n'));
    expect(messages).toEqual(['', '<1>a', '']);
  });
});

describe('auto', () => {
  it('decides by the first byte, once for the connection', () => {
    const byCount = createDeframer('auto');
    expect(byCount.deframer.framing).toBeUndefined();
    byCount.deframer.push(Buffer.from('4 <1>a4'));
    byCount.deframer.push(Buffer.from(' <1>b'));
    expect(byCount.deframer.framing).toBe('octet-counting');
    expect(byCount.messages).toEqual(['<1>a', '<1>b']);
    const byLine = createDeframer('auto');
    byLine.deframer.push(Buffer.from('<1>a\n4 <1>b\n'));
    expect(byLine.deframer.framing).toBe('lf');
    expect(byLine.messages).toEqual(['<1>a', '4 <1>b']);
  });
});
