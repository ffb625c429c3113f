/**
 * Real receivers get 20,000 logs of the nasty profile: line breaks, separators, control characters, invalid UTF-8,
 * values of 200 KB. Each has to arrive as one message, with the text that an independent formatter makes of the log,
 * and with the header's fields as meant.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ReceiverConfig, TlsConfig } from '../../src/config/model/receivers.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { everyLogGroup, startDaemon } from '../support/daemons/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { type NaiveOptions, naiveMessages } from '../support/oracles/naive-formatter.ts';
import { createAuthority, issue } from '../support/receivers/certificates.ts';
import { parse5424 } from '../support/receivers/parse-header.ts';
import {
  missingReceiver,
  type RealReceiver,
  type ReceivedMessage,
  type ReceiverTls,
  startRsyslog,
  startSyslogNg,
} from '../support/receivers/real-receivers.ts';

const logs = 6_000;
const maxDatagramBytes = 65_507;
/** More than any message here: what is proven is that all arrive whole. A datagram has its own limit. */
const message = { maxMessageBytes: 4 << 20 };
/** Facility local0, severity notice. */
const priority = 16 * 8 + 5;
const naive: NaiveOptions = {
  separator: '||',
  escape: 'standard',
  rfc: '5424',
  priority,
  hostname: 'web-01',
  appName: 'sls',
};

interface Expected {
  readonly timestamp: string;
  readonly message: string;
  /** Header and text, in bytes. */
  readonly bytes: number;
}

let tlsDirectory: string;
let serverTls: ReceiverTls;
let clientTls: TlsConfig;

beforeAll(async () => {
  tlsDirectory = await mkdtemp(path.join(os.tmpdir(), 'interop-tls-'));
  const authority = await createAuthority('interop CA');
  const server = await issue(authority, { commonName: 'receiver', ipAddresses: ['127.0.0.1'] });
  const client = await issue(authority, { commonName: 'sls-syslog' });
  const save = async (name: string, data: Buffer) => {
    const file = path.join(tlsDirectory, name);
    await writeFile(file, data, { mode: 0o600 });
    return file;
  };
  serverTls = {
    caFile: await save('ca.pem', authority.pem),
    certFile: await save('server.pem', server.cert),
    keyFile: await save('server-key.pem', server.key),
  };
  clientTls = { ca: authority.pem, cert: client.cert, key: client.key, fingerprints: [], insecure: false };
});

afterAll(() => rm(tlsDirectory, { recursive: true, force: true }));

/** By the sequence number that ends every generated log. */
async function expectedMessages(emulator: Emulator): Promise<Map<string, Expected>> {
  const messages = naiveMessages(await everyLogGroup(emulator), naive);
  return new Map(
    messages.map((whole) => {
      const { timestamp, message } = parse5424(whole);
      return [sequenceOf(message) ?? '', { timestamp, message, bytes: whole.length }];
    }),
  );
}

function sequenceOf(message: string): string | undefined {
  return /seq=(\d+-\d+)$/.exec(message)?.[1];
}

/** Receivers write the same instant with another offset, or with more digits. */
function microseconds(timestamp: string): number {
  const fraction = /\.(\d{1,6})/.exec(timestamp)?.[1] ?? '';
  return Math.floor(Date.parse(timestamp) / 1000) * 1e6 + Number(fraction.padEnd(6, '0'));
}

function checkHeader(received: ReceivedMessage, expected: Expected): void {
  const { pri, hostname, appName, procId, msgId, structuredData } = received;
  const empty = (text: string) => text === '' || text === '-';
  const header = { pri, hostname, appName, procId: empty(procId), msgId: empty(msgId), sd: empty(structuredData) };
  expect(header).toEqual({
    pri: String(priority),
    hostname: 'web-01',
    appName: 'sls',
    procId: true,
    msgId: true,
    sd: true,
  });
  // The receiver puts its own time where none was sent.
  if (expected.timestamp !== '-' && microseconds(received.timestamp) !== microseconds(expected.timestamp)) {
    throw new Error(`sent the time ${expected.timestamp}, received ${received.timestamp}`);
  }
}

describe.each<{
  name: string;
  program: 'rsyslog' | 'syslog-ng';
  start: () => Promise<RealReceiver>;
  receiver: () => Partial<ReceiverConfig>;
}>([
  { name: 'rsyslog imptcp', program: 'rsyslog', start: () => startRsyslog('imptcp'), receiver: () => ({}) },
  { name: 'rsyslog imtcp', program: 'rsyslog', start: () => startRsyslog('imtcp'), receiver: () => ({}) },
  {
    name: 'rsyslog imtcp over TLS with a client certificate',
    program: 'rsyslog',
    start: () => startRsyslog('imtcp-tls', serverTls),
    receiver: () => ({ protocol: 'tls', tls: clientTls }),
  },
  {
    name: 'rsyslog imudp',
    program: 'rsyslog',
    start: () => startRsyslog('imudp'),
    receiver: () => ({ protocol: 'udp', framing: 'datagram' }),
  },
  {
    name: 'syslog-ng syslog() over TCP',
    program: 'syslog-ng',
    start: () => startSyslogNg('syslog-tcp'),
    receiver: () => ({}),
  },
  {
    name: 'syslog-ng syslog() over TLS with a client certificate',
    program: 'syslog-ng',
    start: () => startSyslogNg('syslog-tls', serverTls),
    receiver: () => ({ protocol: 'tls', tls: clientTls }),
  },
  {
    name: 'syslog-ng network() with line feeds',
    program: 'syslog-ng',
    start: () => startSyslogNg('network-lf'),
    receiver: () => ({ framing: 'lf' }),
  },
  {
    name: 'syslog-ng over UDP',
    program: 'syslog-ng',
    start: () => startSyslogNg('network-udp'),
    receiver: () => ({ protocol: 'udp', framing: 'datagram' }),
  },
])('$name', ({ name, program, start, receiver }) => {
  const missing = missingReceiver(program);
  if (missing) console.warn(`SKIPPED: ${name}: ${missing}`);
  let emulator: Emulator;
  let real: RealReceiver;

  beforeEach(async () => {
    if (missing) return;
    emulator = createEmulator({ profile: 'nasty', shards: 4 });
    real = await start();
  });

  afterEach(async () => {
    if (missing) return;
    await real.dispose();
    await emulator.close();
  });

  it.skipIf(missing)(`gets ${logs} nasty logs, each as one message`, async () => {
    const udp = receiver().protocol === 'udp';
    if (udp) await shipLive();
    else await shipAll();
    const received = await real.messages();
    const expected = await expectedMessages(emulator);
    expect(expected.size).toBe(logs);

    const whole = new Map<string, ReceivedMessage>();
    const cut: ReceivedMessage[] = [];
    for (const each of received) {
      const sequence = sequenceOf(each.message);
      if (sequence === undefined) cut.push(each);
      else whole.set(sequence, each);
    }
    const tooLong = [...expected.values()].filter(({ bytes }) => udp && bytes > maxDatagramBytes);
    expect(tooLong.length > 0).toBe(udp);
    expect(received.length).toBe(logs);
    expect(cut.length).toBe(tooLong.length);
    for (const each of cut) {
      const original = tooLong.find(({ message }) => message.startsWith(each.message));
      if (!original) throw new Error(`not the beginning of any long log: ${each.message.slice(0, 200)}`);
      expect(original.bytes - original.message.length + each.message.length).toBeGreaterThan(maxDatagramBytes - 4);
      checkHeader(each, original);
    }
    for (const [sequence, sent] of expected) {
      if (tooLong.includes(sent)) continue;
      const got = whole.get(sequence);
      if (!got) throw new Error(`log ${sequence} is missing`);
      if (got.message !== sent.message) expect(got.message).toBe(sent.message);
      checkHeader(got, sent);
    }
  });

  /** All at once: streams push back. */
  async function shipAll(): Promise<void> {
    emulator.append({ logs });
    const daemon = await startDaemon(emulator, {
      receiver: { port: real.port, ...receiver() },
      message,
      group: { until: 'end' },
    });
    const { complete } = await daemon.finished;
    expect(complete).toBe(true);
    await arrival(logs);
    await real.stop();
  }

  /** At a rate that the receiver can follow: datagrams have no other way of not being lost. */
  async function shipLive(): Promise<void> {
    const daemon = await startDaemon(emulator, { receiver: { port: real.port, ...receiver() }, message });
    for (let done = 0; done < logs; done += 500) {
      emulator.append({ logs: 500 });
      await arrival(done + 500);
    }
    expect((await daemon.drain(10_000)).complete).toBe(true);
    await real.stop();
  }

  /** The receiver writes a moment after it has read. */
  function arrival(count: number): Promise<void> {
    return eventually(async () => expect((await real.messages()).length).toBe(count));
  }
});
