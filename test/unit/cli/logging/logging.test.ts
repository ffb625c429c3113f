import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { createLogger, type LogOutput } from '../../../../src/cli/logging/logging.ts';
import { AppError } from '../../../../src/core/errors.ts';

function logTo(options: Partial<Parameters<typeof createLogger>[0]> = {}) {
  const lines: string[] = [];
  const output: LogOutput = { write: (line) => lines.push(line) };
  const log = createLogger({ level: 'info', format: 'json', output, ...options });
  return { log, lines, output, first: () => JSON.parse(lines[0] ?? '') as Record<string, unknown> };
}

test('a line is JSON with the level by name and the time in ISO', () => {
  const { log, first } = logTo();
  log.info({ shard: 3 }, 'hello');
  expect(first()).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    pid: process.pid,
    shard: 3,
    msg: 'hello',
  });
});

test('levels below the chosen one are left out', () => {
  const { log, lines } = logTo({ level: 'warn' });
  log.debug({}, 'no');
  log.info({}, 'no');
  log.warn({}, 'yes');
  log.error({}, 'yes');
  log.fatal({}, 'yes');
  expect(lines).toHaveLength(3);
});

test.each(['err', 'error'])('an error under %s has its stack, cause, code and context', (field) => {
  const { log, first } = logTo();
  const error = new AppError('outer', { code: 'x', action: 'fatal', context: { shard: 1 }, cause: new Error('inner') });
  log.error({ [field]: error }, 'failed');
  expect(first()[field]).toMatchObject({
    type: 'AppError',
    code: 'x',
    context: { shard: 1 },
    message: 'outer: inner',
    stack: expect.stringContaining('caused by: Error: inner'),
  });
});

test('a child carries its fields', () => {
  const { log, first } = logTo();
  log.child({ shard: 7 }).info({}, 'hello');
  expect(first()).toMatchObject({ shard: 7 });
});

test.each(['json', 'pretty'] as const)(
  'secrets are redacted by name at every depth that a configuration has (%s)',
  (format) => {
    const { log, lines } = logTo({ format });
    const secrets = { accessKeySecret: 's3cret', securityToken: 's3cret', stsToken: 's3cret', passphrase: 's3cret' };
    log.info({ ...secrets, a: secrets, b: { c: { ...secrets, tls: { key: 's3cret' } } } }, 'all');
    log.info({ request: { headers: { authorization: 's3cret', 'x-acs-security-token': 's3cret' } } }, 'headers');
    log.child(secrets).info({ config: { receiver: { tls: { key: Buffer.from('s3cret'), cert: 'kept' } } } }, 'child');
    expect(lines.join('')).not.toContain('s3cret');
    expect(lines.join('')).not.toContain(JSON.stringify([...Buffer.from('s3cret')]).slice(1, -1));
    expect(lines.join('')).toContain('kept');
  },
);

test('pretty has times of UTC, and says so: Node may take another zone for the local one than the machine has', () => {
  const { log, lines } = logTo({ format: 'pretty' });
  const before = new Date().toISOString();
  log.info({}, 'now');
  const [, date, time] = /^\[(\S+) (\S+Z)\]/.exec(lines.join(''))!;
  const said = `${date}T${time}`;
  expect([said >= before, said <= new Date().toISOString()]).toEqual([true, true]);
});

test('pretty has colours only when asked', () => {
  const plain = logTo({ format: 'pretty' });
  plain.log.info({}, 'hello');
  const coloured = logTo({ format: 'pretty', colour: true });
  coloured.log.info({}, 'hello');
  expect(plain.lines.join('')).not.toContain('\u001b[');
  expect(coloured.lines.join('')).toContain('\u001b[');
});

test.each(['json', 'pretty'] as const)(
  'the line that stands where others are missing has the same form (%s)',
  (format) => {
    const { log, lines, output } = logTo({ format });
    log.warn(
      { dropped: 7, bytes: 700, seconds: 61 },
      'the reader of this log had stopped reading: 7 lines are missing here',
    );
    const described = output.describeDrops?.({ lines: 7, bytes: 700, seconds: 60.9 });
    const withoutTime = (line = '') => line.replace(/\d\d:\d\d:\d\d\.\d{3}/, '');
    expect(withoutTime(described)).toBe(withoutTime(lines[0]));
    expect(lines).toHaveLength(1);
  },
);

const script = (format: string) => `
  import { createLogger } from ${JSON.stringify(new URL('../../../../src/cli/logging/logging.ts', import.meta.url).href)};
  const log = createLogger({ level: 'info', format: '${format}' });
  for (let i = 0; i < 5000; i++) log.info({ i, filler: 'x'.repeat(200) }, 'line');
  log.info({}, 'the last line');
  process.exit(3);
`;

test.each(['json', 'pretty'])('nothing of 1 MB is lost when the process exits at once (%s)', (format) => {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script(format)],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 2 ** 20,
    },
  );
  expect(status, stderr.slice(-1000)).toBe(3);
  expect(stderr.match(/\bline\b/g)).toHaveLength(5001);
  expect(stderr.trimEnd()).toMatch(/the last line[^\n]*$/);
});
