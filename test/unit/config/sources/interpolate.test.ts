import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { load, problemsOf } from '../../../support/daemons/config.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sls-syslog-interpolate-'));
  const files = {
    key: 'from-a-file\n',
    windows: 'from-a-file\r\n',
    two: 'a\nb\n',
    empty: '\n',
    large: 'x'.repeat(65_537),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  writeFileSync(join(directory, 'binary'), Buffer.from([0xff, 0xfe, 0x41]));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function given(text: string, environment: Readonly<Record<string, string | undefined>> = {}) {
  writeFileSync(join(directory, 'c.yaml'), text);
  // The file's place counts for its paths, and not where the program was started.
  const path = join(directory, 'c.yaml');
  return [{ ...environment }, { '--config': path }] as const satisfies Parameters<typeof load>;
}

/** With the file's name in place of its path. */
function messages(...args: Parameters<typeof given>): string[] {
  return problemsOf(...given(...args)).map(({ message, at }) => `${at} ${message}`.replaceAll(`${directory}/`, ''));
}

describe('what stands for something else', () => {
  test.each([
    ['${V}', 'value'],
    ['"${V}"', 'value'],
    ["'a-${V}-b-${V}'", 'a-value-b-value'],
    ['${_1}', 'one'],
    ['${file:key}', 'from-a-file'],
    ['${file:./windows}', 'from-a-file'],
    ['x-${file:key}-${V}', 'x-from-a-file-value'],
    ["'$${V}'", '${V}'],
    ["'$$${V}'", '$${V}'],
    ['$V', '$V'],
    ['a$', 'a$'],
    ['${NESTED}', '${V}'],
  ])('query: %s is %j', (text, expected) => {
    const environment = { V: 'value', _1: 'one', NESTED: '${V}' };
    const { config } = load(...given(`query: ${text}\n`, environment));
    expect(config.service.query).toBe(expected);
  });

  test('an absolute path', () => {
    const { config } = load(...given(`tag: "\${file:${join(directory, 'key')}}"\n`));
    expect(load(...given('tag: from-a-file\n')).config.message.tag).toEqual(config.message.tag);
  });

  test('in lists, in values with a structure, in sections and in names of receivers', () => {
    const { flows } = load(
      ...given(
        `host: ["\${A}", b.corp]
sources:
  a: {project: "\${P}", logstore: access}
receivers:
  one: {fingerprint: ["\${F}"], proto: tls}
pipelines:
  - name: "\${N}"
    from: "\${SOURCE}"
    to: [{receiver: "\${RECEIVER}", required: "\${NO}"}]
    where: {field: status, in: ["\${ONE}", 501]}
`,
        {
          SYSLOG_HOST: undefined,
          A: 'a.corp',
          P: 'shop',
          F: 'ab'.repeat(32),
          N: 'all',
          SOURCE: 'a',
          RECEIVER: 'one',
          NO: 'no',
          ONE: '500',
        },
      ),
    );
    expect(flows).toMatchObject([
      {
        pipeline: 'all',
        source: 'a',
        receiver: 'one',
        required: false,
        config: { service: { project: 'shop' }, receiver: { host: 'a.corp' } },
      },
    ]);
    const [filter] = flows[0]?.config.message.rules?.filters ?? [];
    expect(filter?.keep).toMatchObject({ kind: 'in', values: [Buffer.from('500'), Buffer.from('501')].map(bytes) });
  });

  test('only in values of the file: not in its keys, nor in flags and variables', () => {
    expect(messages('${V}: a\n', { V: 'tag' })).toEqual([expect.stringContaining('unknown key "${V}"')]);
    const { config } = load({ V: 'value', SLS_QUERY: '${V}' });
    expect(config.service.query).toBe('${V}');
  });
});

function bytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}

describe('what stands for nothing is an error, with its line', () => {
  test.each([
    ['${NO}', 'the environment variable NO is not set, or empty'],
    ['${EMPTY}', 'the environment variable EMPTY is not set, or empty'],
    ['${toString}', 'the environment variable toString is not set, or empty'],
    ['a${NO', 'has a ${ without its }; write $${ for the text ${'],
    ['${}', 'holds ${…} that is neither ${NAME} nor ${file:PATH}; write $${ for the text ${'],
    ['${V:-default}', 'holds ${…} that is neither ${NAME} nor ${file:PATH}; write $${ for the text ${'],
    ['${file:}', '${file:} names no file'],
    ['${file:none}', 'the file of ${file:none} does not exist'],
    ['${file:.}', 'the file of ${file:.} is a directory'],
    ['${file:empty}', 'the file of ${file:empty} is empty'],
    ['${file:large}', 'the file of ${file:large} is larger than 64 KiB'],
    ['${file:binary}', 'the file of ${file:binary} is not UTF-8 text'],
  ])('%s', (text, expected) => {
    expect(messages(`rfc: 5424\ntag: "${text}"\n`, { EMPTY: '', V: 'x' })).toEqual([
      `c.yaml:2 tag (from c.yaml:2): ${expected}`,
    ]);
  });

  test('wherever it is, all at once, and what is refused is not missing too', () => {
    const text = `host: "\${A}"
fingerprint: [ab, "\${B}"]
where:
  - field: status
    in:
      - 500
      - "\${C}"
sources:
  a:
    project: "\${D}"
    logstore: x1
pipelines:
  - name: "\${E}"
    from: ["\${F}"]
    to: [{receiver: default, required: "\${G}"}]
`;
    const unset = (name: string) => `the environment variable ${name} is not set, or empty`;
    const found = messages(text, { SYSLOG_HOST: undefined });
    expect(found.toSorted()).toEqual(
      [
        `c.yaml:1 host (from c.yaml:1): ${unset('A')}`,
        `c.yaml:2 fingerprint[1] (from c.yaml:2): ${unset('B')}`,
        `c.yaml:7 where[0].in[1] (from c.yaml:7): ${unset('C')}`,
        `c.yaml:10 sources.a.project (from c.yaml:10): ${unset('D')}`,
        `c.yaml:13 pipelines[0].name: ${unset('E')}`,
        `c.yaml:14 pipelines[0].from[0]: ${unset('F')}`,
        `c.yaml:15 pipelines[0].to[0].required: ${unset('G')}`,
      ].toSorted(),
    );
  });
});

describe('what was put in is not shown', () => {
  test('the effective configuration has what was written, masked where the setting is', () => {
    const { effective } = load(
      ...given(
        'tag: a-${TAG}\naccess-key-secret: ${file:key}\nhost: [b.corp, "${H}"]\nwhere: {field: "${W}", exists: true}\n',
        {
          SYSLOG_HOST: undefined,
          SLS_AK_KEY: undefined,
          TAG: 'web',
          H: 'c.corp',
          W: 'status',
        },
      ),
    );
    expect(effective).toMatchObject({
      message: { tag: 'a-${TAG}' },
      service: { accessKeySecret: '[redacted]' },
      receiver: { host: ['b.corp', '${H}'] },
      selection: { where: { field: '${W}', exists: 'true' } },
    });
  });

  test('nor what is made of it, nor what is wrong with it', () => {
    const { effective, flows } = load(...given('group: ${G}\n', { SLS_CG: undefined, G: 'a-long-name' }));
    expect(flows[0]?.config.group.consumerName).toMatch(/^a-long-name-/);
    expect(effective).toMatchObject({ group: { group: '${G}', consumerName: expect.stringMatching(/^\$\{…\}-/) } });
    expect(messages('port: ${P}\n', { P: '99999' })).toEqual([
      'c.yaml:1 port (from c.yaml:1): "${P}" is not a port; give a number from 1 to 65535',
    ]);
  });

  test('nor names in pipelines, however short or long', () => {
    const file = (more: string) =>
      `sources: {a: {}}\nreceivers: {b: {}}\npipelines: [{from: "\${S}", to: [b, {receiver: "\${L}", required: false${more}}]}]\n`;
    expect(messages(file(''), { S: 'abc', L: 'x'.repeat(100) })).toEqual([
      'c.yaml:3 pipelines[0].from: "${S}" is no source of this file; there is a',
      'c.yaml:3 pipelines[0].to: "${L}" is no receiver of this file; there is b',
    ]);
    expect(messages(file(', required: "${S}"').replace('required: false, ', ''), { S: 'abc', L: 'b' })).toContain(
      'c.yaml:3 pipelines[0].to: "${L}" is there twice; give it once',
    );
    const own = file(', group: "${G}"').replace('[b, ', '[');
    const { flows, effective } = load(...given(own, { S: 'a', L: 'b', G: 'siem-b' }));
    expect(flows[0]?.config.group.name).toBe('siem-b');
    expect(JSON.stringify(effective)).not.toContain('"siem-b"');
  });

  test('of two, one of which begins like the other, nothing is left over', () => {
    const environment = { SLS_CG: undefined, A: 'siem-prod', B: 'siem-prod-hunter2' };
    const { effective } = load(...given('group: ${B}\ntag: ${A}\n', environment));
    expect(JSON.stringify(effective)).not.toContain('hunter2');
  });
});
