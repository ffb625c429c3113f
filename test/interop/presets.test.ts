/**
 * `--preset splunk-sc4s` against a real syslog-ng that reads as SC4S's does: every transport, every listener that SC4S
 * opens by default. The configuration is that of SC4S's template
 * (package/shared/conf.d/sources/source_syslog/plugin.jinja and sc4slib/global_options/plugin.jinja of
 * github.com/splunk/splunk-connect-for-syslog), with its defaults, down to where a message's fields are known; other
 * ports stand for its own. Left out: `validate-utf8` and `no-rfc3164-fallback`, which syslog-ng 3.38 does not know; what
 * is no RFC 5424 is written as `not-5424` here.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MessageConfig } from '../../src/config/model/config.ts';
import type { TlsConfig } from '../../src/config/model/receivers.ts';
import { presets, transports } from '../../src/config/settings/presets.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { load } from '../support/daemons/config.ts';
import { startDaemon } from '../support/daemons/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { createAuthority, issue } from '../support/receivers/certificates.ts';
import { freePort, launch, missingReceiver, type RealReceiver } from '../support/receivers/real-receivers.ts';

const logs = 300;
/** As many datagrams as fit into a socket's buffer: the receiver may get no turn while they are sent. */
const datagrams = 60;
/** As the template opens them; network() with `no-parse` is for any format. */
const drivers = {
  udp: { 514: 'network(transport("udp") TAIL flags(no-parse))', 601: 'syslog(transport("udp") TAIL)' },
  tcp: { 514: 'network(transport("tcp") TAIL flags(no-parse))', 601: 'syslog(transport("tcp") TAIL)' },
  tls: { 6514: 'network(transport("tls") TAIL flags(no-parse) TLS)', 5425: 'syslog(transport("tls") TAIL TLS)' },
} as const;
type Drivers = Readonly<Record<string, string>>;

const missing = missingReceiver('syslog-ng');
if (missing) console.warn(`SKIPPED: presets: ${missing}`);

let directory: string;
let tlsBlock: string;
let clientTls: TlsConfig;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'presets-tls-'));
  const authority = await createAuthority('interop CA');
  const server = await issue(authority, { commonName: 'receiver', ipAddresses: ['127.0.0.1'] });
  const [keyFile, certFile] = [path.join(directory, 'key.pem'), path.join(directory, 'cert.pem')];
  await writeFile(keyFile, server.key, { mode: 0o600 });
  await writeFile(certFile, server.cert);
  tlsBlock = `tls(key-file("${keyFile}") cert-file("${certFile}") ssl-options(no-sslv2, no-sslv3, no-tlsv1) peer-verify(no))`;
  clientTls = { ca: authority.pem, fingerprints: [], insecure: false };
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function startSc4s(proto: keyof typeof drivers, itsPort: string): Promise<RealReceiver> {
  const itsDirectory = await mkdtemp(path.join(os.tmpdir(), 'sc4s-'));
  const port = await freePort();
  const output = path.join(itsDirectory, 'out');
  const tail = `so-reuseport(1) ip("127.0.0.1") port(${port}) keep-timestamp(yes) use-dns(no) use-fqdn(no) chain-hostnames(off)`;
  const driver = (drivers[proto] as Drivers)[itsPort]!.replace('TAIL', tail).replace('TLS', tlsBlock);
  // Of syslog() the message is parsed already.
  const parse = driver.startsWith('network')
    ? 'if { parser { syslog-parser(drop-invalid(yes) flags(syslog-protocol, assume-utf8)); }; }; '
    : '';
  const columns = ['PRI', 'ISODATE', 'HOST', 'PROGRAM', 'PID', 'MSGID', 'SDATA', 'MESSAGE'].map(
    (name) => `\${${name}}`,
  );
  await writeFile(
    path.join(itsDirectory, 'syslog-ng.conf'),
    `@version: 3.38
options { log_msg_size(65536); flush_lines(100); chain_hostnames(yes); use_dns(no); use_fqdn(no); keep-hostname(yes);
  normalize-hostnames(yes); on-error(fallback-to-string); frac-digits(3); recv-time-zone("GMT"); send-time-zone("GMT"); };
log {
  source { ${driver}; };
  ${parse}
  destination { file("${output}" template("${columns.join('\\t')}\\n") template-escape(no)); };
};
`,
  );
  return launch('syslog-ng', itsDirectory, output, port, proto === 'udp' ? 'udp' : 'tcp');
}

const cells = transports.flatMap((proto) =>
  presets['splunk-sc4s'].listeners[proto].map(({ port }, index) => ({ proto, port: port.value, isFirst: index === 0 })),
);

it('the preset splunk-sc4s has the listeners that SC4S opens', () => {
  for (const proto of transports) {
    const listeners = presets['splunk-sc4s'].listeners[proto].map(({ port }) => port.value);
    expect(listeners.toSorted()).toEqual(Object.keys(drivers[proto]).toSorted());
  }
});

describe.skipIf(missing)('--preset splunk-sc4s, and SC4S', () => {
  let emulator: Emulator;
  let sc4s: RealReceiver;

  beforeEach(() => {
    emulator = createEmulator({ profile: 'nasty', shards: 1 });
  });

  afterEach(async () => {
    await sc4s.dispose();
    await emulator.close();
  });

  it.each(cells)('$proto, $port: each log is one event', async ({ proto, port, isFirst }) => {
    // The first listener's port goes without saying.
    const { receiver, message } = load(
      {},
      {
        '--preset': 'splunk-sc4s',
        '--proto': proto,
        ...(!isFirst && { '--port': port }),
      },
    ).config;
    expect(receiver.port).toBe(Number(port));
    sc4s = await startSc4s(proto, port);
    const count = proto === 'udp' ? datagrams : logs;
    await ship({ protocol: proto, framing: receiver.framing }, { ...message, tag: 'sls', hostname: 'web-01' }, count);
    const events = await sc4s.messages();
    expect(events.length).toBe(count);
    for (const { message: text, hostname, appName } of events) {
      expect([hostname, appName]).toEqual(['web-01', 'sls']);
      expect(JSON.parse(Buffer.from(text, 'latin1').toString())).toHaveProperty('__source__');
    }
  });

  it('tls, 6514, with octet counting: three logs become one event, and all is confirmed', async () => {
    const { message } = load({}, { '--preset': 'splunk-sc4s', '--proto': 'tls' }).config;
    sc4s = await startSc4s('tls', '6514');
    await ship({ protocol: 'tls', framing: 'octet-counting' }, message, 3, 1);
    const lines = await sc4s.lines();
    expect(lines.length).toBe(1);
  });

  async function ship(
    receiver: { readonly protocol: 'udp' | 'tcp' | 'tls'; readonly framing: 'lf' | 'octet-counting' | 'datagram' },
    message: Partial<MessageConfig>,
    count: number,
    lines = count,
  ): Promise<void> {
    emulator.append({ logs: count });
    const daemon = await startDaemon(emulator, {
      receiver: { port: sc4s.port, ...receiver, ...(receiver.protocol === 'tls' && { tls: clientTls }) },
      message,
      group: { until: 'end' },
    });
    expect((await daemon.finished).complete).toBe(true);
    await eventually(async () => expect((await sc4s.lines()).length).toBe(lines));
    await sc4s.stop();
  }
});
