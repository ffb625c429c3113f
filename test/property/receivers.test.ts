import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Strategy } from '../../src/sink/receivers/placement.ts';
import type { Delivery } from '../../src/sink/sink.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { createReceiversUnderTest, type ReceiversUnderTest } from '../support/receivers/receivers-harness.ts';
import { never } from '../support/receivers/sink-harness.ts';
import { inVirtualTime, type VirtualTime } from '../support/virtual/virtual-time.ts';

/**
 * Three receivers that go up and down, confirm and lose, while deliveries are written, ended and given up. Whatever
 * happens: what is reported confirmed was confirmed by the one receiver that has all of it; each receiver gets a
 * stream's deliveries in order; nothing is confirmed behind a gap; and every delivery comes to one end.
 */

type Step =
  | { readonly kind: 'write' | 'end' | 'abandon'; readonly stream: number }
  | { readonly kind: 'up' | 'down' | 'lose' | 'confirm'; readonly member: number }
  | { readonly kind: 'wait'; readonly ms: number };

const stream = fc.integer({ min: 0, max: 3 });
const member = fc.integer({ min: 0, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('write' as const), stream }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('end' as const), stream }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abandon' as const), stream }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('up' as const), member }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('confirm' as const, 'down' as const, 'lose' as const), member }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 6 }) }) },
);

interface Known {
  readonly stream: number;
  readonly frames: string[];
  /** How much had been reported when it was opened. */
  readonly openedAt: number;
  isAbandoned: boolean;
}

class Run {
  readonly #time: VirtualTime;
  readonly #under: ReceiversUnderTest;
  readonly known: Known[] = [];
  readonly #open = new Map<number, { readonly id: number; readonly delivery: Delivery }>();

  constructor(time: VirtualTime, under: ReceiversUnderTest) {
    this.#time = time;
    this.#under = under;
  }

  async take(step: Step): Promise<void> {
    const { members } = this.#under;
    switch (step.kind) {
      case 'write': {
        const { id, delivery } = this.#openIn(step.stream);
        const { frames } = this.known[id]!;
        const frame = `${step.stream}.${id}.${frames.length}`;
        frames.push(frame);
        delivery.write(this.#under.chunks.chunk([frame]))?.catch(() => undefined);
        return;
      }
      case 'end':
        this.#openIn(step.stream).delivery.end();
        this.#open.delete(step.stream);
        return;
      case 'abandon': {
        const { id, delivery } = this.#openIn(step.stream);
        if (reportsOf(this.#under, id).length === 0) this.known[id]!.isAbandoned = true;
        delivery.abandon();
        this.#open.delete(step.stream);
        return;
      }
      case 'up':
        return members[step.member]?.up();
      case 'down':
        return members[step.member]?.down();
      case 'lose':
        return members[step.member]?.loseOldest();
      case 'confirm':
        return members[step.member]?.confirm();
      case 'wait':
        await this.#time.sleep(step.ms);
    }
  }

  endAll(): void {
    for (const { delivery } of this.#open.values()) delivery.end();
  }

  #openIn(stream: number) {
    const open = this.#open.get(stream);
    if (open) return open;
    const openedAt = this.#under.events.history.length;
    const id = this.known.push({ stream, frames: [], openedAt, isAbandoned: false }) - 1;
    const opened = { id, delivery: this.#under.sink.deliver({ stream: `${stream}`, id }) };
    this.#open.set(stream, opened);
    return opened;
  }
}

function reportsOf({ events }: ReceiversUnderTest, id: number): string[] {
  return events.history.filter((each) => each.endsWith(` ${id}`)).map((each) => each.split(' ')[0] ?? '');
}

function checkEnds(run: Run, under: ReceiversUnderTest): void {
  for (const [id, { isAbandoned }] of run.known.entries()) {
    const reports = reportsOf(under, id);
    if (isAbandoned) expect(reports).toEqual([]);
    else expect([['sent', 'confirmed'], ['sent', 'lost'], ['lost']]).toContainEqual(reports);
  }
  expect(under.chunks.isEachReleasedOnce).toBe(true);
}

function checkConfirmed(run: Run, under: ReceiversUnderTest): void {
  const { history } = under.events;
  for (const [id, { stream, frames, openedAt }] of run.known.entries()) {
    const at = history.indexOf(`confirmed ${id}`);
    if (at < 0) continue;
    const by = under.members.filter(({ confirmed }) => confirmed.some(({ ref: mark }) => mark.id === id));
    expect(by).toHaveLength(1);
    expect(by[0]?.received.filter((frame) => frame.split('.')[1] === `${id}`)).toEqual(frames);
    const meanwhile = history.slice(openedAt, at).map((each) => each.split(' '));
    const before = run.known.findLastIndex((each, index) => index < id && each.stream === stream && !each.isAbandoned);
    if (before >= 0)
      expect(history.slice(0, at).map((each) => each.replace('lost', 'confirmed'))).toContain(`confirmed ${before}`);
    const gaps = meanwhile.filter(([what, of]) => what === 'lost' && run.known[Number(of)]?.stream === stream);
    expect(gaps.filter(([, of]) => Number(of) < id)).toEqual([]);
  }
}

function checkOrder(under: ReceiversUnderTest): void {
  const idsOf = (frames: readonly string[], stream: number) =>
    frames.filter((frame) => frame.startsWith(`${stream}.`)).map((frame) => Number(frame.split('.')[1]));
  for (const { received } of under.members) {
    for (let stream = 0; stream <= 3; stream++) {
      const ids = idsOf(received, stream);
      expect(ids).toEqual(ids.toSorted((x, y) => x - y));
    }
  }
}

async function play(
  time: VirtualTime,
  steps: readonly Step[],
  strategy: Strategy,
  ending: 'drain' | 'destroy',
  confirmsWhenAsked: boolean,
): Promise<void> {
  const under = createReceiversUnderTest(time.clock, 3, strategy, { patienceMs: 2, failbackAfterMs: 4 });
  const run = new Run(time, under);
  const started = under.sink.start(never);
  started.catch(() => undefined);
  for (const member of under.members) member.confirmsWhenAsked = confirmsWhenAsked;
  try {
    for (const member of under.members) member.up();
    for (const each of steps) await run.take(each);
    run.endAll();
    if (ending === 'drain') {
      for (const member of under.members) {
        member.confirmsWhenAsked = true;
        member.up();
        member.confirm();
      }
      expect(await under.sink.drain(5_000)).toBe(true);
    } else under.sink.destroy();
    checkEnds(run, under);
    checkConfirmed(run, under);
    checkOrder(under);
    if (ending === 'drain' && !steps.some(({ kind }) => kind === 'down' || kind === 'lose')) {
      expect(under.events.count('lost')).toBe(0);
    }
  } finally {
    under.sink.destroy();
  }
}

describe('deliveries to several receivers', () => {
  it('keep their promises whatever the receivers do', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 80, size: 'max' }),
        fc.constantFrom('failover' as const, 'load-balance' as const),
        fc.constantFrom('drain' as const, 'destroy' as const),
        fc.boolean(),
        (...drawn) => inVirtualTime((time) => play(time, ...drawn)),
      ),
      propertyRuns(300),
    );
  });
});
