/** A kind of receiver that nobody in `src` knows: the seam is what a third sink needs, and no more has to be touched. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Flow } from '../../src/config/model/config.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { registerReceiverKind } from '../../src/pipeline/receivers/kinds.ts';
import { createFlows, startFlows, testFlow } from '../support/daemons/daemon.ts';
import { eventually } from '../support/eventually.ts';
import {
  type JsonLinesReceiver,
  jsonLinesKind,
  jsonLinesReceiver,
  made,
} from '../support/receivers/json-lines-sink.ts';

registerReceiverKind('json-lines', jsonLinesKind);

const logs = 3_000;

describe('a third kind of receiver', () => {
  let emulator: Emulator;
  let directory: string;

  beforeEach(async () => {
    emulator = createEmulator({ shards: 3 });
    directory = await mkdtemp(path.join(os.tmpdir(), 'json-lines-'));
  });

  afterEach(async () => {
    await emulator.close();
    await rm(directory, { recursive: true });
  });

  async function flowTo(receiver: Partial<JsonLinesReceiver> = {}, delivery: object = {}): Promise<Flow> {
    const { config, ...flow } = await testFlow(emulator, {
      receiver: { port: 0 },
      message: { format: { format: 'json' } },
      group: { until: 'end' },
      delivery,
    });
    const wanted = { kind: 'json-lines', directory, fileLines: 200, acknowledgedAfterMs: 20, ...receiver } as const;
    return { ...flow, config: { ...config, receiver: jsonLinesReceiver(wanted) } };
  }

  /** Of each log in the files that were acknowledged. */
  async function arrived(): Promise<string[]> {
    const texts = await Promise.all(made.at(-1)!.acknowledged.map((file) => readFile(file, 'utf8')));
    return texts.flatMap((text) => text.trim().split('\n')).map((line) => JSON.parse(line).seq);
  }

  const checkpointed = () =>
    (emulator.stats().logstores[0]?.consumerGroups[0]?.checkpoints ?? []).reduce((sum, each) => sum + each.sequence, 0);

  it('gets every log, confirmed as it acknowledges', async () => {
    emulator.append({ logs });
    const daemon = await startFlows([await flowTo()]);
    const { complete, confirmed, fields } = await daemon.finished;
    expect({ complete, confirmed }).toEqual({ complete: true, confirmed: true });
    expect(new Set(await arrived()).size).toBe(logs);
    expect(fields).toMatchObject({ logs, confirmed: logs, resent: 0 });
    expect(checkpointed()).toBe(logs);
    const origins = [...made.at(-1)!.origins.values()];
    expect(new Set(origins.map((origin) => origin?.shard))).toEqual(new Set([0, 1, 2]));
    expect(origins[0]).toEqual({
      project: 'demo',
      logstore: 'logs',
      shard: expect.any(Number),
      from: expect.any(String),
      to: expect.any(String),
    });
  });

  it('gets again what it has lost before it acknowledged that', async () => {
    emulator.setRate({ logsPerSecond: 4_000 });
    const { config, ...flow } = await flowTo({ acknowledgedAfterMs: 100 });
    const { until: _, ...group } = config.group;
    const daemon = createFlows([{ ...flow, config: { ...config, group } }]);
    await daemon.start();
    const sink = made.at(-1)!;
    for (let lost = 0; lost < 3; ) {
      const before = sink.acknowledged.length;
      await eventually(() => expect(sink.acknowledged.length).toBeGreaterThan(before));
      if ((await sink.loseFiles()) > 0) lost++;
    }
    emulator.setRate({ logsPerSecond: 0 });
    await eventually(() => expect(checkpointed()).toBe(emulator.stats().logsGenerated));
    expect((await daemon.drain(10_000)).complete).toBe(true);
    expect(new Set(await arrived()).size).toBe(emulator.stats().logsGenerated);
  });

  it('refuses a log, which goes to the dead letters with its word', async () => {
    emulator.append({ logs });
    const deadLetter = { path: path.join(directory, 'dead.jsonl'), maxBytes: 1 << 30, maxFiles: 2 };
    const refused = '"seq":"1-77"';
    const flow = await flowTo({ refused }, { onPoison: 'dead-letter', poisonPatienceMs: 100, deadLetter });
    const daemon = await startFlows([flow]);
    const { complete, fields } = await daemon.finished;
    expect([complete, fields.deadLettered]).toEqual([true, 1]);
    expect(new Set(await arrived()).size).toBe(logs - 1);
    const [line, ...others] = (await readFile(deadLetter.path, 'utf8')).trim().split('\n');
    expect(JSON.parse(line!)).toMatchObject({ shard: 1, reason: 'refused', index: expect.any(Number) });
    expect(others).toEqual([]);
    const told = daemon.lines.filter(({ reason }) => reason === `it says ${refused}`).map(({ msg }) => msg);
    expect(told).toEqual([
      expect.stringContaining('shard 1 stands still: the receiver refuses one message'),
      expect.stringContaining('it is in the dead-letter file, and not sent'),
    ]);
  });
});
