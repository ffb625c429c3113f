/**
 * The daemon's local time is that of `date`, where a zone file is mounted at /etc/localtime: there it is a link, as in
 * most images, and the file comes to lie behind its name, Etc/UTC. In a mount namespace of its own.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createEmulator, DEMO_CREDENTIALS, type Emulator } from '../../src/emulator/emulator.ts';
import { type CliProcess, startCli } from '../support/daemons/cli.ts';

const shanghai = '/usr/share/zoneinfo/Asia/Shanghai';
const missing = reasonToSkip();
if (missing) console.warn(`SKIPPED: /etc/localtime that is mounted: ${missing}`);

/** Becomes a command in a mount namespace where `file` is at /etc/localtime. */
function mounted(file: string): readonly string[] {
  return ['unshare', '-rm', 'sh', '-c', 'mount --bind "$0" /etc/localtime && exec "$@"', file];
}

function reasonToSkip(): string | undefined {
  if (process.platform !== 'linux') return 'mount namespaces are of Linux';
  for (const file of [shanghai, '/etc/localtime']) if (!existsSync(file)) return `there is no ${file}`;
  const [command = '', ...args] = [...mounted(shanghai), 'true'];
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? undefined : `no mount namespace: ${error?.message ?? stderr.trim()}`;
}

describe('local time', () => {
  let directory: string;
  let emulator: Emulator;
  let receiver: Server;
  let received: string;
  let environment: Record<string, string>;
  const running: CliProcess[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'time-zone-'));
    emulator = createEmulator({ shards: 1 });
    received = '';
    receiver = createServer((socket) => socket.on('data', (data) => (received += data)));
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const { endpoint } = await emulator.start();
    environment = {
      SLS_ENDPOINT: endpoint,
      SLS_PROJECT: 'demo',
      SLS_LOGSTORE: 'logs',
      SLS_CG: 'siem',
      SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
      SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
      SLS_SYSLOG_LOG_FORMAT: 'json',
      SYSLOG_HOST: '127.0.0.1',
      SYSLOG_PORT: String((receiver.address() as AddressInfo).port),
      SYSLOG_RFC: '3164',
      SYSLOG_FRAMING: 'lf',
      SYSLOG_HOSTNAME: 'h',
      SYSLOG_FORMAT: 'template',
      SYSLOG_TEMPLATE: '{__time__:iso}',
    };
  });

  afterAll(async () => {
    receiver.close();
    await emulator.close();
    await rm(directory, { recursive: true });
  });

  afterEach(async () => {
    // One that is to end by itself, and does not, would run on.
    await Promise.all(running.splice(0).map((each) => each.stop('SIGKILL')));
  });

  function start(...args: Parameters<typeof startCli>): CliProcess {
    const cli = startCli(...args);
    running.push(cli);
    return cli;
  }

  it.skipIf(missing)(
    'is 8 h ahead where Asia/Shanghai is mounted behind the link, in stamps and in the first line',
    async () => {
      const [command = '', ...args] = [...mounted(shanghai), 'date', '+%:z'];
      expect(spawnSync(command, args, { encoding: 'utf8', env: { PATH: process.env.PATH } }).stdout.trim()).toBe(
        '+08:00',
      );

      emulator.append({ logs: 20 });
      const cli = start(['run', '--until', 'end', '--from', 'begin'], environment, mounted(shanghai));
      expect(await cli.exited).toBe(0);
      const lines = received.trimEnd().split('\n');
      expect(lines).toHaveLength(20);
      for (const line of lines) {
        const [, stamp, iso = ''] = /^<\d+>(\w{3} [ \d]\d \d\d:\d\d:\d\d) h \w+: (\S+)$/.exec(line) ?? [];
        expect(stamp, line).toBe(legacyStamp(Date.parse(iso) + 8 * 3_600_000));
      }
      const first = await cli.waitForLog('sls-syslog starts');
      expect(first.timeZones).toEqual([expect.stringMatching(/^local: \S+ by \/etc\/localtime, UTC\+08:00$/)]);
    },
  );

  it.skipIf(missing)('is said by config show', async () => {
    const cli = start(['config', 'show'], environment, mounted(shanghai));
    expect(await cli.exited).toBe(0);
    expect(cli.stdout.find((line) => /^ +timezone /.test(line))).toMatch(
      /timezone +local +derived; \S+ by \/etc\/localtime, UTC\+08:00$/,
    );
  });

  it.skipIf(missing)('that is no zone file ends the start with exit code 2', async () => {
    const file = path.join(directory, 'no-zone');
    await writeFile(file, 'Asia/Shanghai\n');
    const cli = start(['run'], environment, mounted(file));
    expect(await cli.exited).toBe(2);
    expect(cli.stderr.join('\n')).toContain(
      '/etc/localtime is no zone file (TZif); mount a file of /usr/share/zoneinfo',
    );
  });

  it('of a TZ that does not exist ends the start with exit code 2, and says what to do', async () => {
    const cli = start(['run'], { ...environment, TZ: 'Asia/Nowhere' });
    expect(await cli.exited).toBe(2);
    expect(cli.stderr.join('\n')).toMatch(/TZ is "Asia\/Nowhere", and there is no such zone.*such as Asia\/Shanghai/s);
  });
});

/** `Nov 20 18:11:12` */
function legacyStamp(ms: number): string {
  // Fri, 20 Nov 2026 18:11:12 GMT
  const [, day, month, , time] = new Date(ms).toUTCString().split(' ');
  return `${month} ${String(Number(day)).padStart(2)} ${time}`;
}
