import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { receiverCommand } from '../../src/cli/receiver/command.ts';
import { createAuthority, issue } from '../support/receivers/certificates.ts';
import { eventually } from '../support/receivers/sink-harness.ts';

const program = new URL('../support/receivers/receiver-program.ts', import.meta.url).pathname;
const children: ChildProcessByStdio<null, Readable, Readable>[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function run(...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => {
    output.stdout += data;
  });
  child.stderr.on('data', (data) => {
    output.stderr += data;
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const port = () =>
    eventually(() => {
      const found = /"port":(\d+)|:\/\/127\.0\.0\.1:(\d+)/.exec(output.stdout + output.stderr);
      expect(found).not.toBeNull();
      return Number(found?.[1] ?? found?.[2]);
    });
  return { child, output, exited, port };
}

function send(port: number, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject).once('close', () => resolve());
    socket.resume().end(text);
  });
}

describe('sls-syslog receiver', () => {
  it('prints messages, one line each, what is in them made visible, and complains of malformed ones', async () => {
    const { child, output, exited, port } = run('--port', '0');
    await send(await port(), '19 <14>1 - h a - - - x23 <14>1 - h a - - - a\n\u001b[35 <14>a20 <14>');
    child.kill('SIGINT');
    expect(await exited).toBe(0);
    expect(output.stdout).toBe('<14>1 - h a - - - x\n<14>1 - h a - - - a\\x0a\\x1b[3\n<14>a\n');
    expect(output.stderr).toMatch(/: malformed at byte 4: TIMESTAMP begins with a month/);
    expect(output.stderr).toMatch(/: the connection ended within a message/);
    expect(output.stderr).toMatch(/3 messages: 0 unique/);
  });

  it('says in JSON when it is ready, and what it has counted when it is stopped', async () => {
    const { child, output, exited, port } = run('--port', '0', '--count', '--json', '--rfc', 'any');
    await send(await port(), '<14>1 - h a - - - ||seq=0-0\n<14>1 - h a - - - ||seq=0-2\nbad||seq=0-2\n');
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
    const lines = output.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      { event: 'ready', protocol: 'tcp', host: '127.0.0.1', port: expect.any(Number) },
      expect.objectContaining({
        event: 'stats',
        messages: 3,
        malformed: 1,
        malformedByRule: { 'a message begins with <PRI>': 1 },
        sequence: { unique: 2, duplicate: 1, missing: 1, outOfOrder: 0, unnumbered: 0, shards: 1 },
      }),
    ]);
    expect(output.stderr).toBe('');
  });

  it('counts over TLS with a client’s certificate', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sls-syslog-'));
    try {
      const authority = await createAuthority('CA');
      const server = await issue(authority, { commonName: 'r', ipAddresses: ['127.0.0.1'] });
      const client = await issue(authority, { commonName: 'c' });
      const file = async (name: string, data: Buffer) => {
        await writeFile(join(directory, name), data, { mode: 0o600 });
        return join(directory, name);
      };
      const tls = ['--cert', await file('c.pem', server.cert), '--key', await file('k.pem', server.key)];
      const { child, output, exited, port } = run(
        ...['--proto', 'tls', '--port', '0', '--count', ...tls, '--client-ca', await file('ca.pem', authority.pem)],
      );
      const { cert, key } = client;
      const socket = connectTls({ port: await port(), host: '127.0.0.1', ca: authority.pem, cert, key });
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.resume().end('5 <14>a');
      await closed;
      child.kill('SIGINT');
      expect(await exited).toBe(0);
      expect(output.stderr).toMatch(/1 messages: .*\n {2}5 bytes over 1 connections; 1 without a sequence number/);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it.each([
    [['--proto', 'sctp'], /--proto.*'sctp' is invalid.*udp, tcp, tls/],
    [['--port', '99999'], /--port 99999 is not a whole number from 0 to 65535/],
    [['--framing', 'nul'], /--framing.*'nul' is invalid/],
    [['--proto', 'tls'], /--cert is missing.*\n.*--key is missing/],
    [['--cert', '/does/not/exist'], /--cert: ENOENT.*\n.*--cert is only for --proto tls/],
    [['--max-message-bytes', '-1'], /--max-message-bytes -1 is not a whole number/],
    [['--nonsense'], /unknown option '--nonsense'/],
  ])('ends with 2 for %j, and says what is wrong', async (args, message) => {
    const { output, exited } = run(...args);
    expect(await exited).toBe(2);
    expect(output.stderr).toMatch(message);
    expect(output.stdout).toBe('');
  });

  it('ends with 1 when the port is taken', async () => {
    const first = run('--port', '0', '--json');
    const second = run('--port', String(await first.port()));
    expect(await second.exited).toBe(1);
    expect(second.output.stderr).toMatch(/cannot listen on 127\.0\.0\.1:\d+: another program has the port/);
  });

  it('explains every option', () => {
    const command = receiverCommand();
    const help = command.helpInformation();
    for (const { long, description } of command.options) {
      expect(help).toContain(long);
      expect(description.length).toBeGreaterThan(5);
    }
  });

  it('counts the events of HEC, with the token of the environment', async () => {
    const { child, output, exited, port } = run('--proto', 'hec', '--port', '0', '--count', '--json', '--no-ack');
    const url = `http://127.0.0.1:${await port()}/services/collector`;
    const post = (body: string) => fetch(url, { method: 'POST', headers: { authorization: 'Splunk t' }, body });
    expect(await (await post('{"event":"a seq=0-0"}{"event":"b seq=0-1"}')).json()).toEqual({
      text: 'Success',
      code: 0,
    });
    expect((await post('nothing')).status).toBe(400);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(JSON.parse(output.stdout.trim().split('\n')[1]!)).toMatchObject({
      event: 'stats',
      events: 2,
      postsByCode: { 0: 1, 6: 1 },
      sequence: { unique: 2, missing: 0 },
    });
  });

  it('prints events, and what was answered at the end', async () => {
    const { child, output, exited, port } = run('--proto', 'hec', '--port', '0', '--index-after', '0s');
    const url = `http://127.0.0.1:${await port()}/services/collector`;
    const headers = { authorization: 'Splunk t', 'x-splunk-request-channel': 'bbbbbbbb-0000-4000-8000-000000000001' };
    await fetch(url, { method: 'POST', headers, body: '{"host":"h","event":"\\u001b[3"}' });
    child.kill('SIGINT');
    expect(await exited).toBe(0);
    expect(output.stdout).toBe('{"host":"h","event":"\\u001b[3"}\n');
    expect(output.stderr).toMatch(/1 events: 0 unique/);
    expect(output.stderr).toMatch(/posts by code: 1 × 0; refused by HTTP status: none/);
  });

  it.each([
    [['--proto', 'hec', '--rfc', '5424'], /--rfc is for syslog/],
    [['--no-ack'], /--no-ack is only for --proto hec/],
    [['--proto', 'hec', '--cert', 'c.pem'], /--key is missing: HTTPS needs a certificate and its key/],
    [['--proto', 'hec', '--index-after', '5'], /--index-after "5" /],
    [['--proto', 'hec', '--indexers', '0'], /--indexers 0 is not a whole number from 1 to 100/],
  ])('refuses %j', async (args, problem) => {
    const { output, exited } = run(...args);
    expect(await exited).toBe(2);
    expect(output.stderr).toMatch(problem);
  });
});
