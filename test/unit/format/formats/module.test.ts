import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import type * as plugin from '../../../../plugin.d.ts';
import { createModuleFormat } from '../../../../src/format/formats/module.ts';
import type { LogView } from '../../../../src/format/parts/log-view.ts';
import { placeOf } from '../../../../src/pipeline/deliver/format-trouble.ts';
import { logView, oracleLog } from '../../../support/oracles/format-oracle.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
let directory: string;
let count = 0;

beforeAll(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'module-format-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** @returns its path */
function moduleFile(source: string, extension = 'mjs'): string {
  const file = path.join(directory, `format-${count++}.${extension}`);
  writeFileSync(file, source);
  return file;
}

const log = logView(oracleLog({ user: 'alice' }));

describe("a user's module", () => {
  it.each([
    ['an object', 'export default (o) => ({ p: o.p, format(log) { return this.p + log.get("user") } })'],
    ['a function', 'export default function createFormatter(o) { return (log) => o.p + log.get("user") }'],
  ])('gives %s that formats, with its options', (_, source) => {
    const format = createModuleFormat({ module: moduleFile(source), moduleOptions: { p: '>' } });
    expect(format.format(log)).toBe('>alice');
  });

  it('may return bytes, and be a .js file without a package around it', () => {
    const file = moduleFile('export default () => () => Buffer.from([1, 255])', 'js');
    expect(createModuleFormat({ module: file }).format(log)).toEqual(Buffer.from([1, 255]));
  });

  it.each([
    ['export default 5', 'no default export that is a function'],
    ['export const createFormatter = () => 1', 'no default export that is a function'],
    ['export default () => ({})', 'has to return { format(log) } or a function'],
    ['export default () => undefined', 'returned undefined'],
    ['export default async () => () => ""', 'is asynchronous'],
    ['export default async () => { throw new Error("late") }', 'is asynchronous'],
    ['await 0; export default () => () => ""', 'at its top level'],
    ['export default () => { throw new Error("no key") }', 'its createFormatter failed: no key'],
    ['export default (', 'cannot be used'],
    ['import "./missing.mjs"; export default () => () => ""', 'cannot be used'],
  ])('is refused at start, its file named: %s', (source, why) => {
    const file = moduleFile(source);
    const create = (): unknown => createModuleFormat({ module: file });
    expect(create).toThrow(why);
    expect(create).toThrow(file);
    expect(create).toThrow(expect.objectContaining({ code: 'format', action: 'fatal' }));
  });

  it('that is not there is refused', () => {
    expect(() => createModuleFormat({ module: path.join(directory, 'none.mjs') })).toThrow('cannot be used');
  });

  it.each([
    ['export default () => () => 5', 'a value of type number'],
    ['export default () => () => undefined', 'undefined'],
    ['export default () => async () => { throw new Error("never waited for") }', 'a promise'],
    ['export default () => () => { throw new Error("this one") }', 'this one'],
  ])('has an error of that log only: %s', async (source, why) => {
    const format = createModuleFormat({ module: moduleFile(source) });
    expect(() => format.format(log)).toThrow(why);
    await new Promise(setImmediate);
  });

  it('is said in the log to have returned something else, as far as anything of an error is', () => {
    const format = createModuleFormat({ module: moduleFile('export default () => async () => "text"') });
    const write = () => {
      try {
        return format.format(log);
      } catch (error) {
        return placeOf(error);
      }
    };
    expect(write()).toMatchObject({ error: 'TypeError', errorCode: 'ERR_INVALID_RETURN_VALUE' });
  });
});

describe('sls-syslog/plugin', () => {
  it('says the same of a log as the encoders do', () => {
    expectTypeOf<plugin.LogView>().toEqualTypeOf<LogView>();
  });

  it('is found by a TypeScript file from outside, and checks it', () => {
    const project = mkdtempSync(path.join(directory, 'project-'));
    mkdirSync(path.join(project, 'node_modules'));
    symlinkSync(root, path.join(project, 'node_modules/sls-syslog'), 'dir');
    writeFileSync(path.join(project, 'package.json'), '{"type":"module"}');
    const compile = (body: string): string => {
      writeFileSync(
        path.join(project, 'format.ts'),
        `import type { CreateFormatter } from 'sls-syslog/plugin';
const createFormatter: CreateFormatter<{ separator?: string }> = (options) => ({ format: (log) => ${body} });
export default createFormatter;
`,
      );
      const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', ''];
      try {
        execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...options, 'format.ts'], {
          cwd: project,
          stdio: 'pipe',
        });
        return '';
      } catch (error) {
        return String((error as { stdout: Buffer }).stdout);
      }
    };
    expect(compile('(log.get("a") ?? "") + (options.separator ?? " ") + [...log.fields()].length')).toBe('');
    expect(compile('log.get("a")')).toContain("not assignable to type 'string | Uint8Array");
    expect(compile('log.nothing')).toContain('nothing');
  });

  it('is in the package', () => {
    const [packed] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, stdio: 'pipe' }).toString(),
    ) as [{ files: { path: string }[] }];
    const files = packed.files.map((file) => file.path);
    expect(files).toEqual(expect.arrayContaining(['plugin.d.ts', 'examples/module-formatter/formatter.js']));
  });
});

describe('examples/module-formatter', () => {
  const example = path.join(root, 'examples/module-formatter/formatter.js');
  const event = { eventName: 'ConsoleSignin', sourceIpAddress: '192.0.2.7', acsRegion: 'cn-hangzhou' };

  it('makes a line of an audit log', () => {
    const format = createModuleFormat({ module: example });
    const signin = { ...event, userIdentity: { userName: 'alice' } };
    expect(format.format(logView(oracleLog({ event: JSON.stringify(signin) })))).toBe(
      'ConsoleSignin by alice from 192.0.2.7 (cn-hangzhou)',
    );
  });

  it('takes its option, and rejects a log that it cannot read', () => {
    const format = createModuleFormat({ module: example, moduleOptions: { unknown: 'nobody' } });
    expect(format.format(logView(oracleLog({ event: JSON.stringify(event) })))).toContain('by nobody from');
    expect(() => format.format(log)).toThrow('no field "event"');
    expect(() => format.format(logView(oracleLog({ event: '{' })))).toThrow();
  });

  it('has a test of its own, which passes', () => {
    const file = path.join(path.dirname(example), 'formatter.test.js');
    const output = execFileSync(process.execPath, ['--test', '--test-reporter=tap', file], {
      // Node would take it for a part of a test run of its own.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    }).toString();
    expect(output).toMatch(/^# pass 3$/m);
    expect(output).toMatch(/^# fail 0$/m);
  });
});
