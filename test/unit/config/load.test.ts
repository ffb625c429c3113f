import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settingByName, settingKeys, settings } from '../../../src/config/settings/settings.ts';
import { load, problemsOf, requiredEnvironment } from '../../support/daemons/config.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sls-syslog-config-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** @returns the file's path */
function configFile(text: string): string {
  const path = join(directory, `${Math.random().toString(36).slice(2)}.yaml`);
  writeFileSync(path, text);
  return path;
}

describe('defaults', () => {
  test('what is required is enough', () => {
    expect(load().config).toEqual({
      service: {
        endpoint: 'https://cn-hangzhou.log.aliyuncs.com',
        project: 'web-logs',
        logstore: 'access_log',
        accessKeyId: 'LTAI5tExampleKeyId',
        accessKeySecret: 'example-key-secret',
        signVersion: 'v4',
        region: 'cn-hangzhou',
      },
      group: {
        name: 'siem',
        consumerName: 'siem-web-1-corp-4711',
        from: 'begin',
        heartbeatIntervalMs: 20_000,
        timeoutMs: 60_000,
        fetchIntervalMs: 200,
        checkpointIntervalMs: 5_000,
        maxInFlightBytes: 32 * 2 ** 20,
        inOrder: false,
        updatesGroup: false,
      },
      message: {
        format: { format: 'kv', separator: '||', escape: 'standard', bom: false },
        rfc: '5424',
        facility: 1,
        severity: 6,
        hostname: 'web-1.corp',
        tag: '-',
        timeZone: 'utc',
        timestampDigits: 'auto',
        rfc3164Time: 'legacy',
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        maxMessageBytes: 64 << 10,
        oversize: 'truncate',
      },
      receiver: {
        kind: 'syslog',
        protocol: 'tcp',
        host: 'siem.corp',
        port: 514,
        framing: 'octet-counting',
        timeoutMs: 180_000,
        dnsRefreshMs: 30_000,
      },
      delivery: {
        confirm: 'auto',
        confirmIntervalMs: 10_000,
        confirmBytes: 64 << 20,
        confirmTimeoutMs: 30_000,
        confirmPatienceMs: 300_000,
        strictOrder: false,
        onCorruptBatch: 'stop',
        corruptBatchPatienceMs: 600_000,
        onPoison: 'wait',
        poisonPatienceMs: 600_000,
        strategy: 'failover',
        failbackAfterMs: 60_000,
      },
      operation: { logLevel: 'info', logFormat: 'json', encoder: 'kernel', drainTimeoutMs: 20_000 },
    });
  });

  test.each([
    ['by the environment', { SYSLOG_HOST: 'a, b:1514 ,[::1]:601' }, {}],
    ['by flags', {}, { '--host': ['a', 'b:1514', '[::1]:601'] }],
  ])('several receivers %s: the port is for those that have none', (_, environment, given) => {
    const { receiver } = load({ ...environment, SYSLOG_PORT: '5514' }, given).config;
    expect(receiver).toMatchObject({
      host: 'a',
      port: 5514,
      others: [
        { host: 'b', port: 1514 },
        { host: '::1', port: 601 },
      ],
    });
  });

  test.each(['host: a, b:1514\n', 'host: [a, "b:1514"]\n', 'host:\n  - a\n  - b:1514\n'])(
    'several receivers in the file: %j',
    (text) => {
      const { receiver } = load({ SYSLOG_HOST: undefined }, { '--config': configFile(text) }).config;
      expect([receiver.host, receiver.port, receiver.others]).toEqual(['a', 514, [{ host: 'b', port: 1514 }]]);
    },
  );

  test.each([
    ['tcp', 514, 'octet-counting'],
    ['tls', 6514, 'octet-counting'],
    ['udp', 514, 'datagram'],
  ])('%s: port %i, %s', (proto, port, framing) => {
    expect(load({ SYSLOG_PROTO: proto }).config.receiver).toMatchObject({ protocol: proto, port, framing });
  });

  test.each([
    ['tcp', 64 << 10],
    ['tls', 64 << 10],
    ['udp', 8 << 10],
  ])('%s: messages of at most %i bytes', (proto, maxMessageBytes) => {
    expect(load({ SYSLOG_PROTO: proto }).config.message).toMatchObject({ maxMessageBytes });
    expect(load({ SYSLOG_PROTO: proto }, { '--max-message-bytes': '2KiB' }).config.message.maxMessageBytes).toBe(2048);
  });

  test('an identity has the number for examples, unless another is given', () => {
    expect(load({}, { '--identity': 'true' }).config.message.identity).toEqual({ enterpriseId: 32473 });
    const own = load({ SYSLOG_IDENTITY: 'on', SYSLOG_ENTERPRISE_ID: '4294967295' });
    expect(own.config.message.identity).toEqual({ enterpriseId: 4294967295 });
  });

  test('the consumer name takes the instance number, and only characters that are safe in a URL', () => {
    expect(load({ NODE_APP_INSTANCE: '3' }).config.group.consumerName).toBe('siem-web-1-corp-3');
    expect(load({}, {}, { hostname: 'büro 1/ä' }).config.group.consumerName).toBe('siem-b-ro-1---4711');
    const long = load({ SLS_CG: 'g'.repeat(128) }, {}, { hostname: 'h'.repeat(200) }).config.group.consumerName;
    expect(long).toHaveLength(128);
    expect(long).toMatch(/^g+-h+-4711$/);
  });

  test('v1 where the region cannot be told, v4 where it is given', () => {
    const endpoint = { SLS_ENDPOINT: 'http://127.0.0.1:8080' };
    expect(load(endpoint).config.service.signVersion).toBe('v1');
    expect(load(endpoint).config.service).not.toHaveProperty('region');
    expect(load({ ...endpoint, SLS_REGION: 'cn-test' }).config.service).toMatchObject({
      signVersion: 'v4',
      region: 'cn-test',
    });
    expect(load({ SLS_SIGN_VERSION: 'v1' }).config.service.signVersion).toBe('v1');
  });

  test('a region that an odd endpoint only seems to name is not believed', () => {
    expect(load({}, {}, { resolveRegion: () => 'odd' }).config.service.signVersion).toBe('v1');
  });

  test('the drain timeout stays below a short group timeout, which is in whole seconds', () => {
    const { group, operation } = load({ SLS_HEARTBEAT_INTERVAL: '1500ms' }).config;
    expect(group.timeoutMs).toBe(5_000);
    expect(operation.drainTimeoutMs).toBe(2_500);
  });

  test('no rate is limited unless that is asked for', () => {
    expect(load({ SYSLOG_MAX_RATE: '5000/s' }, { '--max-bandwidth': '10MB/s' }).config.delivery).toMatchObject({
      maxMessagesPerSecond: 5_000,
      maxBytesPerSecond: 10_000_000,
    });
    expect(problemsOf({ SYSLOG_MAX_RATE: '5000' })[0]?.message).toContain('write 5000/s');
  });

  test('pretty on a terminal', () => {
    expect(load({}, {}, { isTerminal: true }).config.operation.logFormat).toBe('pretty');
  });
});

describe('precedence', () => {
  test('flag over variable over file over default', () => {
    const path = configFile('port: 1\ntag: from-file\nfacility: 16\n');
    const environment = { SYSLOG_PORT: '2', SYSLOG_TAG: 'from-variable' };
    const { receiver, message } = load(environment, { '--config': path, '--port': '3' }).config;
    expect([receiver.port, message.tag, message.facility, message.severity]).toEqual([3, 'from-variable', 16, 6]);
  });

  test('an empty variable counts as unset', () => {
    const path = configFile('port: 1\n');
    expect(load({ SYSLOG_PORT: '', SLS_SYSLOG_CONFIG: path }).config.receiver.port).toBe(1);
  });

  test('a wrong value that is overridden does no harm', () => {
    expect(load({ SYSLOG_PORT: 'x' }, { '--port': '3' }).config.receiver.port).toBe(3);
  });

  test('false over true', () => {
    const path = configFile('in-order: yes\n');
    expect(load({}, { '--config': path }).config.group.inOrder).toBe(true);
    expect(load({ SLS_IN_ORDER: 'off' }, { '--config': path }).config.group.inOrder).toBe(false);
  });
});

describe('names', () => {
  test('every setting, its aliases and variables are named once', () => {
    const variables = settingKeys.flatMap((key) => settings[key].variables);
    expect(new Set(variables).size).toBe(variables.length);
    const names = settingKeys.flatMap((key) => [key, ...(settings[key].aliases ?? [])]);
    expect(settingByName.size).toBe(names.length);
  });

  test('each variable works, the second names too', () => {
    expect(load({ SYSLOG_PROTOCOL: 'udp' }).config.receiver.protocol).toBe('udp');
    expect(problemsOf({ SYSLOG_PROTO: 'tls', SYSLOG_CERT_PATH: '/no/ca.pem' })).toEqual([
      {
        message: 'ca (from SYSLOG_CERT_PATH): /no/ca.pem does not exist',
        path: 'ca',
        flag: '--ca',
        variable: 'SYSLOG_CA',
      },
    ]);
  });

  test('two variables for one setting must not contradict each other', () => {
    expect(load({ SYSLOG_PROTO: 'udp', SYSLOG_PROTOCOL: 'udp' }).config.receiver.protocol).toBe('udp');
    expect(problemsOf({ SYSLOG_PROTO: 'udp', SYSLOG_PROTOCOL: 'tcp' }).map((p) => p.message)).toEqual([
      'proto (from SYSLOG_PROTO): SYSLOG_PROTOCOL says something else; unset one of the two',
    ]);
  });

  test('the file takes kebab-case, camelCase, snake_case and aliases', () => {
    const path = configFile('max-in-flight: 1MiB\nfetchInterval: 1s\ncheckpoint_interval: 2s\nprotocol: udp\n');
    const { group, receiver } = load({}, { '--config': path }).config;
    expect(group).toMatchObject({ maxInFlightBytes: 2 ** 20, fetchIntervalMs: 1_000, checkpointIntervalMs: 2_000 });
    expect(receiver.protocol).toBe('udp');
  });

  test('fingerprints: repeated flag, commas in a variable, list or commas in the file', () => {
    const [a, b] = ['aa'.repeat(32), 'bb'.repeat(32)] as const;
    const tls = { SYSLOG_PROTO: 'tls' };
    const inFile = configFile(`fingerprint:\n  - sha256:${a}\n  - sha256:${b}\n`);
    const inOneLine = configFile(`fingerprint: ${a}, ${b}\n`);
    for (const { config } of [
      load(tls, { '--fingerprint': [`sha256:${a}`, b] }),
      load({ ...tls, SYSLOG_FINGERPRINT: `${a},${b}` }),
      load(tls, { '--config': inFile }),
      load(tls, { '--config': inOneLine }),
    ]) {
      expect(config.receiver.tls?.fingerprints).toEqual([a, b]);
    }
  });

  test('a file may set everything that is required, secrets too', () => {
    const path = configFile(
      'endpoint: cn-hangzhou.log.aliyuncs.com\nproject: web\nlogstore: 0123\naccess-key-id: LTAI\n' +
        'access-key-secret: abc\nsts-token: def\ngroup: g\nhost: h\n',
    );
    const unset = Object.fromEntries(Object.keys(requiredEnvironment).map((name) => [name, undefined]));
    const { service } = load({ ...unset, SLS_SYSLOG_CONFIG: path }).config;
    expect(service).toMatchObject({ logstore: '0123', accessKeySecret: 'abc', securityToken: 'def' });
  });
});

describe('warnings at every start', () => {
  const about = (...args: Parameters<typeof load>) => load(...args).warnings.join('\n');

  test('none for a plain tcp receiver', () => {
    expect(load().warnings).toEqual([]);
  });

  test.each([
    [{ SYSLOG_PROTO: 'udp' }, 'udp is best effort'],
    [{ SYSLOG_PROTO: 'tls', SYSLOG_INSECURE: 'true' }, 'insecure'],
    [{ SYSLOG_PROTO: 'tls', SYSLOG_FRAMING: 'lf', SYSLOG_ALLOW_LF_OVER_TLS: '1' }, 'outside RFC 5425'],
    [{ SLS_ENDPOINT: 'http://sls.corp' }, 'not encrypted'],
    [{ SYSLOG_RFC: '3164', SYSLOG_TAG: 'my-app' }, 'alphanumeric'],
  ])('%j', (environment, phrase) => {
    expect(about(environment)).toContain(phrase);
  });

  test('not for http to this machine', () => {
    expect(load({ SLS_ENDPOINT: 'http://127.0.0.1:80' }).warnings).toEqual([]);
    expect(load({ SLS_ENDPOINT: 'http://localhost:8080' }).warnings).toEqual([]);
  });
});

describe('the dead-letter file', () => {
  test('is relative to where it was written, with the consumer’s name put in; two copies have two', () => {
    const given = { '--dead-letter': 'dead-{consumer}.jsonl', '--dead-letter-max-size': '2MiB' };
    const paths = ['a', 'b'].map((name) => {
      const { config, effective } = load({ SLS_CONSUMER_NAME: name }, given, { workingDirectory: tmpdir() });
      expect(config.delivery.deadLetter).toMatchObject({ maxBytes: 2 << 20, maxFiles: 5 });
      expect(JSON.stringify(effective)).toContain(`dead-${name}.jsonl`);
      return config.delivery.deadLetter?.path;
    });
    expect(paths).toEqual([join(tmpdir(), 'dead-a.jsonl'), join(tmpdir(), 'dead-b.jsonl')]);
  });

  test('that cannot even be looked for is a problem like any other', () => {
    const loop = join(mkdtempSync(join(directory, 'dead-letter-')), 'loop');
    symlinkSync(loop, loop);
    const long = join(directory, 'x'.repeat(300));
    const problem = (path: string) => problemsOf({}, { '--dead-letter': path }).map(({ message }) => message);
    expect(problem(loop)).toEqual([
      `dead-letter (from --dead-letter): ${loop} is a symbolic link, which may lead anywhere; give the name of the file itself`,
    ]);
    expect(problem(join(loop, 'dead.jsonl'))).toEqual([
      `dead-letter (from --dead-letter): the directory ${loop} is a symbolic link that leads to itself`,
    ]);
    expect(problem(long)).toEqual([`dead-letter (from --dead-letter): ${long} has too long a name`]);
    expect(problem(join(long, 'dead.jsonl'))).toEqual([
      `dead-letter (from --dead-letter): the directory ${long} has too long a name`,
    ]);
  });

  test('is not made by reading the configuration', () => {
    const empty = mkdtempSync(join(directory, 'dead-letter-'));
    load({}, { '--dead-letter': join(empty, 'dead.jsonl'), '--oversize': 'dead-letter' });
    expect(readdirSync(empty)).toEqual([]);
  });
});
