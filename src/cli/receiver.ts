/**
 * The command `sls-syslog receiver`: listens for syslog, and prints or counts the messages. For demos and tests.
 *
 * stdout gets the messages or the counters, stderr the problems. With `--json`, stdout gets one line when the receiver
 * is ready and one at the end, and nothing else unless messages are printed.
 */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { AppError } from '../core/errors.ts';
import { systemClock } from '../core/time/clock.ts';
import { createReceiver, type ReceivedMessage, type Receiver, type ReceiverOptions } from '../receiver/receiver.ts';
import { mostServedConnections, onRefusedConnection } from './descriptors.ts';
import { exitCodes } from './exit.ts';

interface Flags {
  readonly proto: ReceiverOptions['protocol'];
  readonly host: string;
  readonly port: string;
  readonly framing: NonNullable<ReceiverOptions['framing']>;
  readonly rfc?: NonNullable<ReceiverOptions['rfc']>;
  readonly maxMessageBytes: string;
  readonly cert?: string;
  readonly key?: string;
  readonly clientCa?: string;
  readonly count: boolean;
  readonly json: boolean;
}

const REPORT_INTERVAL_MS = 1000;

export function receiverCommand(): Command {
  return new Command('receiver')
    .addOption(new Option('--proto <name>', 'transport').choices(['udp', 'tcp', 'tls']).default('tcp'))
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes a free one', '5514')
    .addOption(
      new Option('--framing <name>', 'tcp and tls: how messages are told apart; auto looks at the first byte')
        .choices(['auto', 'octet-counting', 'lf'])
        .default('auto'),
    )
    .addOption(
      new Option('--rfc <number>', 'parse every message strictly; default: any, and with --count not at all').choices([
        '5424',
        '3164',
        'any',
      ]),
    )
    .option('--max-message-bytes <number>', 'tcp and tls: a longer message ends its connection', '16777216')
    .option('--cert <file>', "tls: the receiver's certificate, PEM")
    .option('--key <file>', 'tls: its private key, PEM')
    .option('--client-ca <file>', 'tls: ask clients for a certificate of this authority, PEM')
    .option('--count', 'count instead of printing: one line that is brought up to date every second', false)
    .option('--json', 'one line of JSON when ready, {"event":"ready","port":…}, and the counters at the end', false)
    .addHelpText(
      'after',
      `
Sequence numbers are looked for at the end of each message, as seq=<shard>-<n>: the logs of the emulator have them.

Examples:
  sls-syslog receiver                          print what comes in over TCP on port 5514
  sls-syslog receiver --count                  only count it
  sls-syslog receiver --proto udp --rfc 3164   complain about everything that is not RFC 3164
  sls-syslog receiver --proto tls --port 6514 --cert server.pem --key server-key.pem`,
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.configuration))
    .action(async (flags: Flags) => {
      process.exitCode = await run(flags);
    });
}

async function run(flags: Flags): Promise<number> {
  const problems: string[] = [];
  const options = readOptions(flags, problems);
  if (problems.length > 0) {
    for (const problem of problems) process.stderr.write(`sls-syslog receiver: ${problem}\n`);
    return exitCodes.configuration;
  }
  try {
    const receiver = createReceiver(options);
    const { host, port } = await receiver.start();
    if (flags.json) writeLine({ event: 'ready', protocol: flags.proto, host, port });
    else process.stderr.write(`listening on ${flags.proto}://${host}:${port}; Ctrl-C ends it\n`);
    const report = flags.count && !flags.json ? reportEverySecond(receiver) : undefined;
    await stopSignal();
    await receiver.close();
    report?.end();
    if (flags.json) writeLine({ event: 'stats', ...receiver.stats() });
    else process.stderr.write(summarise(receiver));
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    process.stderr.write(`sls-syslog receiver: ${error.message}\n`);
    return error.code === 'listen' ? exitCodes.failure : exitCodes.configuration;
  }
}

/** @param problems gets all problems */
function readOptions(flags: Flags, problems: string[]): ReceiverOptions {
  const rfc = flags.rfc ?? (flags.count ? undefined : 'any');
  const cert = readFile('--cert', flags.cert, problems);
  const key = readFile('--key', flags.key, problems);
  const clientCa = readFile('--client-ca', flags.clientCa, problems);
  const isTls = flags.proto === 'tls';
  for (const [flag, file] of [
    ['--cert', flags.cert],
    ['--key', flags.key],
  ] as const) {
    if (isTls && file === undefined) problems.push(`${flag} is missing: --proto tls needs a certificate and its key`);
  }
  for (const [flag, file] of [
    ['--cert', flags.cert],
    ['--key', flags.key],
    ['--client-ca', flags.clientCa],
  ] as const) {
    if (!isTls && file !== undefined) problems.push(`${flag} is only for --proto tls`);
  }
  return {
    protocol: flags.proto,
    host: flags.host,
    port: readNumber('--port', flags.port, 0, 65_535, problems),
    framing: flags.framing,
    maxConnections: mostServedConnections(),
    onRefused: onRefusedConnection((text) => process.stderr.write(`sls-syslog receiver: ${text}\n`)),
    maxMessageBytes: readNumber('--max-message-bytes', flags.maxMessageBytes, 1, 1024 * 1024 * 1024, problems),
    ...(rfc !== undefined && { rfc }),
    ...(isTls && cert && key && { tls: { cert, key, ...(clientCa && { clientCa }) } }),
    ...(!flags.count && { onMessage: printMessage }),
    onProblem: (problem) => process.stderr.write(`${makeVisible(problem)}\n`),
  };
}

function readNumber(flag: string, value: string, min: number, max: number, problems: string[]): number {
  const number = Number(value);
  if (/^\d{1,12}$/.test(value) && number >= min && number <= max) return number;
  problems.push(`${flag} ${value} is not a whole number from ${min} to ${max}`);
  return min;
}

function readFile(flag: string, path: string | undefined, problems: string[]): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    problems.push(`${flag}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function printMessage({ bytes, peer, parsed }: ReceivedMessage): void {
  process.stdout.write(`${makeVisible(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())}\n`);
  if (parsed?.isValid === false) {
    process.stderr.write(`${peer}: malformed at byte ${parsed.offset}: ${makeVisible(parsed.rule)}\n`);
  }
}

/** Escapes control characters: a message's line breaks and terminal sequences must not take effect. */
function makeVisible(text: string): string {
  return text.replaceAll(/\p{Cc}|[\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** Shows the counters every second: in place on a terminal, otherwise on a new line. */
function reportEverySecond(receiver: Receiver): { end(): void } {
  const isTerminal = process.stdout.isTTY === true;
  let last = receiver.stats();
  let lastAtMs = systemClock.monotonic();
  const timer = systemClock.interval(REPORT_INTERVAL_MS, () => {
    const stats = receiver.stats();
    const nowMs = systemClock.monotonic();
    const seconds = (nowMs - lastAtMs) / 1000;
    const perSecond = Math.round((stats.messages - last.messages) / seconds);
    const megabytes = (stats.bytes - last.bytes) / 1e6 / seconds;
    last = stats;
    lastAtMs = nowMs;
    const line = `${counters(receiver)}, ${perSecond} messages/s, ${megabytes.toFixed(1)} MB/s`;
    process.stdout.write(isTerminal ? `\r\x1b[K${line}` : `${line}\n`);
  });
  return {
    end() {
      systemClock.cancel(timer);
      if (isTerminal) process.stdout.write('\r\x1b[K');
    },
  };
}

function counters(receiver: Receiver): string {
  const { messages, sequence } = receiver.stats();
  const { unique, duplicate, missing, outOfOrder } = sequence;
  return `${messages} messages: ${unique} unique, ${duplicate} duplicate, ${missing} missing, ${outOfOrder} out of order`;
}

function summarise(receiver: Receiver): string {
  const { bytes, connections, malformed, malformedByRule, framingErrors, unfinished, sequence } = receiver.stats();
  const rules = Object.entries(malformedByRule).map(([rule, count]) => `    ${count} × ${makeVisible(rule)}`);
  return [
    counters(receiver),
    `  ${bytes} bytes over ${connections} connections; ${sequence.unnumbered} without a sequence number`,
    `  ${malformed} malformed, ${framingErrors} connections with broken framing, ${unfinished} messages without an end`,
    ...rules,
    '',
  ].join('\n');
}

function writeLine(value: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
