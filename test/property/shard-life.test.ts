import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Progress, type Ticket } from '../../src/group/checkpoint/progress.ts';
import { facts, next, type ShardEvent, type ShardState, transitions } from '../../src/group/shard/shard-life.ts';

const states = Object.keys(transitions) as ShardState[];
const events = [...new Set(states.flatMap((state) => Object.keys(transitions[state])))] as ShardEvent[];
const anyEvents = fc.array(fc.constantFrom(...events), { maxLength: 60 });

/** What happens to a shard: an event of its life, or something to one of its batches. */
const step = fc.oneof(
  fc.record({ event: fc.constantFrom(...events) }),
  fc.record({ batch: fc.constantFrom('pulled', 'confirmed', 'lost', 'saved') }),
);

describe('a shard’s life', () => {
  it('never leaves stopped, and never pulls again once it is given up', () => {
    fc.assert(
      fc.property(anyEvents, (list) => {
        let state: ShardState = 'starting';
        let isGivenUp = false;
        for (const event of list) {
          const before = state;
          state = next(state, event);
          if (before === 'stopped') expect(state).toBe('stopped');
          isGivenUp ||= event === 'given-up';
          if (isGivenUp) expect(facts[state].pulls).toBe(false);
        }
      }),
    );
  });

  it('can be given up in peace from every state but the last two, and stopped from every one', () => {
    for (const state of states) {
      expect(next(state, 'left')).toBe('stopped');
      expect(next(state, 'given-up')).toBe(state === 'stopped' ? 'stopped' : 'draining');
    }
  });

  it('stands in no state without something that ends it, but where nothing has to', () => {
    const ends = states.filter((state) => facts[state].endsBy === undefined);
    expect(ends.sort()).toEqual(['finished', 'stopped']);
    // What waits goes on when what it waits for has come.
    expect(next('held-back', 'others-done')).toBe('starting');
    for (const state of ['unreadable', 'refused'] as const) {
      expect(facts[state]).toMatchObject({ isStalled: true, pulls: true });
      expect(next(state, 'went-on')).toBe('consuming');
    }
  });

  it('comes to consume again from every state, when nothing is in its way any more', () => {
    for (const state of states) {
      if (['draining', 'stopped', 'finished'].includes(state)) continue;
      const goesOn: ShardEvent[] = ['others-done', 'started', 'went-on'];
      expect(goesOn.reduce(next, state)).toBe('consuming');
    }
  });

  it('loses no confirmed cursor, in any order of events', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let state: ShardState = 'starting';
        const progress = new Progress(0, '0', '0');
        const tickets: Ticket[] = [];
        let furthest = 0;
        for (const each of steps) {
          if ('event' in each) {
            state = next(state, each.event);
            continue;
          }
          const ticket = tickets.at(-1);
          if (each.batch === 'pulled' && facts[state].pulls) {
            tickets.push(progress.open(String(Number(progress.pulled) + 1)));
          } else if (each.batch === 'confirmed' && ticket && state !== 'stopped') progress.markConfirmed(ticket);
          else if (each.batch === 'lost' && ticket && state !== 'stopped') progress.rewind(ticket);
          else if (each.batch === 'saved' && state !== 'stopped') progress.markCheckpointed(progress.confirmed);
          const confirmed = Number(progress.confirmed);
          expect(confirmed).toBeGreaterThanOrEqual(furthest);
          expect(Number(progress.checkpointed)).toBeLessThanOrEqual(confirmed);
          furthest = confirmed;
        }
      }),
    );
  });
});
