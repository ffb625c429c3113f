import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Progress, type Ticket } from '../../src/group/checkpoint/progress.ts';

/**
 * A shard of numbered positions, written as cursors; the sink's side is played at random. The model knows for each
 * position whether the peer has it; Progress sees only cursors.
 */
type Step =
  | { kind: 'pull'; size: number }
  | { kind: 'skip' }
  | { kind: 'sent' | 'confirm' | 'lose'; pick: number }
  | { kind: 'checkpoint' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('pull' as const), size: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('skip' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('sent' as const, 'confirm' as const, 'confirm' as const, 'lose' as const),
      pick: fc.nat({ max: 30 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('checkpoint' as const) }) },
);

const position = (cursor: string) => Number(cursor.slice(1));

describe('Progress', () => {
  it('never lets a checkpoint pass what was confirmed, nor go back, under any interleaving', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const progress = new Progress(0, 'c0', 'c0');
        const peerHas = new Set<number>(); // positions that the peer confirmed, or that hold no data
        const everyTicket: Ticket[] = []; // cut ones too: late reports come in for them
        let checkpoint = 0;
        for (const each of steps) {
          const pick = 'pick' in each ? everyTicket[each.pick % Math.max(1, everyTicket.length)] : undefined;
          if (each.kind === 'pull') {
            everyTicket.push(progress.open(`c${position(progress.pulled) + each.size}`));
          } else if (each.kind === 'skip') {
            peerHas.add(position(progress.pulled));
            progress.skip(`c${position(progress.pulled) + 1}`);
          } else if (each.kind === 'checkpoint') {
            const cursor = progress.unsaved;
            if (cursor !== undefined) {
              expect(position(cursor)).toBeGreaterThan(checkpoint);
              checkpoint = position(cursor);
              progress.markCheckpointed(cursor);
            }
          } else if (pick) {
            if (each.kind === 'sent') progress.markSent(pick);
            if (each.kind === 'confirm') {
              progress.markConfirmed(pick);
              for (let at = position(pick.from); at < position(pick.to); at++) peerHas.add(at);
            }
            if (each.kind === 'lose') {
              const before = position(progress.confirmed);
              if (progress.rewind(pick)) expect(progress.pulled).toBe(pick.from);
              expect(position(progress.confirmed)).toBe(before);
            }
          }
          const order = [checkpoint, ...[progress.confirmed, progress.sent, progress.pulled].map(position)];
          expect(order).toEqual([...order].sort((a, b) => a - b));
          for (let at = 0; at < position(progress.confirmed); at++) expect(peerHas.has(at)).toBe(true);
        }
      }),
      { numRuns: Number(process.env.FC_RUNS ?? 500) },
    );
  });

  it('confirms everything, and is settled, once all that was pulled is confirmed in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 20 }), { minLength: 1 }), (order) => {
        const progress = new Progress(0, 'c0', undefined);
        const tickets = order.map((_, index) => progress.open(`c${index + 1}`));
        const ranked = [...order.keys()].sort((a, b) => (order[a] as number) - (order[b] as number));
        for (const index of ranked) progress.markConfirmed(tickets[index] as Ticket);
        expect(progress.allConfirmed).toBe(true);
        expect(progress.confirmed).toBe(`c${order.length}`);
      }),
    );
  });
});
