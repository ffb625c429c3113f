/** What the log says each minute, of receivers and of the log service, in virtual time with the whole command line. */
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect } from 'vitest';
import { DEMO_CREDENTIALS } from '../../src/emulator/emulator.ts';
import { listen } from '../support/listen.ts';
import { startVirtualCli, type VirtualCli } from '../support/virtual/virtual-cli.ts';
import { createVirtualEmulator, type VirtualEmulator } from '../support/virtual/virtual-emulator.ts';
import { VirtualNet } from '../support/virtual/virtual-net.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();

interface Condition {
  readonly state: string;
  readonly since?: string;
  readonly reason?: string;
}

interface Line {
  readonly msg: string;
  readonly level: string;
  readonly forSeconds?: number;
  readonly durationMs?: number;
  readonly wrong?: readonly string[];
  readonly receiver: Condition & { readonly lastConfirmedSecondsAgo?: number };
  readonly service: Condition;
  readonly shards: number;
  readonly sentLogsPerSecond: number;
  readonly resentLogsPerSecond: number;
  readonly confirmedLogsPerSecond: number;
  readonly lagSeconds: Readonly<Record<string, number | 'unknown'>> | 'unknown';
}

let net: VirtualNet;
let emulator: VirtualEmulator;
let daemon: VirtualCli;
/** Nothing is read, and no end is answered. */
let isFrozen: boolean;
let thaw: () => void;

beforeEach(() =>
  time.run(async () => {
    net = new VirtualNet(time);
    emulator = createVirtualEmulator(time, { shards: 2 });
    const sockets = new Set<Socket>();
    isFrozen = false;
    const server = net.createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      socket.on('end', () => socket.end());
      socket.on('data', () => {
        if (isFrozen) socket.pause();
      });
      if (isFrozen) socket.pause();
    });
    thaw = () => {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    };
    const port = await listen(server, '127.0.0.1', net.freePort());
    const args = [
      'run',
      '--log-format',
      'json',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--fetch-interval',
      '2s',
    ];
    daemon = startVirtualCli({ time, net, emulator }, args, {
      SLS_ENDPOINT: emulator.endpoint,
      SLS_PROJECT: 'demo',
      SLS_LOGSTORE: 'logs',
      SLS_CG: 'minute',
      SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
      SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
    });
    emulator.setRate({ logsPerSecond: 20 });
    await daemon.waitForLog('last minute', 120_000);
  }),
);

afterEach(() => time.run(() => daemon.stop('SIGKILL')));

const lines = () => daemon.logged() as unknown as Line[];
const minutes = () => lines().filter(({ msg }) => msg === 'last minute');
const said = (text: string) => lines().filter(({ msg }) => msg.includes(text));
const nextMinute = async (): Promise<Line> => {
  const before = minutes().length;
  await time.until(() => expect(minutes().length).toBeGreaterThan(before), 90_000);
  return minutes().at(-1) as Line;
};

it('is an information, with what is sent and confirmed, while all is well', async () => {
  const line = await nextMinute();
  expect(line).toMatchObject({ level: 'info', resentLogsPerSecond: 0, shards: 2 });
  expect(line).not.toHaveProperty('wrong');
  expect(line.receiver.state).toBe('up');
  expect(line.service.state).toBe('up');
  expect(line.receiver.lastConfirmedSecondsAgo).toBeLessThan(20);
  expect(line.sentLogsPerSecond).toBeGreaterThan(15);
  expect(line.confirmedLogsPerSecond).toBeGreaterThan(13);
});

it('says of a receiver that is frozen for 130 s that it is stalled, since when and why; one line when it is over', async () => {
  const frozenAtMs = time.clock.now();
  isFrozen = true;
  await time.clock.sleep(50_000);
  expect(said('confirms nothing')).toHaveLength(1);
  const line = await nextMinute();
  await nextMinute();
  for (const each of minutes().slice(1)) {
    expect(each).toMatchObject({ level: 'warn', receiver: { state: 'stalled' } });
    expect(each.receiver.reason).toBeDefined();
    expect(each.wrong?.[0]).toContain('is stalled');
    expect(Math.abs(Date.parse(each.receiver.since ?? '') - frozenAtMs)).toBeLessThan(15_000);
  }
  const [first = 0, second = 0] = minutes()
    .slice(1)
    .map(({ receiver }) => receiver.lastConfirmedSecondsAgo);
  expect(first).toBeGreaterThan(50);
  expect(second).toBe(first + 60);
  expect(line.confirmedLogsPerSecond).toBeLessThan(5);
  const last = minutes().at(-1);
  expect(last?.confirmedLogsPerSecond).toBe(0);
  expect(minutes().some(({ resentLogsPerSecond }) => resentLogsPerSecond > 0)).toBe(true);
  // Logs come at 20 a second: whatever is beyond that is not new.
  for (const { sentLogsPerSecond } of minutes()) expect(sentLogsPerSecond).toBeLessThan(25);
  thaw();
  await daemon.waitForLog('the receiver confirms again', 120_000);
  expect(said('the receiver confirms again')).toHaveLength(1);
  expect(said('the receiver confirms again')[0]?.forSeconds).toBeGreaterThan(100);
  await nextMinute();
  expect(await nextMinute()).toMatchObject({ level: 'info', receiver: { state: 'up' } });
});

it('tells a dead log service from a standby: a warning, failing since, lag unknown; one line when it is over', async () => {
  emulator.faults.set({ rules: [{ fault: { kind: 'reset' } }] });
  const deadAtMs = time.clock.now();
  await nextMinute();
  await nextMinute();
  const line = await nextMinute();
  expect(line).toMatchObject({ level: 'warn', service: { state: 'failing' }, lagSeconds: 'unknown', shards: 0 });
  expect(Math.abs(Date.parse(line.service.since ?? '') - deadAtMs)).toBeLessThan(30_000);
  expect(line.service.reason).toBeDefined();
  expect(line.wrong?.[0]).toContain('the log service is failing');
  emulator.faults.set({ rules: [] });
  await daemon.waitForLog('the log service can be used again', 240_000);
  expect(said('the log service can be used again')).toHaveLength(1);
  expect(said('the log service can be used again')[0]?.durationMs).toBeGreaterThan(120_000);
  await nextMinute();
  expect(await nextMinute()).toMatchObject({ level: 'info', service: { state: 'up' }, shards: 2 });
});
