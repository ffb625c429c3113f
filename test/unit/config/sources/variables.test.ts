import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadFlows, loadReplayConfig } from '../../../../src/config/load.ts';
import { createVariables } from '../../../../src/config/sources/variables.ts';
import { flags, load, problemsOf, requiredEnvironment, testSurroundings } from '../../../support/daemons/config.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sls-syslog-variables-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function configFile(text: string): string {
  const path = join(directory, 'c.yaml');
  writeFileSync(path, text);
  return path;
}

describe('quotes around a whole value, as docker --env-file leaves them', () => {
  test('are no part of any value, and are pointed out by the variable', () => {
    const quoted = Object.fromEntries(
      Object.entries({ ...requiredEnvironment, SYSLOG_TAG: 'web', SYSLOG_HOSTNAME: 'web-01', SYSLOG_PORT: '1514' }).map(
        ([name, value]) => [name, `"${value}"`],
      ),
    );
    const { config, warnings } = load(quoted);
    expect(config).toMatchObject({
      service: { project: 'web-logs', accessKeySecret: 'example-key-secret' },
      message: { tag: 'web', hostname: 'web-01' },
      receiver: { host: 'siem.corp', port: 1514 },
    });
    for (const name of Object.keys(quoted)) {
      expect(warnings).toContainEqual(expect.stringMatching(new RegExp(`^${name} has quotes around its value`)));
    }
    expect(warnings.join('\n')).not.toContain('example-key-secret');
  });

  test.each([
    ["'web'", 'web'],
    ['"web" ', 'web'],
    ['\'"web"\'', '"web"'],
    ['"it\'s"', "it's"],
    ['""', undefined],
    ['', undefined],
    ['web', 'web'],
    ['"', '"'],
    ['"web', '"web'],
    ['"a" or "b"', '"a" or "b"'],
    ['"say \\"a\\""', '"say \\"a\\""'],
    ['\'web"', '\'web"'],
  ])('%s is %s', (text, expected) => {
    const variables = createVariables({ NAME: text });
    expect(variables.get('NAME')).toBe(expected);
    expect(variables.warnings).toHaveLength(text !== '' && expected !== text ? 1 : 0);
  });

  test('lists, structures, the place of the file and what it takes from variables too', () => {
    const { config, warnings } = load(
      {
        SYSLOG_HOST: '"a.corp,b.corp"',
        SYSLOG_WHERE: "'{field: status, in: [500]}'",
        SLS_SYSLOG_CONFIG: `"${configFile('query: "${QUERY}"\n')}"`,
        QUERY: `"* | where status = '500'"`,
      },
      {},
    );
    expect(config.receiver).toMatchObject({ host: 'a.corp', others: [{ host: 'b.corp' }] });
    expect(config.message.rules?.filters).toHaveLength(1);
    expect(config.service.query).toBe("* | where status = '500'");
    for (const name of ['SYSLOG_HOST', 'SYSLOG_WHERE', 'SLS_SYSLOG_CONFIG', 'QUERY']) {
      expect(warnings.filter((warning) => warning.startsWith(`${name} has quotes`))).toHaveLength(1);
    }
  });

  test("the vendor's lists too", () => {
    const { flows, warnings } = load({
      SLS_PROJECT: undefined,
      SLS_LOGSTORE: undefined,
      SLS_PROJECTS: '"shop;bank"',
      SLS_LOGSTORES: '"access,error;audit"',
    });
    expect(flows.map(({ source }) => source)).toEqual(['shop.access', 'shop.error', 'bank.audit']);
    expect(warnings).toHaveLength(2);
  });

  test('a replay says it as well', () => {
    const surroundings = testSurroundings({ environment: { SYSLOG_HOST: '"siem.corp"' } });
    const { config, warnings } = loadReplayConfig(flags(), surroundings);
    expect(config.receiver.host).toBe('siem.corp');
    expect(warnings).toEqual([expect.stringMatching(/^SYSLOG_HOST has quotes/)]);
  });

  test('a flag is what the shell has made of it', () => {
    expect(load({}, { '--tag': '"web"' })).toMatchObject({ config: { message: { tag: '"web"' } }, warnings: [] });
  });
});

describe('what Kubernetes sets for a Service that is called syslog', () => {
  const service = {
    SYSLOG_SERVICE_HOST: '10.96.0.12',
    SYSLOG_SERVICE_PORT: '514',
    SYSLOG_PORT: 'tcp://10.96.0.12:514',
    SYSLOG_PORT_514_TCP: 'tcp://10.96.0.12:514',
    SYSLOG_PORT_514_TCP_PROTO: 'tcp',
    SYSLOG_PORT_514_TCP_PORT: '514',
    SYSLOG_PORT_514_TCP_ADDR: '10.96.0.12',
  };

  test('is ignored, with a warning that says where it comes from', () => {
    const { config, warnings } = load({ ...service, SYSLOG_PROTO: 'tls' });
    expect(config.receiver.port).toBe(6514);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^SYSLOG_PORT=tcp:\/\/10\.96\.0\.12:514 is ignored: Kubernetes .* Service that is called "syslog".*enableServiceLinks/,
      ),
    ]);
  });

  test.each(['udp://10.96.0.12:514', 'tcp://[fd00:10:96::c]:514'])('%s', (text) => {
    const { config, warnings } = load({ SYSLOG_PORT: text }, { '--config': configFile('port: 1514\n') });
    expect(config.receiver.port).toBe(1514);
    expect(warnings).toEqual([expect.stringContaining(`SYSLOG_PORT=${text} is ignored`)]);
  });

  test('is not what only looks a little like it', () => {
    for (const text of ['tcp://siem.corp:514', 'tcp://10.96.0.12', 'tls://10.96.0.12:6514']) {
      expect(problemsOf({ SYSLOG_PORT: text })).toEqual([
        expect.objectContaining({ message: expect.stringContaining('is not a port') }),
      ]);
    }
    expect(problemsOf({ SYSLOG_HOST: 'tcp://10.96.0.12:514' })).toEqual([
      expect.objectContaining({ message: expect.stringContaining('is a URL; give the host only') }),
    ]);
  });

  test('no setting has another variable that a Service could meet', () => {
    const environment = Object.fromEntries(Object.entries({ ...requiredEnvironment, ...service }));
    const { SYSLOG_PORT: _, ...others } = environment;
    expect(loadFlows(flags(), testSurroundings({ environment: others })).warnings).toEqual([]);
  });
});
