import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { BatchBody } from '../../../../src/core/bytes.ts';
import { DeliveryLostError } from '../../../../src/core/errors.ts';
import { Progress, type Ticket } from '../../../../src/group/checkpoint/progress.ts';
import { type BatchPart, FanOut } from '../../../../src/pipeline/flow/fan-out.ts';

const body: BatchBody = { bytes: new Uint8Array(0), compression: 'none', rawSize: 0 };
const { signal } = new AbortController();

/** A receiver that takes everything, until it is told to wait. */
class FakeBranch {
  readonly streamPrefix: string;
  readonly parts: BatchPart[] = [];
  wait: Promise<void> | undefined;
  /** Its sink says later that everything is sent. */
  isSlow = false;

  constructor(name: string) {
    this.streamPrefix = `${name}/`;
  }

  /** Logs, of ten in each batch. */
  confirmedLogs = 0;

  confirmed(logs: number): void {
    this.confirmedLogs += logs;
  }

  async deliver(_: BatchBody, part: BatchPart, its: AbortSignal): Promise<void> {
    this.parts.push(part);
    part.counted(10);
    await Promise.race([
      this.wait,
      ...(this.wait ? [new Promise((_, reject) => its.addEventListener('abort', () => reject(its.reason)))] : []),
    ]);
    its.throwIfAborted();
    if (!this.isSlow) part.sent();
  }

  get got(): string[] {
    return this.parts.map(({ from, to }) => `${from}${to}`);
  }
}

describe('a batch for several receivers', () => {
  let progress: Progress;
  let a: FakeBranch;
  let b: FakeBranch;
  let fanOut: FanOut;
  const lost = vi.fn();

  beforeEach(() => {
    lost.mockClear();
    progress = new Progress(3, '0', '0');
    a = new FakeBranch('a');
    b = new FakeBranch('b');
    fanOut = new FanOut([a, b], {
      markSent: (ticket) => progress.markSent(ticket),
      markConfirmed: (ticket) => progress.markConfirmed(ticket),
      markLost: (tickets) => {
        lost(tickets.map(({ from }) => from));
        for (const ticket of tickets) progress.rewind(ticket);
      },
    });
  });

  async function deliver(...to: string[]): Promise<Ticket[]> {
    const tickets: Ticket[] = [];
    for (const cursor of to) {
      const ticket = progress.open(cursor);
      await fanOut.deliver(body, ticket, signal);
      progress.markTaken(ticket);
      tickets.push(ticket);
    }
    return tickets;
  }

  const at = (branch: FakeBranch, index: number) => branch.parts.at(index) as BatchPart;

  it('is sent, and confirmed, when it is everywhere; its streams are told apart', async () => {
    await deliver('1');
    expect(at(a, 0).stream).toBe('a/3');
    expect(at(b, 0).stream).toBe('b/3');
    expect(progress.sent).toBe('1');
    at(a, 0).confirmed();
    expect(progress.confirmed).toBe('0');
    at(b, 0).confirmed();
    expect(progress.confirmed).toBe('1');
    expect(progress.allConfirmed).toBe(true);
  });

  it('counts what each has confirmed, once, and knows what goes again', async () => {
    await deliver('1', '2');
    at(a, 0).confirmed();
    at(b, 0).lost();
    await deliver('1', '2');
    for (const part of b.parts) part.confirmed();
    expect([a.confirmedLogs, b.confirmedLogs]).toEqual([10, 20]);
    expect(a.parts.map(({ isAgain }) => isAgain)).toEqual([false, false]);
    expect(b.parts.map(({ isAgain }) => isAgain)).toEqual([false, false, true]);
  });

  it('is lost when one loses it, and does not go again to the one that has it, confirmed or not yet', async () => {
    await deliver('1', '2', '3');
    at(a, 0).confirmed();
    for (const part of b.parts) part.lost();
    expect(lost.mock.calls.flat(2)[0]).toBe('0');
    expect(progress.pulled).toBe('0');
    await deliver('1', '2', '3');
    expect(a.got).toEqual(['01', '12', '23']);
    expect(b.got).toEqual(['01', '12', '23', '01', '12', '23']);
    at(b, 3).confirmed();
    expect(progress.confirmed).toBe('1');
    at(a, 1).confirmed(); // the part of the first attempt stands for the second
    at(b, 4).confirmed();
    expect(progress.confirmed).toBe('2');
    at(b, 5).confirmed();
    expect(progress.confirmed).toBe('2');
    at(a, 2).confirmed();
    expect(progress.confirmed).toBe('3');
  });

  it('does not go again to the one whose sink has taken it, and says later what became of it', async () => {
    a.isSlow = true;
    await deliver('1');
    at(b, 0).lost();
    await deliver('1');
    expect(a.got).toEqual(['01']);
    expect(progress.sent).toBe('0');
    at(a, 0).sent();
    expect(progress.sent).toBe('1');
    at(a, 0).confirmed();
    at(b, 1).confirmed();
    expect(progress.confirmed).toBe('1');
  });

  it('is lost again when what stood for it is', async () => {
    await deliver('1', '2');
    for (const part of b.parts) part.lost();
    await deliver('1');
    lost.mockClear();
    at(a, 0).lost();
    expect(lost).toHaveBeenCalledExactlyOnceWith(['0']);
    at(a, 1).lost(); // not pulled again yet: there is nothing to be lost of it, and it has to go there again
    expect(lost).toHaveBeenCalledOnce();
    await deliver('1', '2');
    expect(a.got).toEqual(['01', '12', '01', '12']);
    expect(b.got).toEqual(['01', '12', '01', '12']);
  });

  it('goes everywhere when it ends elsewhere than before, and nothing is remembered then', async () => {
    await deliver('1', '2', '3');
    for (const part of a.parts) part.confirmed();
    for (const part of b.parts) part.lost();
    await deliver('2', '3');
    expect(a.got).toEqual(['01', '12', '23', '02', '23']);
    expect(b.got).toEqual(['01', '12', '23', '02', '23']);
    for (const part of [...a.parts, ...b.parts]) part.confirmed();
    expect(progress.confirmed).toBe('3');
  });

  it('confirms at once what both had already, after a failure that was neither’s', async () => {
    const [, second] = await deliver('1', '2');
    progress.rewind(second as Ticket);
    at(a, 1).confirmed();
    await deliver('2');
    expect(a.got).toEqual(['01', '12']);
    expect(b.got).toEqual(['01', '12']);
    for (const part of [...a.parts, ...b.parts]) part.confirmed();
    expect(progress.confirmed).toBe('2');
  });

  it('is given up everywhere when one of them loses it while it is written; the body is not looked at after that', async () => {
    let fail: (error: Error) => void = () => undefined;
    a.wait = new Promise(() => undefined);
    b.wait = new Promise((_, reject) => {
      fail = reject;
    });
    const delivering = fanOut.deliver(body, progress.open('1'), signal);
    fail(new DeliveryLostError('gone'));
    await expect(delivering).rejects.toThrow('gone');
    at(a, 0).sent(); // too late: it was given up
    at(a, 0).confirmed();
    expect(progress.sent).toBe('0');
  });

  it('is given up when its signal aborts', async () => {
    a.wait = new Promise(() => undefined);
    const stop = new AbortController();
    const delivering = fanOut.deliver(body, progress.open('1'), stop.signal);
    stop.abort(new DeliveryLostError('stopped by the test'));
    await expect(delivering).rejects.toThrow('stopped by the test');
  });

  it('remembers nothing of a shard that is taken up anew at another place', async () => {
    await deliver('1', '2');
    progress = new Progress(3, '7', '7');
    await deliver('8');
    for (const part of [...a.parts, ...b.parts]) part.confirmed();
    expect(progress.confirmed).toBe('8');
    expect(a.got).toEqual(['01', '12', '78']);
  });
});
