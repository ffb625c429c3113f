/**
 * The daemon's own log: pino on stderr, one line an event, JSON or pretty.
 *
 * A line is at stderr/ before the call returns: the last one before an exit is the one that matters most, and there are
 * few of them (none per batch above debug). For the same reason pretty printing is a function in front of the stream,
 * not a worker nor a transform behind it.
 */
import { createRequire } from 'node:module';
import { type LoggerOptions, type Logger as PinoLogger, pino, stdSerializers } from 'pino';
import type { LogLevel } from '../../config/model/config.ts';
import type { Log, LogMethod } from '../../core/log.ts';
import { systemClock } from '../../core/time/clock.ts';
import type { DescribeDrops } from './bounded-writer.ts';
import { openStderr } from './stderr.ts';

export interface Logger extends Log {
  readonly fatal: LogMethod;
  /** The same log with these fields in every line. */
  child(fields: Readonly<Record<string, unknown>>): Logger;
}

export interface LoggingOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'pretty';
  /** Only for `pretty`. */
  readonly colour?: boolean;
  /** Where lines go; absent: stderr. */
  readonly output?: LogOutput;
}

/** Takes lines, and perhaps not all of them. */
export interface LogOutput {
  /** Never waits. @param line with its line feed */
  write(line: string): void;
  /** Called for the line that stands where others are missing. The log that was created last is the one that says it. */
  describeDrops?: DescribeDrops;
}

/**
 * The second line of defence: whoever logs a whole object by mistake still shows no secret. (The first: secrets are
 * masked where the configuration is read, and kept out of every error.)
 */
const secretFields = [
  'accessKeySecret',
  'securityToken',
  'stsToken',
  'passphrase',
  'moduleOptions',
  'authorization',
  'Authorization',
  '["x-acs-security-token"]',
  'tls.key',
];

const depths = ['', '*.', '*.*.', '*.*.*.', '*.*.*.*.'];

export function createLogger(options: LoggingOptions): Logger {
  const pinoOptions: LoggerOptions = {
    level: options.level,
    base: { pid: process.pid },
    timestamp: () => `,"time":"${new Date(systemClock.now()).toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: stdSerializers.err, error: stdSerializers.err },
    redact: {
      paths: depths.flatMap((depth) => secretFields.map((field) => joinPath(depth, field))),
      censor: '[redacted]',
    },
  };
  const output = options.output ?? openStderr();
  const inForm = options.format === 'pretty' ? prettified(options.colour ?? false) : (line: string) => line;
  const log = wrap(pino(pinoOptions, { write: (line) => output.write(inForm(line)) }));
  output.describeDrops = ({ lines, bytes, seconds }) => {
    let described = '';
    const write = (line: string) => {
      described = inForm(line);
    };
    wrap(pino(pinoOptions, { write })).warn(
      { dropped: lines, bytes, seconds: Math.round(seconds) },
      `whoever reads this log had stopped: ${lines} lines of it are missing here`,
    );
    return described;
  };
  return log;
}

/** fast-redact's syntax: no dot before a bracket. */
function joinPath(depth: string, field: string): string {
  return field.startsWith('[') ? depth.replace(/\.$/, '') + field : depth + field;
}

function prettified(colorize: boolean): (line: string) => string {
  // Only here: it brings 40 files with it, and a daemon under a supervisor writes JSON.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');
  // Not in local time: the zone that Node takes for it may be another than the machine's (encode/header/zone/local-zone.ts).
  return prettyFactory({ colorize, translateTime: "UTC:yyyy-mm-dd HH:MM:ss.l'Z'", ignore: 'pid' });
}

function wrap(logger: PinoLogger): Logger {
  const method =
    (level: 'debug' | 'info' | 'warn' | 'error' | 'fatal'): LogMethod =>
    (fields, message) =>
      logger[level](fields, message);
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child: (fields) => wrap(logger.child(fields)),
  };
}
