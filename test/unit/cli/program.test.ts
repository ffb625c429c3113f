import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { kebabCase } from '../../../src/config/settings/setting.ts';
import { isSwitch, settingKeys, settings } from '../../../src/config/settings/settings.ts';
import { requiredEnvironment } from '../../support/daemons/config.ts';
import { complete, createFakeContext, createFakeDaemon } from '../../support/daemons/fake-daemon.ts';

/** Runs a command line to its end, with a daemon that ends as soon as it is started. */
async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
  commands: Command[] = [],
) {
  const daemon = createFakeDaemon({ start: () => Promise.resolve(daemon.finish(complete)) });
  const context = createFakeContext(daemon.create, environment, commands);
  const exitCode = await runProgram(args, context);
  return {
    exitCode,
    out: context.out(),
    error: context.error(),
    logged: context.logged(),
    config: daemon.options?.flows[0]?.config,
  };
}

describe('flags', () => {
  test('without a command, with `run`, and before and after it', async () => {
    for (const args of [
      ['--host', 'a.corp', '--port', '99'],
      ['run', '--host', 'a.corp', '--port', '99'],
      ['--host', 'a.corp', 'run', '--port=99'],
    ]) {
      const { exitCode, config } = await run(args);
      expect(exitCode).toBe(0);
      expect(config?.receiver).toMatchObject({ host: 'a.corp', port: 99 });
    }
  });

  test('aliases, switches, repeated ones, a value that is a dash or begins with one', async () => {
    const [a, b] = ['ab'.repeat(32), 'cd'.repeat(32)] as const;
    const { config } = await run([
      '--protocol',
      'tls',
      '--fingerprint',
      a,
      '--fingerprint',
      b,
      '--insecure',
      '--tag',
      '-',
      '--sep=--',
    ]);
    expect(config?.receiver.tls).toMatchObject({ fingerprints: [a, b], insecure: true });
    expect(config?.message).toMatchObject({ tag: '-', format: { separator: '--' } });
  });

  test('each setting that has a flag can be set by it', async () => {
    // Each with a value that it refuses: what is told shows that it has arrived.
    const takesAnything = ['query', 'severityField'];
    const keys = settingKeys.filter((each) => !settings[each].noFlag && !isSwitch(each));
    for (const key of keys.filter((each) => !takesAnything.includes(each))) {
      const { error, exitCode } = await run([`--${kebabCase(key)}`, '\n']);
      expect(exitCode).toBe(2);
      expect(error, key).toMatch(new RegExp(`^ {2}- ${kebabCase(key)}`, 'm'));
    }
  });

  test('each switch can be set by its flag, whatever it is called', async () => {
    const switches = settingKeys.filter((each) => !settings[each].noFlag && isSwitch(each));
    expect(switches).toContain('noTags');
    for (const key of switches) {
      // What the flag wins over is not read.
      const environment = { [settings[key].variables[0]]: 'maybe' };
      const [without, withFlag] = [await run([], environment), await run([`--${kebabCase(key)}`], environment)];
      expect(without.error, key).toMatch(/"maybe" is neither true nor false/);
      expect(withFlag.error, key).not.toMatch(/maybe|unknown option/);
    }
  });

  test('a sub-command has its own options, even of the same names', async () => {
    const given: unknown[] = [];
    const emulator = new Command('emulator').option('--port <number>').action((options) => {
      given.push(options);
    });
    const { exitCode, error } = await run(['emulator', '--port', '0'], {}, [emulator]);
    expect([exitCode, error, given]).toEqual([undefined, '', [{ port: '0' }]]);
  });

  test('a sub-command with a wrong option: 2', async () => {
    const emulator = new Command('emulator').option('--port <number>');
    const { exitCode, error } = await run(['emulator', '--prot', '0'], {}, [emulator]);
    expect(exitCode).toBe(2);
    expect(error).toContain('--port');
  });
});

describe('problems on the command line: all at once, exit code 2', () => {
  test('unknown ones, those without a value and wrong values together with what is missing', async () => {
    const { exitCode, error, config } = await run(
      ['--prot', 'tcp', '--port', '99999', '--insecure=true', '--ca', 'x', '--cert-path', 'y', '--host'],
      { SLS_PROJECT: undefined, SYSLOG_HOST: undefined },
    );
    expect(exitCode).toBe(2);
    expect(config).toBeUndefined();
    const bullets = error.split('\n').filter((line) => line.startsWith('  - '));
    expect(bullets).toEqual([
      '  - unknown option --prot; did you mean --proto?',
      '  - project is missing: project that holds the logstore',
      '  - host needs a value: --host <host[:port],…>',
      '  - port (from --port): "99999" is not a port; give a number from 1 to 65535',
      '  - ca: --cert-path means the same as --ca; give one of the two',
      '  - ca (from --ca) has no meaning with --proto tcp; use --proto tls, or leave it out',
      '  - insecure takes no value: give --insecure or leave it out',
    ]);
  });

  test('an unknown command', async () => {
    const { exitCode, error } = await run(['emulater']);
    expect(exitCode).toBe(2);
    expect(error).toContain('unknown command "emulater"; did you mean "emulator"?');
  });

  test.each([
    [['--access-key-secret=s3cret']],
    [['--access-key-secret', 's3cret']],
    [['--sts-token', 's3cret']],
    [['--bogus', 's3cret']],
    [['--bogus=s3cret', 'S3cret s3cret']],
  ])('%j: a secret has no flag, and its value is not repeated', async (args) => {
    const { exitCode, error } = await run(args);
    expect(exitCode).toBe(2);
    expect(error).toMatch(/set SLS_AK_KEY|set SLS_STS_TOKEN|unknown option --bogus$/m);
    expect(error).not.toContain('s3cret');
  });
});

describe('help', () => {
  test.each([
    ['status --help', 'unknown command "status"; commands are run'],
    ['--host a status -h', 'unknown command "status"; commands are run'],
    ['help status', 'unknown command "status"; commands are run'],
    ['check', 'unknown command "check"; did you mean "config check"?'],
    ['check sls-syslog.yaml', 'unknown command "check"; did you mean "config check"?'],
    ['validate --help', 'unknown command "validate"; did you mean "config check"?'],
    ['replay', 'unknown command "replay"; did you mean "dead-letter replay"?'],
    ['start', 'unknown command "start"; did you mean "run"?'],
    ['constructor', 'unknown command "constructor"; commands are run'],
    ['rnu --help', 'unknown command "rnu"; did you mean "run"?'],
    ['run status --help', 'unknown command "status"; commands are run'],
    ['s3cret/Token --help', 'unexpected argument; commands are run'],
    ['config nonsense --help', "error: unknown command 'nonsense'"],
    ['dead-letter nonsense --help', "error: unknown command 'nonsense'"],
  ])('is not shown for what is no command: %s', async (line, expected) => {
    const { exitCode, out, error } = await run(line.split(' '));
    expect(exitCode).toBe(2);
    expect(out).toBe('');
    expect(error).toContain(expected);
    expect(error).not.toMatch(/s3cret|is missing/);
  });

  test.each([
    ['--host status --help', '[run]'],
    ['--no-such-option status --help', '[run]'],
    ['help', '[run]'],
    ['help run', 'run'],
    ['config --help', 'config'],
    ['help config', 'config'],
    ['config help check', 'config check'],
    ['config check a.yaml --help', 'config check'],
    ['dead-letter replay a.jsonl --help', 'dead-letter replay'],
  ])('is shown for what is one: %s', async (line, usage) => {
    const { exitCode, out } = await run(line.split(' '));
    expect(exitCode).toBe(0);
    expect(out).toContain(`Usage: sls-syslog ${usage}`);
  });

  test.each([[['--help']], [['run', '--help']], [['-h']]])(
    '%j has every setting with its variables and default, in its group',
    async (args) => {
      const { exitCode, out } = await run(args);
      expect(exitCode).toBe(0);
      const text = out.replace(/\s+/g, ' ');
      const titles = ['Service:', 'Consumer group:', 'Message:', 'Receiver:', 'Operation:'];
      expect(titles.map((title) => text.indexOf(title))).toEqual(
        titles.map((title) => text.indexOf(title)).toSorted((a, b) => a - b),
      );
      expect(text).toContain(titles[0]);
      for (const key of settingKeys) {
        const { variables, noFlag, absent, defaultText, description } = settings[key];
        for (const variable of variables) expect(text, key).toContain(variable);
        expect(text.includes(` --${kebabCase(key)} `), key).toBe(!noFlag);
        expect(text, key).toContain(description);
        if (absent === 'default' && !isSwitch(key)) expect(text, key).toContain(`default: ${defaultText}`);
      }
      expect(text).toContain('Examples:');
    },
  );

  test('hides aliases as options of their own, but names them', async () => {
    const { out } = await run(['--help']);
    expect(out).not.toMatch(/^ +--cert-path/m);
    expect(out.replace(/\s+/g, ' ')).toContain('also --cert-path');
  });

  test('lists the commands', async () => {
    const { out } = await run(['--help'], {}, [new Command('emulator').description('a log service')]);
    expect(out).toMatch(/^ +run /m);
    expect(out).toMatch(/^ +emulator .*a log service/m);
  });

  test('version', async () => {
    const { exitCode, out } = await run(['--version']);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+/);
  });
});

describe('the start', () => {
  test('one line with what is in effect, then the warnings, then the end', async () => {
    const { logged } = await run(['--proto', 'udp', '--drain-timeout', '7s']);
    expect(logged.map(({ level, msg }) => [level, msg])).toEqual([
      ['info', 'sls-syslog starts'],
      ['warn', expect.stringContaining('best effort')],
      ['info', expect.stringContaining('everything sent')],
    ]);
    expect(logged[0]?.config).toMatchObject({
      service: { endpoint: requiredEnvironment.SLS_ENDPOINT, accessKeyId: 'LTAI…', accessKeySecret: '[redacted]' },
      group: { group: 'siem', heartbeatInterval: '20s' },
      receiver: { proto: 'udp', port: '514' },
      operation: { drainTimeout: '7s' },
    });
  });

  test('the log level counts from the first line on', async () => {
    const { error } = await run(['--log-level', 'error']);
    expect(error).toBe('');
  });

  test('pretty is for people', async () => {
    const { error } = await run(['--log-format', 'pretty']);
    expect(error).toMatch(/INFO: sls-syslog starts\n/);
    expect(error).not.toMatch(/^\{/m);
  });
});

describe('dead-letter replay', () => {
  const noService = { SLS_ENDPOINT: undefined, SLS_PROJECT: undefined, SLS_LOGSTORE: undefined, SLS_CG: undefined };

  test('needs a receiver and files, and nothing of the log service', async () => {
    const missing = await run(['dead-letter', 'replay', '/nowhere/a.jsonl'], { ...noService, SYSLOG_HOST: undefined });
    expect(missing.exitCode).toBe(2);
    expect(missing.error.match(/^ {2}- /gm)).toHaveLength(1);
    expect(missing.error).toContain('host is missing');
    const { exitCode, error } = await run(['dead-letter', 'replay', '/nowhere/a.jsonl', '--port', '99'], noService);
    expect(exitCode).toBe(2);
    expect(error).toContain('/nowhere/a.jsonl does not exist');
    expect((await run(['dead-letter', 'replay'], noService)).error).toContain("missing required argument 'files'");
  });

  test('says what is wrong with its settings, and does not ask for a dead-letter file', async () => {
    const { exitCode, error } = await run(
      ['dead-letter', 'replay', 'a.jsonl', 'b.jsonl', '--oversize', 'dead-letter', '--prot', '99'],
      noService,
    );
    expect(exitCode).toBe(2);
    expect(error.match(/^ {2}- .*/gm)).toEqual([expect.stringContaining('unknown option --prot')]);
  });

  test('has a help of its own, with the settings', async () => {
    const { exitCode, out } = await run(['dead-letter', 'replay', '--help']);
    expect(exitCode).toBe(0);
    expect(out).toContain('FILE... [settings]');
    expect(out).toContain('--max-message-bytes');
  });
});
