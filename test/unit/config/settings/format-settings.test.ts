import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatOptionKeys } from '../../../../src/config/model/format-spec.ts';
import { settings } from '../../../../src/config/settings/settings.ts';
import { formatNames, optionsOf } from '../../../../src/format/registry.ts';
import { load, problemsOf } from '../../../support/daemons/config.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sls-syslog-format-'));
  writeFileSync(
    join(directory, 'formatter.mjs'),
    'export default (options) => (log) => `${options.lead}${log.get("a")}`;\n',
  );
  writeFileSync(join(directory, 'broken.mjs'), 'throw new Error("nothing works");\n');
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function inFile(text: string): Parameters<typeof load> {
  writeFileSync(join(directory, 'c.yaml'), text);
  return [{}, { '--config': 'c.yaml' }, { workingDirectory: directory }];
}

function messages(...args: Parameters<typeof problemsOf>): string[] {
  return problemsOf(...args).map(({ message }) => message);
}

describe('a format takes its own options, and no others', () => {
  test('from the file', () => {
    const { format } = load(
      ...inFile(`format: cef
mapping: actiontrail
map:
  src: remote_addr
  suser: [user, "event:userIdentity.userName"]
  cs1: "=production"
device-vendor: Acme
event-class-id: "{type|log}"
event-name: ["{type}", "{kind}", none]
unmapped: drop
`),
    ).config.message;
    expect(format).toEqual({
      format: 'cef',
      bom: false,
      mapping: 'actiontrail',
      map: { src: 'remote_addr', suser: ['user', 'event:userIdentity.userName'], cs1: '=production' },
      vendor: 'Acme',
      eventClassId: '{type|log}',
      eventName: ['{type}', '{kind}', 'none'],
      unmapped: 'drop',
    });
  });

  test('from flags and variables: a mapping as name=value or YAML, again and again', () => {
    const { format } = load(
      { SYSLOG_FORMAT: 'LEEF', SYSLOG_LEEF_VERSION: '2.0', SYSLOG_EVENT_CLASS_ID: '["{a}", b]' },
      { '--map': ['src=remote_addr', '{usrName: [user, name]}', 'url: __tag__:u'], '--leef-delimiter': '^' },
    ).config.message;
    expect(format).toEqual({
      format: 'leef',
      bom: false,
      leefVersion: '2.0',
      leefDelimiter: '^',
      map: { src: 'remote_addr', usrName: ['user', 'name'], url: '__tag__:u' },
      eventClassId: ['{a}', 'b'],
      unmapped: 'keep',
    });
    expect(load({}, { '--map': 'src=__tag__:a', '--format': 'cef' }).config.message.format.map).toEqual({
      src: '__tag__:a',
    });
  });

  test('every option of every format has a setting', () => {
    for (const name of formatNames) {
      for (const option of optionsOf(name)) expect(settings[formatOptionKeys[option]]).toBeDefined();
    }
  });

  test.each<[Record<string, string>, Record<string, string | string[]>, string[]]>([
    [{}, { '--format': 'xml' }, ['format (from --format): "xml" is none of kv, json']],
    [
      { SYSLOG_NEST: 'event' },
      { '--format': 'cef' },
      ['nest (from SYSLOG_NEST) has no meaning with --format cef; it is for json: leave it out'],
    ],
    [{}, { '--map': 'src=a' }, ['map (from --map) has no meaning with --format kv; it is for cef or leef']],
    [{}, { '--format': 'json', '--sep': ';' }, ['sep (from --sep) has no meaning with --format json; it is for kv']],
    [{}, { '--format': 'template' }, ['template is missing: --format template needs the text']],
    [{}, { '--format': 'template', '--template': '{a' }, ['template (from --template): ']],
    [
      { SLS_DEAD_LETTER: '/tmp/dead.jsonl' },
      { '--format': 'module' },
      ['module is missing: --format module needs the file of an ES module'],
    ],
    [
      {},
      { '--format': 'module', '--module': 'x.mjs' },
      [
        'module (from --module): The module /nowhere/x.mjs cannot',
        'dead-letter is missing: --format module needs a file',
      ],
    ],
    [
      {},
      { '--format': 'leef', '--leef-delimiter': '^' },
      ['leef-delimiter (from --leef-delimiter) has no meaning with LEEF 1.0'],
    ],
    [
      { SYSLOG_RFC: '3164' },
      { '--format': 'sd' },
      ['format (from --format) is sd, and --rfc 3164 has no structured data'],
    ],
    [{ SYSLOG_OVERSIZE: 'split' }, { '--format': 'sd' }, ['oversize (from SYSLOG_OVERSIZE) is split, and no part of']],
    [{ SYSLOG_BOM: 'yes' }, { '--format': 'sd' }, ['bom (from SYSLOG_BOM) has no meaning with --format sd']],
    [{ SYSLOG_RFC: '3164' }, { '--bom': 'true' }, ['bom (from --bom) has no meaning with --rfc 3164']],
    [{}, { '--bom': 'true', '--oversize': 'split' }, ['oversize (from --oversize) is split, and only the first part']],
    [
      {},
      { '--enterprise-id': '1', '--format': 'json' },
      ['enterprise-id (from --enterprise-id) has no meaning without'],
    ],
    [{}, { '--format': 'cef', '--map': ['src=a', 'src=b'] }, ['map.src (from --map) is there a second time']],
    [{}, { '--format': 'cef', '--map': '{src: {a: b}}' }, ['map.src (from --map) is neither a plain value nor a list']],
    [{}, { '--format': 'cef', '--map': '{src: [' }, ['map (from --map) is not YAML: ']],
    [{ SYSLOG_MAP: 'src=a,dst=b' }, { '--format': 'cef' }, ['map.src (from SYSLOG_MAP) has a second pair behind it']],
    [{}, { '--format': 'cef', '--map': 'src=[a, ' }, ['map.src (from --map) is not YAML: ']],
    [
      {},
      { '--format': 'cef', '--map': 'src' },
      ['map (from --map): "src" is not a mapping: cef, leef: keys and the fields'],
    ],
    [
      {},
      { '--where': 'status = 500' },
      [
        'where (from --where): "status = 500" is neither a mapping nor a list: send only the logs for which this condition holds, ',
      ],
    ],
    [{}, { '--format': 'cef', '--map': 'no-key=a' }, ['map.no-key (from --map): The key "no-key" of the mapping']],
  ])('%j %j', (environment, flags, phrases) => {
    const found = messages(environment, flags);
    expect(found.map((message, index) => message.slice(0, phrases[index]?.length))).toEqual(phrases);
  });

  test('a pair of a mapping takes a list of fields, and a constant whatever it is', () => {
    const flags = { '--format': 'cef', '--map': ['request=[uri, "event:a.b"]', 'cs1==x,y=z', 'cs2==[a]'] };
    expect(load({}, flags).config.message.format).toMatchObject({
      map: { request: ['uri', 'event:a.b'], cs1: '=x,y=z', cs2: '=[a]' },
    });
  });

  test('sd takes the enterprise id, by itself', () => {
    expect(load({ SYSLOG_ENTERPRISE_ID: '41' }, { '--format': 'sd' }).config.message).toMatchObject({
      format: { format: 'sd', enterpriseId: 41 },
    });
  });

  test('what is wrong in a mapping of the file is told with its line', () => {
    expect(problemsOf(...inFile('format: cef\nmap:\n  src: a\n  suser:\n    - a\n    - "b:"\n'))).toMatchObject([
      { path: 'map.suser', at: 'c.yaml:4', message: expect.stringContaining('map.suser (from c.yaml:4): "b:" has an') },
    ]);
  });

  test('also its keys, each at its own line, though something else is wrong', () => {
    const text = 'format: cef\nport: x\nmap:\n  src: a\n  no-key: b\n  msg: [c, d]\n  neither key: e\n';
    expect(problemsOf(...inFile(text)).map(({ path, at }) => [path, at])).toEqual([
      ['map.no-key', 'c.yaml:5'],
      ['map["neither key"]', 'c.yaml:7'],
      ['port', 'c.yaml:2'],
    ]);
  });

  test('each fault of the format is told of the option that is at fault, all at once', () => {
    const found = problemsOf(
      {},
      {
        '--format': 'leef',
        '--leef-version': '2.0',
        '--leef-delimiter': 'abc',
        '--map': ['src=a', 'no key=b'],
        '--mapping': 'nginx',
      },
    );
    expect(found.map(({ message, path }) => [path, message.slice(0, 60)])).toEqual([
      ['map["no key"]', expect.stringContaining('(from --map): The key')],
      ['leef-delimiter', expect.stringContaining('(from --leef-delimiter): The delimiter')],
    ]);
  });

  test('a module is loaded when the configuration is, relative to the file that names it', () => {
    const text = 'format: module\ndead-letter: dead.jsonl\nmodule-options: {lead: ">"}\nmodule: ';
    const { format } = load(...inFile(`${text}formatter.mjs\n`)).config.message;
    expect(format).toEqual({
      format: 'module',
      bom: false,
      module: join(directory, 'formatter.mjs'),
      moduleOptions: { lead: '>' },
    });
    expect(messages(...inFile(`${text}broken.mjs\n`))).toEqual([
      expect.stringMatching(/^module \(from c\.yaml:4\): The module .*broken\.mjs cannot be used: nothing works/),
    ]);
    expect(messages(...inFile(`${text}missing.mjs\n`))).toEqual([expect.stringContaining('missing.mjs')]);
  });
});
