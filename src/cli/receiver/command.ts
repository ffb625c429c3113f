/**
 * The command `sls-syslog receiver`: listens for syslog, or for events of Splunk's HEC, and prints or counts them. For
 * demos and tests.
 *
 * stdout gets the messages or the counters, stderr the problems. With `--json`, stdout gets one line when the receiver
 * is ready and one at the end, and nothing else unless messages are printed.
 */
import { Command, Option } from 'commander';
import { AppError } from '../../core/errors.ts';
import { systemClock } from '../../core/time/clock.ts';
import { exitCodes } from '../process/exit.ts';
import { serveHec } from './hec.ts';
import type { ReceiverFlags, ServedReceiver } from './served.ts';
import { serveSyslog } from './syslog.ts';

const REPORT_INTERVAL_MS = 1000;

export function receiverCommand(): Command {
  return new Command('receiver')
    .addOption(
      new Option('--proto <name>', 'what is spoken; hec: Splunk HTTP Event Collector, over HTTPS with --cert')
        .choices(['udp', 'tcp', 'tls', 'hec'])
        .default('tcp'),
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes a free one; default: 5514, with hec 8088')
    .addOption(
      new Option(
        '--framing <name>',
        'tcp and tls: how messages are told apart; auto, the default, looks at the first byte',
      ).choices(['auto', 'octet-counting', 'lf']),
    )
    .addOption(
      new Option(
        '--rfc <number>',
        'syslog: parse every message strictly; default: any, and with --count not at all',
      ).choices(['5424', '3164', 'any']),
    )
    .option('--max-message-bytes <number>', 'tcp and tls: a longer message ends its connection; default: 16777216')
    .option('--cert <file>', "tls and hec: the receiver's certificate, PEM")
    .option('--key <file>', 'tls and hec: its private key, PEM')
    .option('--client-ca <file>', 'tls and hec: ask clients for a certificate of this authority, PEM')
    .option('--no-ack', 'hec: no acknowledgements, as Splunk Cloud has none')
    .option('--index-after <duration>', 'hec: events are acknowledged so long after they were accepted; default: 0s')
    .option('--indexers <number>', 'hec: so many indexers behind one address, each with its own acknowledgements')
    .option('--count', 'count instead of printing: one line that is brought up to date every second', false)
    .option('--json', 'one line of JSON when ready, {"event":"ready","port":…}, and the counters at the end', false)
    .addHelpText(
      'after',
      `
Sequence numbers are looked for at the end of each message, as seq=<shard>-<n>: the logs of the emulator have them.
hec: any token may post, or only the one in SPLUNK_HEC_TOKEN. POST /__collector/faults makes the collector fail:
{"answer": {"code": 9, "times": 3, "retryAfter": "5"}}, {"neverAcknowledges": true}, …; DELETE ends that. POST
/__collector/restart loses what is accepted and not indexed; GET /__collector/stats has the counters. All of that from
this machine only.

Examples:
  sls-syslog receiver                          print what comes in over TCP on port 5514
  sls-syslog receiver --count                  only count it
  sls-syslog receiver --proto udp --rfc 3164   complain about everything that is not RFC 3164
  sls-syslog receiver --proto tls --port 6514 --cert server.pem --key server-key.pem
  sls-syslog receiver --proto hec --count      count the events that are posted to http://127.0.0.1:8088`,
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.configuration))
    .action(async (flags: ReceiverFlags) => {
      process.exitCode = await run(flags);
    });
}

async function run(flags: ReceiverFlags): Promise<number> {
  const problems: string[] = [];
  refuseForeignFlags(flags, problems);
  const create = flags.proto === 'hec' ? serveHec(flags, problems) : serveSyslog(flags.proto, flags, problems);
  if (problems.length > 0) {
    for (const problem of problems) process.stderr.write(`sls-syslog receiver: ${problem}\n`);
    return exitCodes.configuration;
  }
  try {
    const receiver = create();
    const { host, port } = await receiver.start();
    if (flags.json) writeLine({ event: 'ready', protocol: flags.proto, host, port });
    else process.stderr.write(`listening on ${receiver.scheme}://${host}:${port}; Ctrl-C ends it\n`);
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

/** A flag without effect is a mistake of who gave it. */
function refuseForeignFlags(flags: ReceiverFlags, problems: string[]): void {
  const { framing, rfc, maxMessageBytes, ack, indexers, indexAfter } = flags;
  const foreign =
    flags.proto === 'hec'
      ? { '--framing': framing, '--rfc': rfc, '--max-message-bytes': maxMessageBytes }
      : { '--no-ack': ack ? undefined : true, '--indexers': indexers, '--index-after': indexAfter };
  for (const [flag, value] of Object.entries(foreign)) {
    if (value !== undefined)
      problems.push(`${flag} is ${flags.proto === 'hec' ? 'for syslog' : 'only for --proto hec'}`);
  }
}

/** Shows the counters every second: in place on a terminal, otherwise on a new line. */
function reportEverySecond(receiver: ServedReceiver): { end(): void } {
  const isTerminal = process.stdout.isTTY === true;
  let last = receiver.counted();
  let lastAtMs = systemClock.monotonic();
  const timer = systemClock.interval(REPORT_INTERVAL_MS, () => {
    const now = receiver.counted();
    const nowMs = systemClock.monotonic();
    const seconds = (nowMs - lastAtMs) / 1000;
    const perSecond = Math.round((now.count - last.count) / seconds);
    const megabytes = (now.bytes - last.bytes) / 1e6 / seconds;
    last = now;
    lastAtMs = nowMs;
    const line = `${counters(receiver)}, ${perSecond} ${now.what}/s, ${megabytes.toFixed(1)} MB/s`;
    process.stdout.write(isTerminal ? `\r\x1b[K${line}` : `${line}\n`);
  });
  return {
    end() {
      systemClock.cancel(timer);
      if (isTerminal) process.stdout.write('\r\x1b[K');
    },
  };
}

function counters(receiver: ServedReceiver): string {
  const { what, count, sequence } = receiver.counted();
  const { unique, duplicate, missing, outOfOrder } = sequence;
  return `${count} ${what}: ${unique} unique, ${duplicate} duplicate, ${missing} missing, ${outOfOrder} out of order`;
}

function summarise(receiver: ServedReceiver): string {
  return [counters(receiver), ...receiver.details().map((line) => `  ${line}`), ''].join('\n');
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
