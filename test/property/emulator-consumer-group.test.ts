/**
 * The consumer group's promises under any interleaving of heartbeats, silences, slow drains and new shards:
 * a shard is granted only when no other live consumer works on it, and steady heartbeats end in a balanced, stable
 * assignment of all shards.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GroupModel, type GroupShard } from '../../src/emulator/model/group-model.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';

const TIMEOUT_MS = 100;
const CONSUMERS = ['a', 'b', 'c', 'd'];

type Step =
  | { readonly kind: 'beat'; readonly consumer: string; readonly letGo: boolean }
  /** A restart: it comes back under its name and holds nothing. */
  | { readonly kind: 'crash'; readonly consumer: string }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'add-shard' };

const consumer = fc.constantFrom(...CONSUMERS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('beat' as const), consumer, letGo: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), consumer }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'add-shard' as const }) },
);

/** Consumers as they should be: they work on what they were granted, and drain what was taken from them. */
class Simulation {
  readonly group = new GroupModel('g', { timeoutMs: TIMEOUT_MS, inOrder: false });
  /** What each works on or drains: what it will list. */
  readonly held = new Map<string, Set<number>>();
  readonly lastBeatMs = new Map<string, number>();
  shards: GroupShard[] = [];
  nowMs = 0;

  addShard(): void {
    const id = this.shards.length;
    this.shards.push({ id, parentIds: [], status: 'readwrite', beginCursor: 'b', endCursor: 'e' });
  }

  isLive(name: string): boolean {
    const last = this.lastBeatMs.get(name);
    return last !== undefined && this.nowMs - last <= TIMEOUT_MS;
  }

  beat(name: string, letGo: boolean): void {
    const held = this.held.get(name) ?? new Set<number>();
    const ownedBefore = new Set(this.isLive(name) ? this.ownedBy(name) : []);
    const granted = this.group.heartbeat(name, [...held], this.shards, this.nowMs);
    this.lastBeatMs.set(name, this.nowMs);
    for (const shard of granted) {
      expect(this.group.ownerOf(shard)).toBe(name);
      if (ownedBefore.has(shard)) continue;
      const others = CONSUMERS.filter(
        (other) => other !== name && this.isLive(other) && this.held.get(other)?.has(shard),
      );
      expect(others, `shard ${shard} was granted to ${name}`).toEqual([]);
    }
    const draining = letGo ? [] : [...held].filter((shard) => !granted.includes(shard));
    this.held.set(name, new Set([...granted, ...draining]));
  }

  ownedBy(name: string): number[] {
    return this.shards.map((shard) => shard.id).filter((id) => this.group.ownerOf(id) === name);
  }

  run(step: Step): void {
    switch (step.kind) {
      case 'beat':
        this.beat(step.consumer, step.letGo);
        break;
      case 'crash':
        this.held.delete(step.consumer);
        break;
      case 'wait':
        this.nowMs += step.ms;
        break;
      case 'add-shard':
        this.addShard();
    }
  }
}

it('grants a shard only when no other live consumer works on it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 60 }), (shardCount, steps) => {
      const simulation = new Simulation();
      for (let i = 0; i < shardCount; i++) simulation.addShard();
      for (const each of steps) simulation.run(each);
    }),
    propertyRuns(500),
  );
});

it('comes to rest balanced within one, with every shard owned, once consumers heartbeat steadily', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.array(step, { maxLength: 40 }),
      fc.subarray(CONSUMERS, { minLength: 1 }),
      (shardCount, steps, steady) => {
        const simulation = new Simulation();
        for (let i = 0; i < shardCount; i++) simulation.addShard();
        for (const each of steps) simulation.run(each);

        const round = () => {
          for (const name of steady) simulation.beat(name, true);
          simulation.nowMs += 20;
        };
        // Those who are silent now are dropped within 6 rounds; hand-overs take a few more.
        for (let i = 0; i < 12; i++) round();
        const owned = () => steady.map((name) => simulation.ownedBy(name));
        const settled = owned();
        const sizes = settled.map((shards) => shards.length);
        expect(settled.flat().sort((a, b) => a - b)).toEqual(simulation.shards.map((shard) => shard.id));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        for (let i = 0; i < 3; i++) round();
        expect(owned()).toEqual(settled);
        for (const [i, name] of steady.entries()) {
          expect([...simulation.held.get(name)!].sort((a, b) => a - b)).toEqual(settled[i]);
        }
      },
    ),
    propertyRuns(300),
  );
});
