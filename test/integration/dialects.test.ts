/**
 * The group under every reading of the protocol that its clients leave open: daemons share the shards of a logstore, one
 * is split, one more daemon comes, one is stopped in peace, one is killed. Everything arrives, nothing that is
 * checkpointed is missing, and nothing comes twice but of the shards of the one that was killed. Over real HTTP;
 * docs/simulation.md tells of the worlds that draw their readings.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, it, vi } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { dialectOf, readings } from '../../src/emulator/dialect-text.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import type { Dialect } from '../../src/emulator/protocol/dialect.ts';
import { createReceiver, type Receiver } from '../../src/receiver/receiver.ts';
import { startDaemon, type TestDaemon } from '../support/daemons/daemon.ts';
import { namesakeText } from '../support/daemons/fault-run.ts';
import { type Checkpoints, Invariant } from '../support/daemons/invariant.ts';
import { type Arrival, arrivalOf } from '../support/receivers/arrivals.ts';

// They mostly wait. More of them at a time would leave a busy machine too little for each.
vi.setConfig({ maxConcurrency: 9 });

const shards = 4;
const logsPerSecond = 40;
const timeoutMs = 6_000;
/** A heartbeat takes some six turns of the event loop: slower ones than this may come to more than the timeout. */
const slowTurnMs = timeoutMs / 10;
const lookMs = 200;
/** By which a daemon says that its time was over. */
const timeoutTexts = ['no heartbeat was answered for the group’s timeout', 'handed over with unconfirmed logs'];
const patienceMs = 120_000;
const killed = new AppError('the test has killed it', { code: 'test', action: 'fatal' });

/** As many of them as go together, and what changes most. */
const together = [
  'strict-owner,error-body=Error,consumer-not-exist=ConsumerNotExist,shard-not-exist=ShardNotExsit',
  'lost-checkpoint=ConsumerNotExist,end-of-cursor,cursor-time,no-checkpoint=null,no-checkpoint-time=absent',
  'group-settings=missing,balance=rehash,grant-order=shuffled,grants-a-beat=one,checks-cursors=false',
  'late-heartbeat-keeps=false,read-only=READONLY',
].join();

/** A log service, a receiver, and daemons between them. */
class World {
  readonly emulator: Emulator;
  /** Since the last look. */
  readonly #arrived: Arrival[] = [];
  readonly #seen = new Set<string>();
  /** Shards of which something has come twice. */
  readonly #repeated = new Set<number>();
  readonly #receiver: Receiver;
  readonly #listening: Promise<{ readonly port: number }>;
  readonly #invariant = new Invariant({ allowsMixing: true });
  readonly #daemons: TestDaemon[] = [];
  readonly #delays = monitorEventLoopDelay();
  readonly #looking = setInterval(() => this.#look(), lookMs);

  constructor(dialect: Partial<Dialect>) {
    this.emulator = createEmulator({ shards, dialect });
    this.#receiver = createReceiver({
      protocol: 'tcp',
      host: '127.0.0.1',
      port: 0,
      onMessage: ({ bytes }) => {
        const arrival = arrivalOf(Buffer.from(bytes).toString('latin1'));
        if (arrival) this.#arrive(arrival);
      },
    });
    this.#listening = this.#receiver.start();
    this.#delays.enable();
  }

  /** Of the daemons' logs. */
  get lines() {
    return this.#daemons.flatMap(({ lines }) => lines);
  }

  get logged(): readonly string[] {
    return this.lines.map(({ msg }) => String(msg));
  }

  get findings() {
    this.#look();
    return this.#invariant.findings;
  }

  async start(consumerName: string): Promise<TestDaemon> {
    const { port } = await this.#listening;
    const daemon = await startDaemon(this.emulator, {
      receiver: { port },
      group: {
        consumerName,
        inOrder: true,
        heartbeatIntervalMs: 1_000,
        timeoutMs,
        fetchIntervalMs: 1_000,
        checkpointIntervalMs: 500,
      },
      delivery: { confirmIntervalMs: 1_000 },
    });
    this.#daemons.push(daemon);
    return daemon;
  }

  async close(): Promise<void> {
    clearInterval(this.#looking);
    this.#delays.disable();
    for (const daemon of this.#daemons) daemon.destroy(killed);
    await this.#receiver.close();
    await this.emulator.close();
  }

  /** These are the group's consumers; each has so many shards, and is at work on all of them. */
  settled(counts: Readonly<Record<string, number>>): Promise<void> {
    return soon(() => {
      const consumers = this.#group?.consumers ?? [];
      expect(Object.fromEntries(consumers.map(({ name, owned }) => [name, owned.length]))).toEqual(counts);
      for (const { held, owned } of consumers) expect(held).toEqual(owned);
    });
  }

  ownedBy(consumer: string): readonly number[] {
    return this.#group?.consumers.find(({ name }) => name === consumer)?.owned ?? [];
  }

  /** All that there is at this moment has been delivered and saved. */
  async everythingSaved(): Promise<void> {
    const ends = this.#logstore.shards.map(({ shard, logsGenerated }) => [shard, logsGenerated] as const);
    await soon(() => {
      const saved = this.#saved();
      for (const [shard, end] of ends) expect(saved.get(shard), `shard ${shard}`).toBeGreaterThanOrEqual(end);
    });
  }

  /** But of these shards. */
  expectNothingTwice(mayRepeat: readonly number[]): void {
    const repeated = [...this.#repeated].filter((shard) => !mayRepeat.includes(shard));
    // Who lost a shard to a machine that had no time for it sends what is repeated.
    const stoodStill = this.#delays.max > slowTurnMs * 1e6;
    const isTold = this.logged.some((line) => timeoutTexts.some((text) => line.includes(text)));
    if (stoodStill && isTold) console.info(`the machine was too busy: shards that came twice: ${repeated.join(', ')}`);
    else expect(repeated).toEqual([]);
  }

  #arrive(arrival: Arrival): void {
    const name = `${arrival.shard}-${arrival.number}`;
    if (this.#seen.has(name)) this.#repeated.add(arrival.shard);
    this.#seen.add(name);
    this.#arrived.push(arrival);
  }

  /** The checkpoints come first: the receiver can only have more by the time that it is looked at. */
  #look(): void {
    const saved = this.#saved();
    this.#invariant.observe(this.#arrived.splice(0), saved);
  }

  #saved(): Checkpoints {
    return new Map(this.#group?.checkpoints.map(({ shard, sequence }) => [shard, sequence]));
  }

  get #group() {
    return this.#logstore.consumerGroups[0];
  }

  get #logstore() {
    return this.emulator.stats().logstores[0]!;
  }
}

/** For long: the machine may have others to serve. */
function soon(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: patienceMs, interval: lookMs });
}

/** Refuses what is the daemons' all the same, by every code that says it is not; spelt as the dialect has them. */
async function refuseForAWhile({ emulator }: World): Promise<void> {
  const refusals = [
    { action: 'UpdateCheckPoint', status: 400, code: 'ConsumerNotMatch' },
    { action: 'UpdateCheckPoint', status: 404, code: 'ConsumerNotExsit' },
    { action: 'UpdateCheckPoint', status: 404, code: 'ShardNotExist' },
    { action: 'PullLogs', status: 404, code: 'ShardNotExist' },
  ] as const;
  const rules = refusals.map(({ action, ...error }) => ({
    action,
    fault: { kind: 'error' as const, ...error },
    times: 2,
  }));
  emulator.faults.set({ rules });
  await soon(() => expect(emulator.faults.settings.rules).toEqual([]));
}

describe.each([...readings.map(({ text }) => text), together])(
  'a group whose service has the reading %s',
  { concurrent: true },
  (text) => {
    it('loses nothing, and sends nothing twice that changed hands in peace', async ({ onTestFinished }) => {
      const world = new World(dialectOf([text]));
      onTestFinished(() => world.close());
      const { emulator } = world;
      emulator.append({ logs: 200 });
      emulator.setRate({ logsPerSecond });

      // Both find that there is no group, and one of them that there is one when it makes it.
      const [a, b] = await Promise.all([world.start('a'), world.start('b')]);
      await world.settled({ a: 2, b: 2 });
      await refuseForAWhile(world);
      await world.everythingSaved();
      // That is what a code is called that nobody knows.
      expect(world.lines.filter(({ code }) => code === 'request-refused')).toEqual([]);

      // The children are granted when the parent is read to its end.
      emulator.split({ shard: 0 });
      const c = await world.start('c');
      await world.settled({ a: 2, b: 2, c: 2 });
      await soon(() => expect(world.logged).toContain('the shard is read to its end'));

      expect(await a.drain(patienceMs)).toMatchObject({ complete: true });
      const ofKilled = world.ownedBy('b');
      b.destroy(killed);
      await world.settled({ c: 6 });
      emulator.setRate({ logsPerSecond: 0 });
      await world.everythingSaved();
      expect(await c.drain(patienceMs)).toMatchObject({ complete: true });

      const { received, violations } = world.findings;
      expect(violations).toEqual([]);
      expect(received).toBe(emulator.stats().logsGenerated);
      world.expectNothingTwice(ofKilled);
      expect(world.logged.filter((line) => line.includes(namesakeText))).toEqual([]);
    });
  },
);
