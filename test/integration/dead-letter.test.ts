/** Data that cannot be sent: to the dead-letter file, from the embedded service, by the daemon in this process. */
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadReplayConfig } from '../../src/config/load.ts';
import type { Daemon } from '../../src/daemon.ts';
import { createEmulator, DEMO_CREDENTIALS, type Emulator } from '../../src/emulator/emulator.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { createReceiver, type ReceivedMessage, type Receiver } from '../../src/receiver/receiver.ts';
import { flags as configFlags, testSurroundings } from '../support/daemons/config.ts';
import { startDaemon, type TestDaemonOptions } from '../support/daemons/daemon.ts';
import { numbersOf, readDeadLetters } from '../support/daemons/dead-letters.ts';
import { eventually } from '../support/eventually.ts';
import { createScriptedReceiver, reads } from '../support/receivers/scripted-receiver.ts';

describe('the daemon with a dead-letter file', () => {
  let directory: string;
  let file: string;
  let emulator: Emulator;
  let receiver: Receiver;
  let port: number;
  let daemon: Daemon & { logged: string[] };

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'dead-letter-'));
    file = path.join(directory, 'dead.jsonl');
    emulator = createEmulator({ shards: 1 });
    receiver = createReceiver({ protocol: 'tcp', host: '127.0.0.1', port: 0, rfc: '5424' });
    port = (await receiver.start()).port;
  });

  afterEach(async () => {
    await daemon.drain(1_000);
    await receiver.close();
    await emulator.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function run(options: Partial<TestDaemonOptions> = {}): Promise<void> {
    const deadLetter = { path: file, maxBytes: 1 << 30, maxFiles: 5 };
    daemon = await startDaemon(emulator, {
      ...options,
      receiver: { port },
      delivery: { deadLetter, ...options.delivery },
    });
  }

  const generated = () => emulator.stats().logsGenerated;
  const checkpointed = () => emulator.stats().logstores[0]?.consumerGroups[0]?.checkpoints[0]?.sequence;
  const logged = (text: string) =>
    eventually(() => expect(daemon.logged.filter((line) => line.includes(text))).toHaveLength(1));

  it.each([
    ['some logs', 'access', 680],
    ['all logs', 'audit', 480],
  ] as const)(
    'sends what fits and keeps the rest, %s too large: nothing is missing',
    async (_, profile, maxMessageBytes) => {
      emulator.append({ logs: 3_000, profile });
      await run({ message: { oversize: 'dead-letter', maxMessageBytes } });
      await eventually(() => expect(checkpointed()).toBe(generated()));
      const { complete, fields } = await daemon.drain(10_000);
      expect(complete).toBe(true);
      const kept = numbersOf(await readDeadLetters(file));
      expect(new Set(kept.map(({ number }) => number)).size).toBe(kept.length);
      const { unique, duplicate } = receiver.stats().sequence;
      expect([unique + kept.length, duplicate]).toEqual([generated(), 0]);
      expect(kept.length).toBeGreaterThan(20);
      expect(fields).toMatchObject({ logs: unique, deadLettered: kept.length, truncated: 0, split: 0 });
      expect(unique === 0).toBe(profile === 'audit');
    },
  );

  describe('replay', () => {
    const logText = vi.fn<(fields: unknown, message: string) => void>();
    const log = { debug: vi.fn(), info: logText, warn: logText, error: logText };
    const told = () => logText.mock.calls.map(([, message]) => message);

    beforeEach(() => void logText.mockClear());

    /** @param service the settings of the log service, which only batches need */
    function replayFiles(flags: Record<string, string> = {}, service: Record<string, string> = {}) {
      const given = { '--host': '127.0.0.1', '--port': String(port), '--confirm-interval': '200ms', ...flags };
      const { config } = loadReplayConfig(configFlags(given), testSurroundings({ environment: service }));
      return replay({ files: [file], config, log }, new AbortController().signal);
    }

    async function startCapture() {
      const messages: string[] = [];
      const keep = ({ bytes }: ReceivedMessage) => void messages.push(Buffer.from(bytes).toString('latin1'));
      const capture = createReceiver({ protocol: 'tcp', host: '127.0.0.1', port: 0, onMessage: keep });
      return { messages, port: (await capture.start()).port, close: () => capture.close() };
    }

    it('sends what was too large, with a larger limit: as it would have been, identity included', async () => {
      const limit = 780;
      emulator.append({ logs: 3_000, profile: 'access' });
      await run({ message: { oversize: 'dead-letter', maxMessageBytes: limit, identity: { enterpriseId: 32473 } } });
      await eventually(() => expect(checkpointed()).toBe(generated()));
      expect((await daemon.drain(10_000)).complete).toBe(true);
      const kept = (await readDeadLetters(file)).length;
      expect(kept).toBeGreaterThan(20);
      expect(kept).toBeLessThan(3_000);
      const before = await readFile(file);

      // Once more from the beginning, by another group, with a limit that all of them meet.
      const whole = await startCapture();
      const replayed = await startCapture();
      const message = { maxMessageBytes: 64 << 10, identity: { enterpriseId: 32473 } };
      const other = await startDaemon(emulator, { receiver: { port: whole.port }, message, group: { name: 'other' } });
      await eventually(() => expect(whole.messages).toHaveLength(3_000));
      await other.drain(10_000);
      const same = {
        '--identity': 'true',
        '--facility': '16',
        '--severity': '5',
        '--hostname': 'web-01',
        '--tag': 'sls',
      };
      const summary = await replayFiles({ ...same, '--port': String(replayed.port) });
      expect(summary).toEqual({
        ...{ complete: true, confirms: true, replayed: kept, confirmed: kept },
        ...{ truncated: 0, split: 0, notReplayable: 0 },
      });
      const expected = whole.messages.filter((each) => Buffer.byteLength(each, 'latin1') > limit);
      expect(replayed.messages).toEqual(expected);
      expect(before.equals(await readFile(file))).toBe(true);
      await Promise.all([whole.close(), replayed.close()]);
    });

    it('lists what it cannot send: broken lines, logs that are still too long', async () => {
      emulator.append({ logs: 300, profile: 'audit' });
      await run({ message: { oversize: 'dead-letter', maxMessageBytes: 480 } });
      await eventually(() => expect(checkpointed()).toBe(generated()));
      await daemon.drain(10_000);
      await appendFile(file, '{"time":"2026-11\nnot JSON either\n');
      const truncated = await replayFiles({ '--max-message-bytes': '600B' });
      expect(truncated).toMatchObject({ complete: false, replayed: 300, confirmed: 300, truncated: 300 });
      expect(truncated.notReplayable).toBe(2);
      expect(told()).toContain(`not replayed: ${file}:301: it is not a whole line of JSON`);
      const flags = { '--max-message-bytes': '480B', '--oversize': 'dead-letter' };
      expect(await replayFiles(flags)).toMatchObject({ complete: false, replayed: 0, notReplayable: 302 });
      expect(told()).toContainEqual(expect.stringContaining(`${file}:1: its message would have more than 480 bytes`));
    });

    it('loses nothing to a receiver that resets', async () => {
      emulator.append({ logs: 20_000, profile: 'audit' });
      await run({ message: { oversize: 'dead-letter', maxMessageBytes: 480 } });
      await eventually(() => expect(checkpointed()).toBe(generated()));
      await daemon.drain(10_000);
      const bad = await createScriptedReceiver();
      const flags = { '--port': String(bad.port), '--max-bandwidth': '20MB/s', '--rfc': '5424' };
      const replaying = replayFiles(flags);
      for (let reset = 1; reset <= 3; reset++) {
        const { taken } = bad;
        await eventually(() => expect(bad.taken).toBeGreaterThan(taken + 500));
        bad.resetAll();
      }
      expect(await replaying).toMatchObject({ complete: true, replayed: 20_000, confirmed: 20_000 });
      expect(new Set((await bad.next()).map(({ number }) => number)).size).toBe(20_000);
      expect(bad.broken).toBeGreaterThan(0);
      await bad.close();
    });

    it('names a log that the receiver does not take, and sends all others', async () => {
      emulator.append({ logs: 300, profile: 'audit' });
      await run({ message: { oversize: 'dead-letter', maxMessageBytes: 480 } });
      await eventually(() => expect(checkpointed()).toBe(generated()));
      await daemon.drain(10_000);
      const bad = await createScriptedReceiver();
      bad.behave((visit) => {
        reads(visit);
        visit.socket.prependListener('data', (data: Buffer) => {
          if (/seq=0-57\b/.test(data.toString('latin1'))) visit.reset();
        });
      });
      const flags = { '--port': String(bad.port), '--rfc': '5424' };
      expect(await replayFiles(flags)).toMatchObject({
        complete: false,
        replayed: 299,
        confirmed: 299,
        notReplayable: 1,
      });
      const places = told().filter((line) => line.includes('the receiver breaks the connection over its message'));
      expect(places).toHaveLength(1);
      expect(new Set((await bad.next()).map(({ number }) => number)).size).toBeGreaterThan(0);
      await bad.close();
    });

    it('pulls a batch again that could not be read, where it is told from where', async () => {
      // One log group: the smallest piece that can be pulled.
      emulator.append({ logs: 50 });
      emulator.faults.set({ rules: [{ action: 'PullLogs', fault: { kind: 'garbage-protobuf' } }] });
      await run({ delivery: { onCorruptBatch: 'skip', deadLetter: { path: file, maxBytes: 1 << 30, maxFiles: 5 } } });
      await logged('a batch cannot be read and is skipped');
      emulator.faults.clear();
      await daemon.drain(10_000);
      expect(receiver.stats().sequence.unique).toBe(0);
      expect(await replayFiles()).toMatchObject({ complete: false, replayed: 0, notReplayable: 1 });
      expect(told()).toContainEqual(expect.stringContaining("needs the service's settings"));
      const service = {
        SLS_ENDPOINT: (await emulator.start()).endpoint,
        SLS_PROJECT: 'demo',
        SLS_LOGSTORE: 'logs',
        SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
        SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
      };
      expect(await replayFiles({}, { ...service, SLS_LOGSTORE: 'other' })).toMatchObject({ notReplayable: 1 });
      expect(told()).toContainEqual(expect.stringContaining('of another logstore'));
      expect(await replayFiles({}, service)).toMatchObject({ complete: true, replayed: 50, confirmed: 50 });
      expect(receiver.stats().sequence.unique).toBe(50);
    });
  });
});
