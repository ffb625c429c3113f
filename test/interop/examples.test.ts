/** The receivers' configurations in examples/, as they stand there but for ports and paths. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReceiverConfig, TlsConfig } from '../../src/config/model/receivers.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { startDaemon } from '../support/daemons/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { createAuthority, issue } from '../support/receivers/certificates.ts';
import { freePort, launch, missingReceiver, type RealReceiver } from '../support/receivers/real-receivers.ts';

const logs = 500;

/** Ports as they are in the examples, and what each is for. */
const inputs = {
  rsyslog: {
    '10514': [{}, { protocol: 'udp', framing: 'datagram' }],
    '6514': [{ protocol: 'tls' }],
  },
  'syslog-ng': {
    '10601': [{}],
    '6514': [{ protocol: 'tls' }],
    '10514': [{ framing: 'lf' }, { protocol: 'udp', framing: 'datagram' }],
  },
} satisfies Record<string, Record<string, Partial<ReceiverConfig>[]>>;

describe.each(['rsyslog', 'syslog-ng'] as const)('examples/receivers/%s', (program) => {
  const missing = missingReceiver(program);
  if (missing) console.warn(`SKIPPED: examples/receivers/${program}: ${missing}`);
  let emulator: Emulator;
  let real: RealReceiver;
  let ports: Map<string, number>;
  let tls: TlsConfig;

  beforeEach(async () => {
    if (missing) return;
    emulator = createEmulator();
    emulator.append({ logs });
    const directory = await mkdtemp(path.join(os.tmpdir(), `example-${program}-`));
    const authority = await createAuthority('examples CA');
    const server = await issue(authority, { commonName: 'receiver', ipAddresses: ['127.0.0.1'] });
    const client = await issue(authority, { commonName: 'sls-syslog' });
    tls = { ca: authority.pem, cert: client.cert, key: client.key, fingerprints: [], insecure: false };
    const files = { 'ca.pem': authority.pem, 'server.pem': server.cert, 'server-key.pem': server.key };
    for (const [name, data] of Object.entries(files))
      await writeFile(path.join(directory, name), data, { mode: 0o600 });

    const example = new URL(`../../examples/receivers/${program}/sls-syslog.conf`, import.meta.url);
    let config = await readFile(fileURLToPath(example), 'utf8');
    const output = path.join(directory, 'sls.log');
    config = config.replaceAll(`/etc/${program === 'rsyslog' ? 'rsyslog.d' : 'syslog-ng'}/tls`, directory);
    config = config.replaceAll('/var/log/sls.log', output);
    ports = new Map();
    for (const port of Object.keys(inputs[program])) {
      ports.set(port, await freePort());
      expect(config).toContain(port);
      config = config.replaceAll(port, String(ports.get(port)));
    }
    if (program === 'syslog-ng') config = `@version: 3.38\n${config}`;
    await writeFile(path.join(directory, `${program}.conf`), config);
    real = await launch(program, directory, output, ports.get('6514') ?? 0, 'tcp');
  });

  afterEach(async () => {
    if (missing) return;
    await real.dispose();
    await emulator.close();
  });

  it.skipIf(missing)('takes logs on every input', async () => {
    let arrived = 0;
    for (const [port, receivers] of Object.entries(inputs[program])) {
      for (const receiver of receivers as Partial<ReceiverConfig>[]) {
        const daemon = await startDaemon(emulator, {
          receiver: { port: ports.get(port) ?? 0, ...receiver, ...(receiver.protocol === 'tls' && { tls }) },
          group: { until: 'end', name: `group-${arrived}` },
        });
        expect((await daemon.finished).complete).toBe(true);
        arrived += logs;
        await eventually(async () => expect((await real.lines()).length).toBe(arrived));
        expect((await real.lines()).at(-1)).toMatch(/^\S+ web-01 sls \|\|__topic__=.*\|\|seq=\d+-\d+$/);
      }
    }
  });
});
