import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { BoundedWriter } from '../../../../src/cli/logging/bounded-writer.ts';
import { useVirtualTime } from '../../../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();

/** A pipe with a reader: room in bytes, and what was read. */
function createPipe(room = 0) {
  const pipe = {
    room,
    error: undefined as Error | undefined,
    text: '',
    tryWrite: (bytes: Uint8Array) => {
      if (pipe.error) throw pipe.error;
      const taken = Math.min(pipe.room, bytes.length);
      pipe.room -= taken;
      pipe.text += Buffer.from(bytes.subarray(0, taken)).toString();
      return taken;
    },
  };
  return pipe;
}

function createWriter(pipe: ReturnType<typeof createPipe>, maxBytes = 100) {
  const writer = new BoundedWriter({ tryWrite: pipe.tryWrite, maxBytes, clock: time.clock });
  writer.describeDrops = ({ lines, bytes, seconds }) => `<${lines} ${bytes} ${seconds}>\n`;
  return writer;
}

const failure = (code: string) => Object.assign(new Error(code), { code });
const lineOf = (number: number) => `line ${number}\n`;

describe('a bounded writer', () => {
  it('writes at once where there is room', () => {
    const pipe = createPipe(1_000);
    createWriter(pipe).write('a\n');
    expect(pipe.text).toBe('a\n');
  });

  it('goes on in the middle of a line when there is room again', async () => {
    const pipe = createPipe(3);
    const writer = createWriter(pipe);
    for (const line of ['first\n', 'second\n']) writer.write(line);
    expect(pipe.text).toBe('fir');
    pipe.room = 1_000;
    await time.clock.sleep(1_000);
    expect(pipe.text).toBe('first\nsecond\n');
  });

  it('drops the oldest, but not the one that is begun, and says how many where they are missing', async () => {
    const pipe = createPipe(3);
    const writer = createWriter(pipe);
    // 7 bytes each: 14 lines and the rest of the first fit into 100.
    for (let number = 0; number < 10; number++) writer.write(lineOf(number));
    for (let number = 10; number < 40; number++) writer.write(lineOf(number));
    await time.clock.sleep(60_000);
    pipe.room = 1_000;
    await time.clock.sleep(1_000);
    const kept = Array.from({ length: 12 }, (_, index) => lineOf(28 + index)).join('');
    expect(pipe.text).toMatch(/^line 0\n<27 207 6\d\.?\d*>\n/);
    expect(pipe.text.replace(/<.*>\n/, '')).toBe(`line 0\n${kept}`);
  });

  it('tries again seldom where nobody reads for long, and holds no more than its bound', async () => {
    const pipe = createPipe();
    let tries = 0;
    const writer = new BoundedWriter({
      tryWrite: () => {
        tries++;
        return 0;
      },
      maxBytes: 100,
      clock: time.clock,
    });
    for (let number = 0; number < 10_000; number++) writer.write(lineOf(number));
    expect(tries).toBe(10_000);
    await time.clock.sleep(60_000);
    expect(tries).toBeLessThan(10_260);
    expect(pipe.text).toBe('');
  });

  it('is done with a reader that has left, and tries again after other errors', async () => {
    const full = createPipe(1_000);
    const writer = createWriter(full);
    full.error = failure('ENOSPC');
    writer.write('kept\n');
    full.error = undefined;
    await time.clock.sleep(1_000);
    expect(full.text).toBe('kept\n');

    full.error = failure('EPIPE');
    writer.write('lost\n');
    full.error = undefined;
    writer.write('lost too\n');
    await time.clock.sleep(1_000);
    expect(full.text).toBe('kept\n');
  });

  it('flushes as long as somebody reads, and no longer than it may', () => {
    const pipe = createPipe();
    const writer = createWriter(pipe);
    for (const line of ['first\n', 'second\n']) writer.write(line);
    let nowMs = time.clock.monotonic();
    const clock = { ...time.clock, monotonic: () => nowMs };
    const stuck = new BoundedWriter({ tryWrite: pipe.tryWrite, maxBytes: 100, clock });
    stuck.write('never\n');
    let waits = 0;
    stuck.flush(100, (ms) => {
      nowMs += ms;
      waits++;
    });
    expect(waits).toBe(20);
    writer.flush(100, () => {
      pipe.room += 4;
    });
    expect(pipe.text).toBe('first\nsecond\n');
  });

  it('accounts for every line, whatever is written and read when', async () => {
    const step = fc.oneof(
      fc.record({ write: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ room: fc.integer({ min: 1, max: 150 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const pipe = createPipe();
        const writer = createWriter(pipe);
        let count = 0;
        for (const each of steps) {
          if ('write' in each) writer.write(`${count++} ${'x'.repeat(each.write)}\n`);
          else {
            pipe.room += each.room;
            await time.clock.sleep(500);
          }
        }
        pipe.room = 1e6;
        await time.clock.sleep(1_000);
        let next = 0;
        for (const line of pipe.text.split('\n').slice(0, -1)) {
          const gap = /^<(\d+) /.exec(line);
          if (gap) next += Number(gap[1]);
          else expect(line).toMatch(new RegExp(`^${next++} x+$`));
        }
        expect(next).toBe(count);
      }),
    );
  });
});
