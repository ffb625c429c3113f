import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runProgram } from '../../../../src/cli/program.ts';
import { moduleProblem } from '../../../../src/config/checks/module-check.ts';
import { requiredEnvironment, testSurroundings } from '../../../support/daemons/config.ts';
import { complete, createFakeContext, createFakeDaemon } from '../../../support/daemons/fake-daemon.ts';

const directory = mkdtempSync(join(tmpdir(), 'sls-syslog-module-check-'));

afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** What runs it leaves a file behind. */
const mark = (kind: 'cjs' | 'mjs') => {
  const path = JSON.stringify(join(directory, 'was-run'));
  return kind === 'cjs'
    ? `require('node:fs').writeFileSync(${path}, '');\n`
    : `import { writeFileSync } from 'node:fs';\nwriteFileSync(${path}, '');\n`;
};
const wasRun = () => existsSync(join(directory, 'was-run'));

function module(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

test.each([
  ['a.mjs', `${mark('mjs')}export default () => ({ format: () => 'x' });\n`],
  ['b.js', `${mark('mjs')}export default () => ({ format: () => 'x' });\n`],
  ['c.cjs', `${mark('cjs')}module.exports = () => ({ format: () => 'x' });\n`],
  ['d.js', `#!/usr/bin/env node\n${mark('cjs')}exports.default = () => ({ format: () => 'x' });\n`],
  ['e.mjs', `${mark('mjs')}const make = () => () => 'x';\nexport { make as default };\n`],
])('nothing is wrong with %s, which is not run', (name, text) => {
  expect(moduleProblem(module(name, text))).toBeUndefined();
  expect(wasRun()).toBe(false);
});

test.each([
  ['broken.mjs', `${mark('mjs')}export default functio () {};\n`, /cannot be used: line 3: Unexpected/],
  ['broken.js', `${mark('mjs')}export default functio () {};\n`, /cannot be used: line 3: Unexpected/],
  ['broken.cjs', `${mark('cjs')}module.exports = {;\n`, /cannot be used: Unexpected/],
  ['esm.cjs', 'export default () => 1;\n', /cannot be used: Unexpected token 'export'/],
  ['nothing.mjs', `${mark('mjs')}export const format = () => 'x';\n`, /it has no default export that is a function/],
])('%s: %s', (name, text, phrase) => {
  expect(moduleProblem(module(name, text))).toMatch(phrase);
  expect(wasRun()).toBe(false);
});

test('one that is not there, and a directory without an index', () => {
  expect(moduleProblem(join(directory, 'missing.mjs'))).toMatch(/missing\.mjs cannot be used: it does not exist\.$/);
  mkdirSync(join(directory, 'empty'));
  expect(moduleProblem(join(directory, 'empty'))).toMatch(/it is a directory/);
});

describe('config', () => {
  async function config(command: string, text: string) {
    writeFileSync(join(directory, 'c.yaml'), `format: module\ndead-letter: dead.jsonl\n${text}`);
    const context = {
      ...createFakeContext(createFakeDaemon().create),
      surroundings: testSurroundings({ environment: requiredEnvironment, workingDirectory: directory }),
    };
    const exitCode = await runProgram(['config', command, 'c.yaml'], context);
    return { exitCode, out: context.out(), error: context.error() };
  }

  const good = 'export default ({ key }) => ({ format: () => key });\n';

  test.each(['check', 'show'])('%s does not run the module', async (command) => {
    module('good.mjs', `${mark('mjs')}${good}`);
    const { exitCode, error } = await config(command, 'module: good.mjs\n');
    expect(exitCode).toBe(0);
    expect(wasRun()).toBe(false);
    if (command === 'check') expect(error).toMatch(/^warning: the module .*good\.mjs is not run by this check/m);
  });

  test('check says what can be seen of it', async () => {
    module('bad.mjs', `${mark('mjs')}export default (;\n`);
    const { exitCode, error } = await config('check', 'module: bad.mjs\n');
    expect(exitCode).toBe(2);
    expect(error).toMatch(/module \(from c\.yaml:3\): The module .*bad\.mjs cannot be used: line 3: Unexpected token/);
    expect(wasRun()).toBe(false);
  });

  test('show shows the names of module-options, and none of their values', async () => {
    module('good.mjs', good);
    const { out } = await config('show', 'module: good.mjs\nmodule-options: {key: hunter2, more: [{pin: "90210"}]}\n');
    expect(out).toMatch(/module-options +\{"key":"\[redacted\]","more":\[\{"pin":"\[redacted\]"\}\]\}/);
    expect(out).not.toMatch(/hunter2|90210/);
  });

  test('nor does an error, of the setting or of the module', async () => {
    expect((await config('check', 'module-options: hunter2\n')).error).not.toContain('hunter2');
    module('throws.mjs', 'export default ({ key }) => { throw new Error(`the key ${key} is refused`); };\n');
    writeFileSync(
      join(directory, 'c.yaml'),
      'format: module\ndead-letter: dead.jsonl\nmodule: throws.mjs\nmodule-options: {key: hunter2}\n',
    );
    const context = createFakeContext(createFakeDaemon().create);
    expect(await runProgram(['--config', join(directory, 'c.yaml')], context)).toBe(2);
    expect(context.error()).toContain('the key [redacted] is refused');
    expect(context.error()).not.toContain('hunter2');
  });

  test('nor the log of a daemon that starts', async () => {
    module('good.mjs', good);
    const daemon = createFakeDaemon({
      start: () => {
        daemon.options?.log.warn({ config: daemon.options.flows[0]?.config }, 'logged by mistake');
        return Promise.resolve();
      },
    });
    writeFileSync(
      join(directory, 'c.yaml'),
      'format: module\ndead-letter: dead.jsonl\nmodule: good.mjs\nmodule-options: {key: hunter2}\n',
    );
    const context = createFakeContext(daemon.create);
    const exit = runProgram(['--config', join(directory, 'c.yaml')], context);
    await expect.poll(() => context.error()).toContain('logged by mistake');
    daemon.finish(complete);
    expect(await exit).toBe(0);
    expect(context.error()).toContain('"moduleOptions":"[redacted]"');
    expect(context.error()).not.toContain('hunter2');
  });
});
