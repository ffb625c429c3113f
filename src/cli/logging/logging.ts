/**
 * The daemon's own log: pino on stderr, one line an event, JSON or pretty.
 *
 * A line is written to stderr before the call returns: the last line before an exit matters most, and lines are few
 * (none per batch above debug). For the same reason pretty printing is a function in front of the stream, and neither a
 * worker nor a transform behind it.
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
  /** A logger that adds these fields to every line. */
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

/** Takes log lines, and may drop some. */
export interface LogOutput {
  /** Never waits. @param line with its line feed */
  write(line: string): void;
  /** Called for the line to write where lines were dropped; the logger that was created last sets it. */
  describeDrops?: DescribeDrops;
}

/**
 * Fields that are redacted, should code log a whole object by mistake. (Before that, secrets are masked where the
 * configuration is read, and kept out of every error.)
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
      `the reader of this log had stopped reading: ${lines} lines are missing here`,
    );
    return described;
  };
  return log;
}

/** Joins a path in fast-redact's syntax: no dot before a bracket. */
function joinPath(depth: string, field: string): string {
  return field.startsWith('[') ? depth.replace(/\.$/, '') + field : depth + field;
}

function prettified(colorize: boolean): (line: string) => string {
  // Loaded only when needed: pino-pretty has 40 files, and a daemon under a supervisor writes JSON.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');
  // UTC: the zone that Node takes for local time may not be the machine's (encode/header/zone/local-zone.ts).
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
