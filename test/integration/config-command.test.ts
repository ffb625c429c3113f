/** The command as a user runs it, from the empty directory to a file that is accepted. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCli } from '../support/daemons/cli.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sls-syslog-config-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function config(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const cli = startCli(['config', ...args], env);
  const exitCode = await cli.exited;
  return { exitCode, out: cli.stdout.join('\n'), error: cli.stderr.join('\n') };
}

test('init, fill in, check, show, break, check again', async () => {
  const file = join(directory, 'siem.yaml');
  const env = { SLS_AK_ID: 'LTAI5tExampleKeyId', SLS_AK_KEY: 'example-key-secret' };
  expect(await config(['init', '--preset', 'qradar', file])).toMatchObject({ exitCode: 0, error: '' });
  expect((await config(['check', file], env)).exitCode).toBe(2);

  const values: Readonly<Record<string, string>> = { endpoint: 'cn-hangzhou.log.aliyuncs.com', host: 'siem.corp' };
  const filled = (await readFile(file, 'utf8')).replace(/<([a-z-]+)>/g, (_, name: string) => values[name] ?? name);
  await writeFile(file, filled);
  expect(await config(['check', file], env)).toEqual({
    exitCode: 0,
    out: '1 source, 1 receiver, 1 pipeline: fine',
    error: '',
  });

  const { exitCode, out } = await config(['show', '--json', file, '--port', '1514'], env);
  expect(exitCode).toBe(0);
  expect(out).not.toContain('example-key-secret');
  expect(JSON.parse(out)).toMatchObject({
    receivers: {
      default: {
        host: { value: ['siem.corp'], origin: expect.stringMatching(/siem\.yaml:\d+$/) },
        port: { value: '1514', origin: '--port' },
        framing: { value: 'lf', origin: 'preset qradar over tcp' },
      },
    },
  });

  await writeFile(file, `${filled}serverity: err\n`);
  const { exitCode: refused, error } = await config(['check', file], env);
  expect(refused).toBe(2);
  expect(error).toContain('unknown key "serverity"; did you mean "severity"?');
  expect(error).toContain(`siem.yaml:${filled.split('\n').length}`);
});

test('schema is JSON, and nothing else', async () => {
  const { exitCode, out, error } = await config(['schema']);
  expect([exitCode, error]).toEqual([0, '']);
  expect(JSON.parse(out)).toMatchObject({ properties: { sources: {}, receivers: {}, pipelines: {}, where: {} } });
});
