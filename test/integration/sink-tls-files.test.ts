/** Files of the TLS settings that are replaced while the sink runs, and dates that come near meanwhile. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readTlsFiles, type TlsFilePaths } from '../../src/config/sources/tls-files.ts';
import { createTlsFilesReader } from '../../src/config/sources/tls-files-again.ts';
import { systemClock } from '../../src/core/time/clock.ts';
import {
  type Authority,
  createAuthority,
  type Identity,
  issue,
  revocationList,
} from '../support/receivers/certificates.ts';
import { eventually, never, type SinkUnderTest } from '../support/receivers/sink-harness.ts';
import { useSinkScope } from '../support/receivers/sink-scope.ts';
import type { TcpPeer } from '../support/receivers/tcp-peer.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const { createPeer, createSink, onEnd } = useSinkScope();

let authority: Authority;
let server: Identity;
let first: Identity;
let second: Identity;
let directory: string;

beforeAll(async () => {
  authority = await createAuthority('our CA');
  server = await issue(authority, { commonName: 'siem', ipAddresses: ['127.0.0.1'] });
  [first, second] = await Promise.all([
    issue(authority, { commonName: 'first' }),
    issue(authority, { commonName: 'second' }),
  ]);
});

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'sls-syslog-files-'));
  onEnd(() => rm(directory, { recursive: true, force: true }));
});

async function save(name: string, data: Buffer | string): Promise<string> {
  const file = path.join(directory, name);
  // As whoever renews certificates does it: the old one or the new one is there, never a half.
  await writeFile(`${file}.new`, data);
  await rename(`${file}.new`, file);
  return file;
}

interface Pair {
  readonly peer: TcpPeer;
  readonly under: SinkUnderTest;
  /** The next connection, which follows the one that is up. */
  readonly again: () => Promise<TLSSocket>;
}

async function pairOf(paths: TlsFilePaths, identity = server): Promise<Pair> {
  const { cert, key } = identity;
  const peer = await createPeer({
    tls: { cert, key, requestCert: true, rejectUnauthorized: false, ca: authority.pem },
  });
  const { files, problems } = readTlsFiles(paths);
  expect(problems).toEqual([]);
  const readAgain = createTlsFilesReader(paths, undefined);
  const under = createSink({ protocol: 'tls', port: peer.port, tls: { ...files, readAgain } });
  await under.sink.start(never);
  let index = 0;
  const again = async () => {
    (await peer.connection(index)).reset();
    index += 1;
    return (await peer.connection(index)).socket as TLSSocket;
  };
  return { peer, under, again };
}

const clientOf = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;
const warnings = ({ told }: SinkUnderTest) => told().filter(({ message }) => message.startsWith('files of the TLS'));

describe('a certificate and key of our own that are replaced', () => {
  it('are shown by the next connection, which resumes no session', async () => {
    const paths = {
      ca: await save('ca.pem', authority.pem),
      cert: await save('c.pem', first.cert),
      key: await save('k.pem', first.key),
    };
    const { under, again } = await pairOf(paths);
    expect(clientOf(await again())).toBe('first');
    await save('k.pem', second.key);
    await save('c.pem', second.cert);
    const socket = await again();
    expect(clientOf(socket)).toBe('second');
    expect(socket.isSessionReused()).toBe(false);
    expect(warnings(under)).toMatchObject(
      [
        {
          level: 'info',
          message: /new connections use them/,
          fields: { changed: ['cert', 'key'], subject: /CN=second/ },
        },
      ].map((each) => ({
        ...each,
        message: expect.stringMatching(each.message),
        fields: { ...each.fields, subject: expect.stringMatching(each.fields.subject) },
      })),
    );
    // And is used again: nothing is read or told twice.
    expect((await again()).isSessionReused()).toBe(true);
    expect(warnings(under)).toHaveLength(1);
  });

  it('go on as they were while the new ones do not fit each other, with one warning', async () => {
    const paths = {
      ca: await save('ca.pem', authority.pem),
      cert: await save('c.pem', first.cert),
      key: await save('k.pem', first.key),
    };
    const { under, again } = await pairOf(paths);
    await save('c.pem', second.cert);
    await again();
    expect(clientOf(await again())).toBe('first');
    expect(warnings(under).map(({ level, fields }) => [level, fields.reason])).toEqual([
      ['warn', `key: ${paths.key} is not the private key of the certificate in ${paths.cert}`],
    ]);
    await save('k.pem', second.key);
    expect(clientOf(await again())).toBe('second');
    expect(warnings(under).map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it.each([
    ['damaged', (file: string) => writeFile(file, 'half a cert'), /is not PEM/],
    ['gone', (file: string) => rm(file), /does not exist/],
  ])('go on as they were when the new one is %s, until it is mended', async (_, spoil, reason) => {
    const both = `${first.cert}\n${first.key}`;
    const paths = { ca: await save('ca.pem', authority.pem), cert: await save('c.pem', both) };
    const { under, again } = await pairOf(paths);
    await spoil(paths.cert);
    expect(clientOf(await again())).toBe('first');
    expect(warnings(under)).toMatchObject([{ level: 'warn', fields: { reason: expect.stringMatching(reason) } }]);
    await save('c.pem', both);
    expect(clientOf(await again())).toBe('first');
    expect(warnings(under)[1]).toMatchObject({ level: 'info', message: expect.stringMatching(/as they were/) });
  });
});

describe('an authority that is replaced', () => {
  it('is the one that counts from the next connection on', async () => {
    const other = await createAuthority('other CA');
    const paths = { ca: await save('ca.pem', authority.pem) };
    const { peer, under } = await pairOf(paths);
    await save('ca.pem', other.pem);
    (await peer.connection(0)).reset();
    await eventually(() =>
      expect(under.sink.status.lastError).toMatch(/authority that is not trusted here \(CN=our CA/),
    );
    await save('ca.pem', authority.pem);
    await eventually(() => expect(under.sink.status.state).toBe('up'));
  });
});

describe('a revocation list that is replaced', () => {
  it('refuses a receiver that it has come to name', async () => {
    const paths = {
      ca: await save('ca.pem', authority.pem),
      crl: await save('crl.pem', await revocationList(authority)),
    };
    const { peer, under, again } = await pairOf(paths);
    await again();
    await save('crl.pem', await revocationList(authority, [server]));
    (await peer.connection(1)).reset();
    await eventually(() => expect(under.sink.status.lastError).toMatch(/is revoked.*--crl/));
  });
});

describe('a disk that hangs', () => {
  it('keeps no connection waiting for long', async () => {
    const { cert, key } = server;
    const peer = await createPeer({ tls: { cert, key } });
    const readAgain = () => new Promise<undefined>(() => undefined);
    const under = createSink({ protocol: 'tls', port: peer.port, tls: { ca: authority.pem, readAgain } });
    await under.sink.start(never);
    expect(under.sink.status.state).toBe('up');
  });
});

describe('our own certificate', () => {
  it('is watched while a connection stands: warned of from 30 days before its end, once a day', async () => {
    let nowMs = Date.now();
    const looks = new Set<() => void>();
    const clock = {
      ...systemClock,
      now: () => nowMs,
      interval: (ms: number, look: () => void) => {
        looks.add(look);
        return systemClock.interval(ms, look);
      },
    };
    const notAfter = new Date(nowMs + 100 * DAY_MS);
    const soon = await issue(authority, { commonName: 'soon', notAfter });
    const peer = await createPeer({
      tls: { cert: server.cert, key: server.key, requestCert: true, ca: authority.pem },
    });
    const tls = { ca: authority.pem, cert: soon.cert, key: soon.key };
    const under = createSink({ protocol: 'tls', port: peer.port, tls, clock });
    await under.sink.start(never);
    const saidAt = (daysLeft: number) => {
      nowMs = notAfter.getTime() - daysLeft * DAY_MS;
      const before = under.lines.length;
      for (const look of looks) look();
      return under.lines.slice(before).map(({ level, message }) => `${level}: ${message}`);
    };
    expect(saidAt(30.1)).toEqual([]);
    expect(saidAt(29.5)).toEqual([
      expect.stringMatching(/^warn: our own certificate \(--cert\) expires in 29 days, at .*renew it/),
    ]);
    expect(saidAt(29.2)).toEqual([]);
    expect(saidAt(28.4)).toEqual([expect.stringMatching(/expires in 28 days/)]);
    expect(saidAt(-1)).toEqual([expect.stringMatching(/^warn: our own certificate \(--cert\) expired at/)]);
    expect(peer.connections).toHaveLength(1);
  });
});
