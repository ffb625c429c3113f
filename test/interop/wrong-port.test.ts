/** Plain TCP to the TLS ports of real receivers: what they answer, and that it is told. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, issue } from '../support/receivers/certificates.ts';
import { missingReceiver, type ReceiverTls, startRsyslog, startSyslogNg } from '../support/receivers/real-receivers.ts';
import { eventually, never } from '../support/receivers/sink-harness.ts';
import { useSinkScope } from '../support/receivers/sink-scope.ts';

const { createSink, onEnd } = useSinkScope();

let directory: string;
let tls: ReceiverTls;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'wrong-port-'));
  const authority = await createAuthority('CA');
  const server = await issue(authority, { commonName: 'receiver', ipAddresses: ['127.0.0.1'] });
  const save = async (name: string, data: Buffer) => {
    const file = path.join(directory, name);
    await writeFile(file, data, { mode: 0o600 });
    return file;
  };
  tls = {
    caFile: await save('ca.pem', authority.pem),
    certFile: await save('server.pem', server.cert),
    keyFile: await save('server-key.pem', server.key),
  };
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each([
  { program: 'rsyslog' as const, start: () => startRsyslog('imtcp-tls', tls) },
  { program: 'syslog-ng' as const, start: () => startSyslogNg('syslog-tls', tls) },
])('$program', ({ program, start }) => {
  const missing = missingReceiver(program);
  const skipped = missing ? ` (skipped: ${missing})` : '';

  it.skipIf(missing)(`says by an alert that its port speaks TLS, and nothing is confirmed${skipped}`, async () => {
    const up = await start();
    onEnd(() => up.dispose());
    const under = createSink({ port: up.port, confirm: 'auto' });
    under.sink.start(never).catch(() => undefined);
    under.send(1, ['20 <134>1 - - - - - - x']).catch(() => undefined);
    const told = () => under.told().filter(({ message }) => message.includes('the port speaks TLS'));
    await eventually(() => expect(told()).toMatchObject([{ level: 'warn', fields: { code: 'tls-port' } }]));
    expect(under.told().some(({ message }) => message.includes('deliveries are confirmed'))).toBe(false);
    expect(under.events.count('confirmed')).toBe(0);
  });

  it.skipIf(missing)(`asks whether its port speaks TLS, where nothing is confirmed${skipped}`, async () => {
    const up = await start();
    onEnd(() => up.dispose());
    const under = createSink({ port: up.port, confirm: 'off' });
    await under.sink.start(never);
    let id = 0;
    await eventually(async () => {
      under.send(++id, ['20 <134>1 - - - - - - x']).catch(() => undefined);
      expect(under.told().some(({ fields }) => fields.code === 'port-refused')).toBe(true);
    });
  });
});
