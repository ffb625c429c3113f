import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { load, problemsOf } from '../../../support/daemons/config.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sls-syslog-flows-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

const noPlace = { SLS_PROJECT: undefined, SLS_LOGSTORE: undefined, SYSLOG_HOST: undefined };

/** The file's path is always `c.yaml`, seen from the working directory. */
function given(text: string, environment: Readonly<Record<string, string | undefined>> = {}, flags = {}) {
  writeFileSync(join(directory, 'c.yaml'), text);
  return [
    { ...noPlace, ...environment },
    { '--config': 'c.yaml', ...flags },
    { workingDirectory: directory },
  ] as const satisfies Parameters<typeof load>;
}

function messages(...args: Parameters<typeof given>): string[] {
  return problemsOf(...given(...args)).map(({ message, at }) => (at ? `${at} ${message}` : message));
}

const two = `
sources:
  audit: {project: shop, logstore: actiontrail}
  web: {project: shop, logstore: access, group: web-siem, from: end}
receivers:
  qradar: {host: qradar.corp, proto: tcp}
  archive: {host: archive.corp, proto: udp}
`;

describe('flows', () => {
  test('without sections there is one, named default', () => {
    const { flows } = load();
    expect(flows.map(({ config, ...names }) => [names, config === load().config])).toEqual([
      [{ pipeline: 'default', source: 'default', receiver: 'default', required: true }, false],
    ]);
    expect(flows[0]?.config).toEqual(load().config);
  });

  test('every source of a pipeline to each of its receivers; a section wins over flags and variables', () => {
    const { flows } = load(
      ...given(
        `${two}
tag: of-the-file
port: 1514
pipelines:
  - name: audit
    from: audit
    to: [qradar, {receiver: archive, required: false}]
    severity: notice
  - from: [web]
    to: qradar
    tag: web
`,
        { SLS_PROJECT: 'other', SYSLOG_HOST: 'other.corp', SYSLOG_PORT: '99' },
        { '--severity': 'err' },
      ),
    );
    const summary = flows.map(({ pipeline, source, receiver, required, config }) => {
      const { service, group, message } = config;
      const { host, port, protocol } = config.receiver;
      return [
        `${pipeline}: ${source} → ${receiver}${required ? '' : '?'}`,
        `${service.project}/${service.logstore} ${group.name} ${group.from}`,
        `${protocol} ${host}:${port}`,
        `${message.severity} ${message.tag}`,
      ];
    });
    expect(summary).toEqual([
      ['audit: audit → qradar', 'shop/actiontrail siem begin', 'tcp qradar.corp:99', '5 of-the-file'],
      ['audit: audit → archive?', 'shop/actiontrail siem-archive begin', 'udp archive.corp:99', '5 of-the-file'],
      ['pipeline-2: web → qradar', 'shop/access web-siem end', 'tcp qradar.corp:99', '3 web'],
    ]);
  });

  test('what flows share is the same object: a source, a receiver, the operation', () => {
    const { flows } = load(...given(`${two}pipelines: [{to: [qradar, archive]}]\n`));
    const [a, b, c, d] = flows.map(({ config }) => config);
    expect(flows).toHaveLength(4);
    expect(a?.service).toBe(b?.service);
    expect(a?.group).toBe(b?.group);
    expect(a?.receiver).toBe(c?.receiver);
    expect(a?.delivery).toBe(c?.delivery);
    expect(a?.operation).toBe(d?.operation);
    expect(a?.service).not.toBe(c?.service);
  });

  test('one time to drain for the whole process: the shortest of its sources, where nobody has said it', () => {
    const text = two
      .replace('actiontrail}', 'actiontrail, heartbeat-interval: 20s}')
      .replace('from: end', '$&, heartbeat-interval: 4s');
    const { flows, operation, effective } = load(...given(text));
    const alone = load({ SLS_HEARTBEAT_INTERVAL: '4s' }).operation.drainTimeoutMs;
    expect(alone).toBeLessThan(load({ SLS_HEARTBEAT_INTERVAL: '20s' }).operation.drainTimeoutMs);
    expect(operation.drainTimeoutMs).toBe(alone);
    for (const { config } of flows) expect(config.operation).toBe(operation);
    expect(effective.operation).toMatchObject({ drainTimeout: `${alone / 1000}s` });
    const said = load(...given(`${text}drain-timeout: 5s\n`));
    expect([said.operation.drainTimeoutMs, said.effective.operation]).toMatchObject([5_000, { drainTimeout: '5s' }]);
  });

  test('without pipelines there is one: all sources to all receivers; one section alone will do', () => {
    expect(load(...given(two)).flows.map(({ pipeline, source }) => `${pipeline} ${source}`)).toEqual([
      'default audit',
      'default audit',
      'default web',
      'default web',
    ]);
    const one = load(...given('receivers: {a: {host: a.corp}}\n', { SLS_PROJECT: 'shop', SLS_LOGSTORE: 'access' }));
    expect(one.flows).toMatchObject([{ source: 'default', receiver: 'a', config: { service: { project: 'shop' } } }]);
  });

  test('a group of its own for what is not required, with the consumer name made from it', () => {
    const text = `${two}pipelines: [{from: audit, to: [qradar, {receiver: archive, required: no, group: slow}]}]\n`;
    const { flows } = load(...given(text));
    expect(flows.map(({ config }) => [config.group.name, config.group.consumerName])).toEqual([
      ['siem', 'siem-web-1-corp-4711'],
      ['slow', 'slow-web-1-corp-4711'],
    ]);
  });

  test('the first line of the log shows all of it, masked, each once', () => {
    const { effective } = load(...given(`${two}access-key-secret: s3cret\n`, { SLS_AK_KEY: undefined }));
    expect(effective).toMatchObject({
      sources: { audit: { project: 'shop', accessKeySecret: '[redacted]' }, web: { from: 'end' } },
      receivers: { qradar: { host: ['qradar.corp'] }, archive: { proto: 'udp' } },
      operation: { logLevel: 'info' },
      group: { maxInFlight: '32MiB' },
    });
    expect(effective.pipelines).toHaveLength(4);
    expect(effective.pipelines?.[0]).toMatchObject({ pipeline: 'default', source: 'audit', facility: 'user' });
  });

  test('a section that no pipeline uses is told, as a warning', () => {
    const { warnings } = load(...given(`${two}pipelines: [{from: audit, to: qradar}]\n`));
    expect(warnings).toEqual([
      'sources.web (c.yaml:4) is in no pipeline: nothing is done with it',
      'receivers.archive (c.yaml:7) is in no pipeline: nothing is done with it',
    ]);
  });
});

describe('problems in sections: all at once, with file, line and path', () => {
  test('each of them once, though many flows have it', () => {
    expect(
      messages(
        `sources:
  a: {logstore: access, projct: tcp, port: 5}
  b:
    project: X
    logstore: access
receivers:
  one: {host: a b, log-level: debug}
  two: {}
pipelines:
  - name: p
    from: [a, c]
    to: [one, {receiver: two, requird: false}, two, thre]
    severity: loud
    where-to: x
port: 99999
`,
        { SLS_CG: undefined },
      ),
    ).toEqual([
      'c.yaml:2 unknown key "projct" in sources.a; did you mean "project"?',
      'c.yaml:14 unknown key "where-to" in pipelines[0]',
      'c.yaml:12 unknown key "requird" in pipelines[0].to[1]; did you mean "required"?',
      'c.yaml:11 pipelines[0].from: "c" is no source of this file; there is a, b',
      'c.yaml:12 pipelines[0].to: "two" is there twice; give it once',
      'c.yaml:12 pipelines[0].to: "thre" is no receiver of this file; there is one, two',
      'c.yaml:15 port (from c.yaml:15): "99999" is not a port; give a number from 1 to 65535',
      expect.stringContaining('c.yaml:2 sources.a.port (from c.yaml:2) belongs to a receiver, not to a source'),
      'c.yaml:7 receivers.one.log-level (from c.yaml:7) is of the whole process: put it at the top of the file',
      expect.stringContaining('c.yaml:13 pipelines[0].severity (from c.yaml:13): "loud" is no severity'),
      'c.yaml:7 receivers.one.host (from c.yaml:7): "a b" is neither a host name nor an address',
      expect.stringContaining('c.yaml:2 sources.a.project is missing: project that holds'),
      expect.stringContaining('c.yaml:2 sources.a.group is missing: consumer group'),
      expect.stringContaining('c.yaml:8 receivers.two.host is missing'),
      expect.stringContaining('c.yaml:4 sources.b.project (from c.yaml:4): "X" does not fit'),
    ]);
  });

  test('also in what no pipeline uses, or names wrongly', () => {
    expect(
      messages(
        `sources:
  a: {project: shop, logstore: x1}
  b: {project: shop, logstore: x2, heartbeat-interval: 3}
receivers:
  one: {host: h}
  two: {port: 70000}
port: x
pipelines:
  - {from: c, to: one, severity: loud}
  - {from: a, to: {reciever: two}}
`,
      ),
    ).toEqual([
      'c.yaml:10 unknown key "reciever" in pipelines[1].to[0]; did you mean "receiver"?',
      'c.yaml:9 pipelines[0].from: "c" is no source of this file; there is a, b',
      expect.stringContaining('c.yaml:7 port (from c.yaml:7): "x" is not a port'),
      expect.stringContaining('c.yaml:3 sources.b.heartbeat-interval (from c.yaml:3): "3" has no unit'),
      expect.stringContaining('c.yaml:6 receivers.two.port (from c.yaml:6): "70000" is not a port'),
      expect.stringContaining('c.yaml:9 pipelines[0].severity (from c.yaml:9): "loud" is no severity'),
    ]);
    const unused = `${two.replace('proto: udp', 'proto: upd')}pipelines: [{to: qradar}]\n`;
    expect(messages(unused)).toEqual([
      'c.yaml:7 receivers.archive.proto (from c.yaml:7): "upd" is none of udp, tcp, tls; did you mean "udp"?',
    ]);
  });

  test.each([
    ['sources: x\n', 'c.yaml:1 sources takes a mapping of names to settings, with one source at least'],
    ['sources: {}\n', 'c.yaml:1 sources takes a mapping of names to settings, with one source at least'],
    ['sources: {a: x}\n', 'c.yaml:1 sources.a takes a mapping of settings'],
    ['sources:\n  a: {}\n  a: {}\n', 'c.yaml:3 sources.a is there a second time; the first is at c.yaml:2'],
    ['sources: {a/b: {}}\n', 'c.yaml:1 "a/b" is no name for a source: it takes at most 64 letters'],
    ['pipelines: {a: {}}\n', 'c.yaml:1 pipelines takes a list of mappings, with one at least'],
    ['pipelines: [a]\n', 'c.yaml:1 pipelines[0] takes a mapping of settings'],
    ['pipelines:\n  - name: a\n  - name: a\n', 'c.yaml:3 pipelines[1].name: "a" is the name of pipelines[0] too'],
    ['pipelines: [{to: []}]\n', 'c.yaml:1 pipelines[0].to is an empty list'],
    ['pipelines: [{to: [{}]}]\n', 'c.yaml:1 pipelines[0].to[0].receiver is missing'],
    ['pipelines: [{from: [{a: b}]}]\n', 'c.yaml:1 pipelines[0].from[0] takes the name of a source'],
    ['pipelines: [{to: [{receiver: default, required: perhaps}]}]\n', 'pipelines[0].to[0].required is neither true'],
    ['pipelines: [{to: [{receiver: default, group: x}]}]\n', 'pipelines[0].to[0].group has no meaning without'],
    ['sources:\n  a: {}\nsources: {b: {}}\n', 'c.yaml:3 sources is there a second time'],
    ['sources: {a: {hots: b}}\n', 'unknown key "hots" in sources.a; did you mean "host", which belongs to a receiver?'],
    ['receivers: {a: {log-levl: b}}\n', 'did you mean "log-level", which stands at the top of the file?'],
    ['pipelines: [{form: a}]\n', 'unknown key "form" in pipelines[0]; did you mean "from"?'],
    ['pipelines: [{severty: err}]\n', 'unknown key "severty" in pipelines[0]; did you mean "severity"?'],
    ['source: {}\n', 'c.yaml:1 unknown key "source"; did you mean "sources"?'],
  ])('%j', (text, expected) => {
    const environment = { SLS_PROJECT: 'shop', SLS_LOGSTORE: 'access', SYSLOG_HOST: 'a' };
    expect(messages(text, environment)).toContainEqual(expect.stringContaining(expected));
  });

  test('two consumers of one group in one process', () => {
    const same = 'sources:\n  a: {project: shop, logstore: x1}\n  b: {project: shop, logstore: x1}\n';
    expect(messages(same, { SYSLOG_HOST: 'h' })).toEqual([
      'c.yaml:3 source b and source a read shop/x1 in the same consumer group "siem": each would get a part of the shards; give one of them a group of its own',
    ]);
    const optional = '{to: [{receiver: default, required: false}], from: audit}';
    const twice = `sources: {audit: {project: shop, logstore: x1}}\npipelines: [${optional}, ${optional}]\n`;
    expect(messages(twice, { SYSLOG_HOST: 'h' })).toEqual([
      expect.stringMatching(/^c\.yaml:2 .* in the same consumer group "siem-/),
    ]);
  });

  test('what has no meaning for one receiver may have one for another, if it is written for all', () => {
    const text = (tls: string) => `${two}confirm: on\nframing: lf\n${tls}pipelines: [{from: audit}]\n`;
    expect(load(...given(text(''))).flows.map(({ config }) => config.receiver.framing)).toEqual(['lf', 'datagram']);
    expect(messages(text('ca: x\n'))).toEqual([
      expect.stringContaining('ca (from c.yaml:10) has no meaning with --proto'),
    ]);
    const own = two.replace('proto: udp', 'proto: udp, framing: lf');
    expect(messages(own)).toEqual([
      'c.yaml:7 receivers.archive.framing (from c.yaml:7) has no meaning with --proto udp: a datagram is one message; leave it out',
    ]);
  });

  test('one dead-letter file for several flows', () => {
    expect(messages(`${two}dead-letter: dead.jsonl\npipelines: [{from: audit}]\n`)).toEqual([
      'c.yaml:8 dead-letter (from c.yaml:8): several flows would write to one file; put {receiver} into its name',
    ]);
    const { flows } = load(...given(`${two}dead-letter: "{pipeline}-{source}-{receiver}-{consumer}.jsonl"\n`));
    const paths = flows.map(({ config }) => config.delivery.deadLetter?.path);
    expect(paths[0]).toBe(join(directory, 'default-audit-qradar-siem-web-1-corp-4711.jsonl'));
    expect(new Set(paths).size).toBe(4);
  });
});

test.each(['README.md', 'docs/configuration.md'])('the pipelines in %s can be used', (document) => {
  const text = readFileSync(new URL(`../../../../${document}`, import.meta.url), 'utf8');
  const example = /^( *)(?:[a-z-]+: .*\n\1)+sources:\n(?:\1.*\n)+?\1pipelines:\n(?:\1 .*\n)+/m;
  const [block = '', indent = ''] = example.exec(text) ?? [];
  // Files that are not there are not what is at fault.
  const here = block
    .slice(indent.length)
    .replaceAll(`\n${indent}`, '\n')
    .replace(', ca: corp-ca.pem', '')
    .replace(/\$\{file:.*?\}/, 'key');
  const { flows } = load(...given(here, { SLS_AK_ID: 'id' }));
  expect(flows.map(({ pipeline, source, receiver }) => [pipeline, source, receiver])).toEqual([
    ['audit', 'audit', 'qradar'],
    ['audit', 'audit', 'archive'],
    ['web', 'web', 'qradar'],
  ]);
});

describe("the vendor's lists", () => {
  const lists = {
    SLS_ENDPOINTS: 'cn-hangzhou.log.aliyuncs.com;cn-beijing.log.aliyuncs.com',
    SLS_PROJECTS: 'shop;bank',
    SLS_LOGSTORES: 'access,error;audit',
    SYSLOG_HOST: 'siem.corp',
  };
  const listed = (environment: Readonly<Record<string, string>>) =>
    load({ ...noPlace, SLS_ENDPOINT: undefined, ...environment }).flows;

  test('each logstore is a source', () => {
    const flows = listed(lists);
    expect(
      flows.map(({ source, config: { service } }) => [source, service.endpoint, service.project, service.logstore]),
    ).toEqual([
      ['shop.access', 'https://cn-hangzhou.log.aliyuncs.com', 'shop', 'access'],
      ['shop.error', 'https://cn-hangzhou.log.aliyuncs.com', 'shop', 'error'],
      ['bank.audit', 'https://cn-beijing.log.aliyuncs.com', 'bank', 'audit'],
    ]);
    expect(new Set(flows.map(({ pipeline, receiver }) => pipeline + receiver))).toEqual(new Set(['defaultdefault']));
  });

  test('one endpoint is for all projects, and may be SLS_ENDPOINT', () => {
    const one = { ...lists, SLS_ENDPOINTS: 'cn-beijing.log.aliyuncs.com;' };
    expect(new Set(listed(one).map(({ config }) => config.service.endpoint)).size).toBe(1);
    expect(listed({ ...lists, SLS_ENDPOINTS: '', SLS_ENDPOINT: 'cn-beijing.log.aliyuncs.com' })).toHaveLength(3);
  });

  test.each([
    [{ SLS_LOGSTORES: 'a;b;c' }, 'SLS_LOGSTORES has logstores of 3 projects, but SLS_PROJECTS names 2'],
    [{ SLS_ENDPOINTS: 'a;b;c' }, 'SLS_ENDPOINTS has 3 endpoints for 2 projects'],
    [{ SLS_PROJECTS: '' }, 'SLS_PROJECTS is missing: it belongs to SLS_ENDPOINTS and SLS_LOGSTORES'],
    [{ SLS_PROJECTS: 'shop;BANK' }, 'sources.BANK.audit.project (from SLS_PROJECTS): "BANK" does not fit'],
    [{ SLS_LOGSTORES: 'access,access;audit' }, 'read shop/access in the same consumer group "siem"'],
  ])('%j', (wrong, expected) => {
    const found = problemsOf({ ...noPlace, SLS_ENDPOINT: undefined, ...lists, ...wrong });
    expect(found.map(({ message }) => message)).toContainEqual(expect.stringContaining(expected));
  });

  test('not beside the sources of a file', () => {
    expect(messages('sources: {a: {project: shop, logstore: x1}}\n', lists)).toEqual([
      expect.stringContaining('the file has sources, and SLS_ENDPOINTS, SLS_PROJECTS, SLS_LOGSTORES name others'),
    ]);
  });
});
