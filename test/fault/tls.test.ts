/** TLS: certificates that change, and a proxy that ends connections for a receiver that is dead. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createChoices } from '../support/arbitraries/seed.ts';
import { type FaultRun, patient, startFaultRun } from '../support/daemons/fault-run.ts';
import { tail } from '../support/receivers/arrivals.ts';
import { type Authority, createAuthority, type Identity, issue } from '../support/receivers/certificates.ts';
import { missingProxy, startProxy, type TcpProxy } from '../support/receivers/haproxy.ts';
import {
  missingReceiver,
  type RealReceiver,
  type ReceiverTls,
  startRsyslog,
  startSyslogNg,
  syslogNgWindow,
} from '../support/receivers/real-receivers.ts';
import {
  createScriptedReceiver,
  reads,
  renegotiatesAfter,
  type ScriptedReceiver,
} from '../support/receivers/scripted-receiver.ts';
import { waitUntil } from '../support/wait-until.ts';

const loopback = { commonName: 'receiver', ipAddresses: ['127.0.0.1'] };
const dayMs = 24 * 3_600_000;

let directory: string;
let authority: Authority;
let identity: Identity;
let files: ReceiverTls;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'fault-tls-'));
  authority = await createAuthority('fault tests');
  identity = await issue(authority, loopback);
  files = {
    caFile: path.join(directory, 'ca.pem'),
    certFile: path.join(directory, 'cert.pem'),
    keyFile: path.join(directory, 'key.pem'),
  };
  await writeFile(files.caFile, authority.pem);
  await writeFile(files.certFile, identity.cert);
  await writeFile(files.keyFile, identity.key, { mode: 0o600 });
});

afterAll(() => rm(directory, { recursive: true, force: true }));

const args = (port: number) => ['--host', '127.0.0.1', '--port', String(port), ...patient];
const tlsArgs = (port: number) => [
  ...args(port),
  ...['--proto', 'tls', '--ca', files.caFile, '--cert', files.certFile, '--key', files.keyFile],
];

describe('a TLS receiver', () => {
  let receiver: ScriptedReceiver;
  let run: FaultRun;

  afterEach(async () => {
    await run.close();
    await receiver.close();
  });

  async function start(maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3'): Promise<void> {
    receiver = await createScriptedReceiver({ tls: { cert: identity.cert, key: identity.key, maxVersion } });
    run = await startFaultRun({ arrivals: receiver, args: tlsArgs(receiver.port) });
    await run.moreArrived(500);
  }

  it('that gets a new certificate of the same authority: nothing is lost or sent twice', async () => {
    await start();
    for (let renewal = 0; renewal < 3; renewal++) {
      const renewed = await issue(authority, loopback);
      receiver.setCertificate({ cert: renewed.cert, key: renewed.key });
      const before = receiver.connections;
      await waitUntil(() => expect(receiver.connections).toBeGreaterThan(before));
      await run.moreArrived(500);
    }
    const { generated, received, duplicates, violations } = await run.settle();
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
    expect(duplicates).toBe(0);
    expect(await run.daemon.stop()).toBe(0);
  });

  it('that asks for renegotiation is refused it, which breaks the connection: nothing is lost', async () => {
    await start('TLSv1.2');
    let asked = 0;
    const before = receiver.broken;
    const choices = createChoices('renegotiation');
    receiver.behave(renegotiatesAfter(choices.between(0, 100_000), () => asked++));
    // OpenSSL, on the receiver's side, takes the refusal for an error; were it granted, nothing would break.
    await waitUntil(() => {
      expect(receiver.broken).toBeGreaterThanOrEqual(before + 3);
      expect(run.daemon.logged().map((line) => line.code)).toContain('tls-handshake-refused');
    });
    expect(asked).toBeGreaterThanOrEqual(3);
    receiver.behave(reads);
    receiver.resetAll();
    await run.moreArrived(2_000);
    const { generated, received, violations } = await run.settle();
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
    expect(await run.daemon.stop()).toBe(0);
  });

  it.each<[string, string, () => Promise<Identity>]>([
    ['another name', 'tls-wrong-name', () => issue(authority, { commonName: 'other', dnsNames: ['other.example'] })],
    ['another authority', 'tls-unknown-ca', async () => issue(await createAuthority('somebody else'), loopback)],
    [
      'an expired certificate',
      'tls-certificate-expired',
      () =>
        issue(authority, {
          ...loopback,
          notBefore: new Date(Date.now() - 2 * dayMs),
          notAfter: new Date(Date.now() - dayMs),
        }),
    ],
  ])(
    'that comes back with %s gets nothing, until it has the right one again: nothing is lost',
    async (_, code, issueWrong) => {
      await start();
      const wrong = await issueWrong();
      receiver.setCertificate({ cert: wrong.cert, key: wrong.key });
      receiver.resetAll();
      await waitUntil(() => expect(run.daemon.logged().map((line) => line.code)).toContain(code));
      const before = receiver.taken;
      await sleep(500); // in which nothing may come
      expect(receiver.taken).toBe(before);
      receiver.setCertificate({ cert: identity.cert, key: identity.key });
      await run.moreArrived(1_000);
      const { generated, received, violations } = await run.settle();
      expect(violations).toEqual([]);
      expect(received).toBe(generated);
      expect(await run.daemon.stop()).toBe(0);
    },
  );
});

const missingSyslogNg = missingReceiver('syslog-ng');
if (missingSyslogNg) console.warn(`SKIPPED: a killed syslog-ng: ${missingSyslogNg}`);

describe.skipIf(missingSyslogNg)('syslog-ng over TLS, killed in full flow', () => {
  let syslogNg: RealReceiver;
  let run: FaultRun;

  afterEach(async () => {
    await run.close();
    await syslogNg.dispose();
  });

  it('loses at most what it held itself', async () => {
    const kills = 5;
    syslogNg = await startSyslogNg('syslog-tls', files, true);
    run = await startFaultRun({ arrivals: tail(syslogNg.output), args: tlsArgs(syslogNg.port) });
    const choices = createChoices('syslog-ng killed');
    for (let kill = 0; kill < kills; kill++) {
      await run.moreArrived(500);
      await sleep(choices.between(0, 500));
      await syslogNg.kill();
      await syslogNg.restart();
    }
    await run.moreArrived(500);
    const { generated, lost, duplicates } = await run.settle();
    console.info(`${generated} logs, ${kills} kills, ${lost} lost by syslog-ng, ${duplicates} duplicated`);
    // It answers the end of a connection when it has read everything, written or not: its own memory is its own.
    expect(lost).toBeLessThanOrEqual(kills * syslogNgWindow);
    expect(await run.daemon.stop()).toBe(0);
  });
});

const missing = missingReceiver('rsyslog') ?? missingProxy();
if (missing) console.warn(`SKIPPED: behind a proxy: ${missing}`);

describe.skipIf(missing)('rsyslog behind HAProxy, killed with everything in the buffers', () => {
  let rsyslog: RealReceiver;
  let proxy: TcpProxy;
  let run: FaultRun;

  afterEach(async () => {
    await run.close();
    await proxy.close();
    await rsyslog.dispose();
  });

  it.each([
    ['plain TCP, where the proxy answers for the dead: logs are lost', 'imptcp', true],
    ['TLS passed through: nothing is lost', 'imtcp-tls', false],
  ] as const)('%s', async (what, input, losesLogs) => {
    const kills = 4;
    rsyslog = await startRsyslog(input, files, 'Direct');
    proxy = await startProxy(rsyslog.port);
    run = await startFaultRun({
      arrivals: tail(rsyslog.output),
      args: input === 'imptcp' ? args(proxy.port) : tlsArgs(proxy.port),
    });
    const choices = createChoices(what);
    // On a busy machine a confirmation is often not asked for in time, and then nothing is lost.
    const isShown = (kill: number) => kill >= kills && (!losesLogs || kill === 40 || run.invariant.findings.lost > 0);
    for (let kill = 0; !isShown(kill); kill++) {
      await run.moreArrived(500);
      await sleep(choices.between(0, 400));
      rsyslog.pause();
      await sleep(800); // a confirmation is asked for meanwhile
      await rsyslog.kill();
      await sleep(choices.between(50, 300));
      await rsyslog.restart();
    }
    await run.moreArrived(500);
    const { generated, lost, duplicates, violations } = await run.settle();
    console.info(`${what}: ${generated} logs, ${lost} lost, ${duplicates} duplicated`);
    expect(lost > 0).toBe(losesLogs);
    if (!losesLogs) expect(violations).toEqual([]);
  });
});
