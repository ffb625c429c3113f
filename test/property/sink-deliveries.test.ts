import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/sink/sink.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { createSinkUnderTest, eventually, never, type SinkUnderTest } from '../support/receivers/sink-harness.ts';
import { createTcpPeer, type TcpPeer } from '../support/receivers/tcp-peer.ts';

/**
 * Writes, ends, abandons, resets and peer's ends in any order, over real sockets. Whatever happens:
 * every chunk is released exactly once; every delivery is confirmed right behind `sent`, or lost, once, and not at
 * all when it was abandoned; a stream's reports come in order; and what a receiver gets begins with a whole frame.
 */

type Step =
  | { readonly kind: 'write'; readonly stream: number; readonly frames: number; readonly bytes: number }
  | { readonly kind: 'end' | 'abandon'; readonly stream: number }
  | { readonly kind: 'reset' | 'peer-end' }
  | { readonly kind: 'turns'; readonly count: number };

const stream = fc.integer({ min: 0, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      stream,
      frames: fc.integer({ min: 0, max: 3 }),
      bytes: fc.constantFrom(1, 100, 70_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('end' as const), stream }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abandon' as const), stream }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('reset' as const, 'peer-end' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 20 }) }) },
);

interface Open {
  readonly id: number;
  readonly delivery: Delivery;
}

class Run {
  readonly #under: SinkUnderTest;
  readonly #peer: TcpPeer;
  readonly #open = new Map<number, Open>();
  readonly abandoned = new Set<number>();
  readonly streamOf: number[] = [];
  #frames = 0;

  constructor(under: SinkUnderTest, peer: TcpPeer) {
    this.#under = under;
    this.#peer = peer;
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'write': {
        const { delivery } = this.#openIn(step.stream);
        const frames = Array.from(
          { length: step.frames },
          () => `[${step.stream}-${this.#frames++} ${'.'.repeat(step.bytes)}]`,
        );
        delivery.write(this.#under.chunks.chunk(frames))?.catch(() => undefined);
        return;
      }
      case 'end':
        this.#openIn(step.stream).delivery.end();
        this.#open.delete(step.stream);
        return;
      case 'abandon': {
        const { id, delivery } = this.#openIn(step.stream);
        if (this.#isOpen(id)) this.abandoned.add(id);
        delivery.abandon();
        this.#open.delete(step.stream);
        return;
      }
      case 'reset':
        this.#peer.connections.at(-1)?.reset();
        return;
      case 'peer-end':
        this.#peer.connections.at(-1)?.socket.end();
        return;
      case 'turns':
        for (let i = 0; i < step.count; i++) await new Promise(setImmediate);
    }
  }

  endAll(): void {
    for (const { delivery } of this.#open.values()) delivery.end();
  }

  #openIn(stream: number): Open {
    const known = this.#open.get(stream);
    if (known !== undefined) return known;
    const id = this.streamOf.push(stream) - 1;
    const opened = { id, delivery: this.#under.sink.deliver({ stream: `s${stream}`, id }) };
    this.#open.set(stream, opened);
    return opened;
  }

  #isOpen(id: number): boolean {
    return !this.#under.events.history.some((each) => each.endsWith(` ${id}`));
  }
}

function checkReports(run: Run, history: readonly string[]): void {
  for (const id of run.streamOf.keys()) {
    const reports = history.filter((each) => each.endsWith(` ${id}`)).map((each) => each.split(' ')[0]);
    if (run.abandoned.has(id)) expect(reports).toEqual([]);
    else expect([['sent', 'confirmed'], ['lost']]).toContainEqual(reports);
  }
  for (const stream of new Set(run.streamOf)) {
    const confirmed = history
      .filter((each) => each.startsWith('confirmed '))
      .map((each) => Number(each.split(' ')[1]))
      .filter((id) => run.streamOf[id] === stream);
    expect(confirmed).toEqual(confirmed.toSorted((a, b) => a - b));
  }
}

/** Whole frames, but for a last one that was cut; each stream's in the order in which they were written. */
function checkFrames(text: string): void {
  expect(text).toMatch(/^(\[\d-\d+ \.*\])*(\[[^\]]*)?$/);
  const frames = [...text.matchAll(/\[(\d)-(\d+) \.*\]/g)];
  for (const stream of ['0', '1', '2']) {
    const numbers = frames.filter((frame) => frame[1] === stream).map((frame) => Number(frame[2]));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  }
}

async function play(
  steps: readonly Step[],
  ending: 'drain' | 'destroy',
  isQueueSmall: boolean,
  isConnected: boolean,
): Promise<void> {
  const peer = await createTcpPeer();
  const under = createSinkUnderTest({
    protocol: 'tcp',
    host: '127.0.0.1',
    port: peer.port,
    maxQueuedBytes: isQueueSmall ? 1000 : 1024 * 1024,
    tuning: { backoffMinMs: 1, backoffMaxMs: 2 },
  });
  const run = new Run(under, peer);
  try {
    const started = under.sink.start(never);
    if (isConnected) {
      await started;
      await peer.connection(0);
    }
    for (const each of steps) await run.take(each);
    run.endAll();
    if (ending === 'drain') {
      await started;
      expect(await under.sink.drain(10_000)).toBe(true);
    } else {
      started.catch(() => undefined);
      under.sink.destroy();
    }
    checkReports(run, under.events.history);
    expect(under.chunks.isEachReleasedOnce).toBe(true);
    for (const connection of peer.connections) {
      checkFrames(connection.text());
    }
    if (!steps.some(({ kind }) => kind === 'reset' || kind === 'peer-end') && ending === 'drain') {
      expect(under.events.count('lost')).toBe(0);
      await eventually(() => expect(peer.text().length).toBe(under.sink.status.bytesWritten));
    }
  } finally {
    under.sink.destroy();
    await peer.close();
  }
}

describe('deliveries', () => {
  it('keep their promises whatever the connection does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.constantFrom('drain' as const, 'destroy' as const),
        fc.boolean(),
        fc.boolean(),
        play,
      ),
      propertyRuns(150),
    );
  });
});
