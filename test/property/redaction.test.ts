import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { complete, createFakeContext, createFakeDaemon } from '../support/daemons/fake-daemon.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sls-syslog-redaction-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Long enough not to turn up by chance; with the characters that quoting, YAML and URLs make something of. */
const secret = fc.string({
  unit: fc.constantFrom(...'abcXYZ0189+/=-_*&%!@#:|>{}[]"\'\\'),
  minLength: 16,
  maxLength: 40,
});

const place = fc.constantFrom('variable', 'file', 'raw file', 'flag', 'flag=', 'endpoint', 'broken variable', 'token');
/** Settings that are masked, others, in a structure and in a section; some that it will not fit. */
const keyOfFile = fc.constantFrom(
  'access-key-secret: §',
  'sts-token: "§"',
  'access-key-id: §§',
  'query: "level: §"',
  'raw-field: "§"\nformat: raw',
  'where: [{field: "§", in: ["§", b]}]',
  'rules: {when: {field: a, regex: "§"}, severity: err}',
  'module-options: {a: {b: [§]}}',
  'rename: {a: "§"}',
  'tag: x§',
  'group: "§"',
  'host: [a.corp, "§"]',
  'preset: §',
  'port: §',
  'dead-letter: "no/such/directory/§"',
  'proto: tls\nca: "§"',
  'endpoint: "https://ak:§@cn-hangzhou.log.aliyuncs.com"',
  'sources: {a: {project: "§"}, b: {sts-token: "§"}}',
  'receivers: {a: {host: h}}\npipelines: [{name: "§", from: "§", to: ["§", {receiver: a, required: "§", group: "§"}]}]',
  'hots: "§"',
);
const putInBy = fc.constantFrom('${SECRET}', '${file:secret}');
const command = fc.constantFrom([], ['run'], ['config', 'check'], ['config', 'show'], ['config', 'show', '--json']);
const format = fc.constantFrom('json', 'pretty');
const alsoWrong = fc.boolean();

/** The secret set in a place, good or bad: the command line, the environment and the file. */
function setIn(
  where: string,
  text: string,
): { args: string[]; environment: Record<string, string | undefined>; file: string } {
  switch (where) {
    case 'variable':
      return { args: [], environment: { SLS_AK_KEY: text }, file: '' };
    case 'broken variable':
      return { args: [], environment: { SLS_AK_KEY: `${text} ${text}` }, file: '' };
    case 'token':
      return { args: [], environment: { SLS_STS_TOKEN: text }, file: '' };
    case 'file':
      return { args: [], environment: { SLS_AK_KEY: undefined }, file: `access-key-secret: ${JSON.stringify(text)}\n` };
    case 'raw file':
      return { args: [], environment: { SLS_AK_KEY: undefined }, file: `access-key-secret: ${text}\n` };
    case 'flag':
      return { args: ['--access-key-secret', text], environment: {}, file: '' };
    case 'flag=':
      return { args: [`--sk=${text}`], environment: {}, file: '' };
    default:
      return { args: [], environment: { SLS_ENDPOINT: `https://ak:${text}@cn-hangzhou.log.aliyuncs.com` }, file: '' };
  }
}

test('a secret turns up in nothing that is written, wherever it was set and whatever else is wrong', async () => {
  const outcomes = new Set<unknown>();
  await fc.assert(
    fc.asyncProperty(secret, place, format, alsoWrong, async (text, where, logFormat, wrong) => {
      // As a flag's value, what begins with a dash would be an option of its own.
      fc.pre(where !== 'flag' || !text.startsWith('-'));
      const { args, environment, file } = setIn(where, text);
      const path = join(directory, 'c.yaml');
      writeFileSync(path, `${file}tag: siem\n`);
      const daemon = createFakeDaemon({
        start: () => {
          daemon.options?.log.warn(
            { flows: daemon.options.flows, config: daemon.options.flows[0]?.config },
            'a whole configuration, logged by mistake',
          );
          daemon.finish(complete);
          return Promise.resolve();
        },
      });
      const context = createFakeContext(daemon.create, environment);
      const all = ['--config', path, '--log-format', logFormat, ...args, ...(wrong ? ['--port', 'x'] : [])];
      outcomes.add(await runProgram(all, context));
      const written = context.out() + context.error();
      expect(written).not.toBe('');
      for (const spelling of spellingsOf(text)) expect(written).not.toContain(spelling);
    }),
    propertyRuns(300, 100),
  );
  expect(outcomes, 'both ways out were tried').toEqual(new Set([0, 2]));
});

test('what is put in for ${…} turns up in nothing that is written, whatever it is put into', async () => {
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(secret, keyOfFile, putInBy, command, alsoWrong, async (text, line, by, words, wrong) => {
      writeFileSync(join(directory, 'secret'), `${text}\n`);
      const path = join(directory, 'i.yaml');
      writeFileSync(path, `${line.replaceAll('§', () => by)}\n`);
      const key = line.slice(0, line.indexOf(':'));
      const daemon = createFakeDaemon({
        start: () => {
          daemon.finish(complete);
          return Promise.resolve();
        },
      });
      const instead = { 'access-key-id': 'SLS_AK_ID', 'access-key-secret': 'SLS_AK_KEY', group: 'SLS_CG' };
      const variables = { ...instead, endpoint: 'SLS_ENDPOINT', host: 'SYSLOG_HOST' };
      const unset = Object.entries(variables).flatMap(([name, variable]) =>
        name === key ? [[variable, undefined]] : [],
      );
      const context = createFakeContext(daemon.create, { ...Object.fromEntries(unset), SECRET: text });
      const exitCode = await runProgram([...words, '--config', path, ...(wrong ? ['--port', 'x'] : [])], context);
      outcomes.add(`${key} ${exitCode}`);
      const written = context.out() + context.error();
      expect(written).not.toBe('');
      for (const spelling of spellingsOf(text)) expect(written).not.toContain(spelling);
    }),
    propertyRuns(600, 200),
  );
  for (const key of ['access-key-secret', 'query', 'where', 'rules', 'module-options', 'rename']) {
    expect(outcomes, 'both ways out were tried').toContain(`${key} 2`);
  }
  for (const key of ['access-key-secret', 'query', 'where', 'rename']) expect(outcomes).toContain(`${key} 0`);
});

function spellingsOf(text: string): readonly string[] {
  const quoted = JSON.stringify(text).slice(1, -1);
  return [text, quoted, JSON.stringify(quoted).slice(1, -1), encodeURIComponent(text), text.toLowerCase()];
}

test('--help shows nothing of the environment', async () => {
  const context = createFakeContext(createFakeDaemon().create, {
    SLS_AK_KEY: 'hunter2hunter2',
    SLS_AK_ID: 'LTAI5tHunterHunter',
  });
  expect(await runProgram(['--help'], context)).toBe(0);
  expect(context.out()).not.toMatch(/hunter/i);
});
