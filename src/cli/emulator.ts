/**
 * The command `sls-syslog emulator`: the emulator as a process of its own, for demos and tests.
 *
 * stdout gets one line of JSON when the emulator is ready, and nothing else; the `export` line to paste, and errors, go
 * to stderr.
 */
import { Command } from 'commander';
import { z } from 'zod';
import { ConfigError } from '../core/errors.ts';
import { dialectOf, readings, textsOf } from '../emulator/dialect-text.ts';
import {
  createEmulator,
  DEMO_CREDENTIALS,
  type Emulator,
  type EmulatorAddress,
  isProfileName,
  type ProfileName,
} from '../emulator/emulator.ts';
import { mostServedConnections, onRefusedConnection } from './process/descriptors.ts';

const USAGE_EXIT_CODE = 2;
/** The initial logs' receive times are spread over so long before the start, so that `--from <time>` can be tried. */
const BACKLOG_SPAN_MS = 10 * 60 * 1000;
const CONSUMER_GROUP = 'sls-syslog-demo';
const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;
const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,12}$/, `must be a whole number, ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be ${min} to ${max}`);

const dialect = z
  .array(z.string())
  .default([])
  .transform((texts, context) => {
    try {
      return dialectOf(texts);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const { message } of error.problems) context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
  });

const optionsSchema = z.object({
  port: wholeNumber(0, 65_535),
  shards: wholeNumber(1, 256),
  logs: wholeNumber(0, 50_000_000),
  rate: wholeNumber(0, 1_000_000),
  profile: z.custom<ProfileName>(
    (value) => typeof value === 'string' && isProfileName(value),
    'must be access, audit, nasty or file:PATH',
  ),
  seed: wholeNumber(0, 0xffff_ffff),
  project: z.string().regex(/^[a-z0-9][a-z0-9-]{1,62}$/, 'must be 2 to 63 lower-case letters, digits or "-"'),
  logstore: z.string().regex(/^[a-z0-9][a-z0-9_-]{1,62}$/, 'must be 2 to 63 lower-case letters, digits, "-" or "_"'),
  ak: z.string().regex(/^[^\s:/]+$/, 'must not be empty, nor hold blanks, ":" or "/"'),
  sk: z.string().min(1, 'must not be empty'),
  stsToken: z.string().min(1, 'must not be empty').optional(),
  region: z.string().min(1, 'must not be empty').optional(),
  retention: z
    .string()
    .regex(DURATION, 'must be a number with its unit: 30s, 10m, 2h, 7d')
    .transform((text) => {
      const [, amount, unit] = DURATION.exec(text)!;
      return Number(amount) * MS_PER_UNIT[unit!]!;
    })
    .optional(),
  state: z.string().min(1, 'must not be empty').optional(),
  dialect,
});

type EmulatorCommandOptions = z.infer<typeof optionsSchema>;

export function emulatorCommand(): Command {
  return new Command('emulator')
    .option('--port <number>', 'port on 127.0.0.1; 0 takes a free one', '0')
    .option('--shards <number>', 'shards of the logstore', '4')
    .option('--logs <number>', 'logs that are there from the start', '100000')
    .option('--rate <number>', 'logs per second that are appended from then on, over all shards', '0')
    .option('--profile <name>', 'what is generated: access, audit, nasty or file:PATH (a log per line)', 'access')
    .option('--seed <number>', 'the same seed gives the same logs', '1')
    .option('--project <name>', 'project', 'demo')
    .option('--logstore <name>', 'logstore', 'logs')
    .option('--ak <id>', 'access key id that is accepted', DEMO_CREDENTIALS.accessKeyId)
    .option('--sk <secret>', 'access key secret', DEMO_CREDENTIALS.accessKeySecret)
    .option('--sts-token <token>', 'security token that requests have to carry; default: none')
    .option('--region <name>', 'region that v4 signatures have to be for; default: any')
    .option('--retention <time>', 'how long logs are kept (30s, 10m, 2h, 7d); default: for ever')
    .option(
      '--state <file>',
      'keep logs, shards, groups and checkpoints in this file, and go on from it: acknowledged data survives a kill of the process, but not a crash of the machine; --logs and --shards count only for a new file; default: memory only',
    )
    .option<string[]>(
      '--dialect <reading>',
      'answer by another reading of the protocol, where the official clients disagree about the service: see below; may be repeated, or take several readings with commas; a --state file needs the same readings each time; default: the usual readings',
      (value, before = []) => [...before, value],
    )
    .addHelpText('after', `\n${readingsHelp()}`)
    .addHelpText('after', '\nA line of JSON on stdout says when it is ready; what to export is on stderr.')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_EXIT_CODE))
    .action(async (raw: unknown) => {
      const parsed = optionsSchema.safeParse(raw);
      if (parsed.success) await run(parsed.data);
      else reportUsage(parsed.error.issues.map((issue) => `${flagName(issue.path)} ${issue.message}`));
    });
}

/** The readings and their meanings, listed as commander lists options. */
function readingsHelp(): string {
  const width = Math.max(...readings.map(({ text }) => text.length));
  const lines = readings.map(({ text, means }) => `  ${text.padEnd(width)}  ${means}`);
  return ['Readings of the protocol, none of them verified against the real service:', ...lines].join('\n');
}

async function run(options: EmulatorCommandOptions): Promise<void> {
  let emulator: Emulator;
  try {
    emulator = create(options);
  } catch (error) {
    return reportUsage([`--state ${options.state} cannot be used: ${messageOf(error)}`]);
  }
  try {
    // Half of the retention at most, so that the initial logs do not expire at once.
    const receivedOverMs = Math.min(BACKLOG_SPAN_MS, (options.retention ?? Number.POSITIVE_INFINITY) / 2);
    if (options.logs > 0 && !emulator.isRestored) emulator.append({ logs: options.logs, receivedOverMs });
    emulator.setRate({ logsPerSecond: options.rate });
  } catch (error) {
    return reportUsage([`--profile ${options.profile} cannot be used: ${messageOf(error)}`]);
  }

  closeOnSignal(emulator);
  try {
    announce(options, emulator, await emulator.start());
  } catch (error) {
    await emulator.close();
    process.stderr.write(
      `error: cannot listen on 127.0.0.1:${options.port}: ${messageOf(error)}. Another --port, or 0 for a free one?\n`,
    );
    process.exitCode = 1;
  }
}

function create(options: EmulatorCommandOptions): Emulator {
  return createEmulator({
    port: options.port,
    shards: options.shards,
    project: options.project,
    logstore: options.logstore,
    profile: options.profile,
    seed: options.seed,
    credentials: [
      {
        accessKeyId: options.ak,
        accessKeySecret: options.sk,
        ...(options.stsToken !== undefined && { securityToken: options.stsToken }),
      },
    ],
    ...(options.region !== undefined && { region: options.region }),
    ...(options.retention !== undefined && { retentionMs: options.retention }),
    ...(options.state !== undefined && { stateFile: options.state }),
    dialect: options.dialect,
    maxConnections: mostServedConnections(),
    onRefused: onRefusedConnection((text) => process.stderr.write(`error: ${text}\n`)),
  });
}

function closeOnSignal(emulator: Emulator): void {
  const close = (): void => {
    process.off('SIGINT', close);
    process.off('SIGTERM', close);
    emulator.close().catch((error: unknown) => {
      process.stderr.write(`error: ${messageOf(error)}\n`);
      process.exitCode = 1;
    });
  };
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
}

function announce(options: EmulatorCommandOptions, emulator: Emulator, { endpoint }: EmulatorAddress): void {
  const { project, logstore, ak } = options;
  const own = emulator.stats().logstores.find((each) => each.project === project && each.logstore === logstore);
  const shards = own?.shards.length;
  const logs = own?.shards.reduce((sum, shard) => sum + shard.logsGenerated, 0);
  const dialect = textsOf(options.dialect);
  const ready = { event: 'ready', endpoint, project, logstore, shards, logs, accessKeyId: ak };
  process.stdout.write(`${JSON.stringify({ ...ready, ...(dialect.length > 0 && { dialect }) })}\n`);
  const variables: Record<string, string> = {
    SLS_ENDPOINT: endpoint,
    SLS_AK_ID: ak,
    SLS_AK_KEY: options.sk,
    ...(options.stsToken !== undefined && { SLS_STS_TOKEN: options.stsToken }),
    SLS_PROJECT: project,
    SLS_LOGSTORE: logstore,
    SLS_CG: CONSUMER_GROUP,
  };
  const exports = Object.entries(variables).map(([name, value]) => `${name}=${shellQuote(value)}`);
  process.stderr.write(`export ${exports.join(' ')}\n`);
}

function reportUsage(problems: readonly string[]): void {
  for (const problem of problems) process.stderr.write(`error: ${problem}\n`);
  process.exitCode = USAGE_EXIT_CODE;
}

/** Turns `stsToken` into `--sts-token`. */
function flagName(path: readonly PropertyKey[]): string {
  return `--${path
    .map(String)
    .join('.')
    .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function shellQuote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
