/**
 * A real receiver gets a SIGTERM while it has something unread. It ends its connections as one does that has read
 * everything: TLS with a close_notify. What it did not write must not be confirmed.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createAuthority, issue } from '../support/receivers/certificates.ts';
import {
  missingReceiver,
  type RealReceiver,
  startRsyslog,
  startSyslogNg,
} from '../support/receivers/real-receivers.ts';
import { eventually, never } from '../support/receivers/sink-harness.ts';
import { useSinkScope } from '../support/receivers/sink-scope.ts';

const logs = 3_000;

const { createSink, onEnd } = useSinkScope();

/** Of one authority: files for the receiver, and what the sink takes. */
async function certificates() {
  const authority = await createAuthority('in peace');
  const server = await issue(authority, { commonName: 'receiver', ipAddresses: ['127.0.0.1'] });
  const directory = await mkdtemp(path.join(os.tmpdir(), 'in-peace-'));
  onEnd(() => rm(directory, { recursive: true, force: true }));
  const save = async (name: string, data: Buffer) => {
    const file = path.join(directory, name);
    await writeFile(file, data, { mode: 0o600 });
    return file;
  };
  const files = {
    caFile: await save('ca.pem', authority.pem),
    certFile: await save('server.pem', server.cert),
    keyFile: await save('server-key.pem', server.key),
  };
  return { files, tls: { ca: authority.pem, cert: server.cert, key: server.key } };
}

describe.each<{ name: string; program: 'rsyslog' | 'syslog-ng'; start: typeof startTls }>([
  { name: 'rsyslog over TLS', program: 'rsyslog', start: startTls },
  {
    name: 'rsyslog over TCP',
    program: 'rsyslog',
    start: async () => ({ up: await startRsyslog('imtcp', undefined, 'Direct') }),
  },
  { name: 'syslog-ng over TLS', program: 'syslog-ng', start: startSyslogNgTls },
])('$name', ({ program, start }) => {
  const missing = missingReceiver(program);

  it.skipIf(missing)(
    `confirms nothing that it has not written, stopped in peace${missing ? ` (skipped: ${missing})` : ''}`,
    async () => {
      const { up, tls } = await start();
      onEnd(() => up.dispose());
      const under = createSink({
        port: up.port,
        confirm: 'on',
        confirmIntervalMs: 600_000,
        strictOrder: true,
        ...(tls && { protocol: 'tls', tls }),
      });
      await under.sink.start(never);
      up.pause();
      const frames = Array.from({ length: logs }, (_, index) => {
        const message = `<134>1 2026-01-01T00:00:00Z host app - - - log ${index} ${'x'.repeat(300)}`;
        return `${message.length} ${message}`;
      });
      await under.send(1, frames);
      await eventually(() => expect(under.events.count('sent')).toBe(1));
      under.sink.confirmSoon();
      await sleep(300); // our end is on its way
      const stopped = up.stop();
      up.resume();
      await stopped;
      await eventually(() => expect(under.events.count('confirmed') + under.events.count('lost')).toBe(1));
      if (under.events.count('confirmed') > 0) expect(await up.lines()).toHaveLength(logs);
    },
  );
});

async function startTls(): Promise<{ up: RealReceiver; tls?: Awaited<ReturnType<typeof certificates>>['tls'] }> {
  const { files, tls } = await certificates();
  return { up: await startRsyslog('imtcp-tls', files, 'Direct'), tls };
}

async function startSyslogNgTls(): ReturnType<typeof startTls> {
  const { files, tls } = await certificates();
  return { up: await startSyslogNg('syslog-tls', files, true), tls };
}
