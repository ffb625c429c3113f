/**
 * The daemon's own log: pino on stderr, one line an event, JSON or pretty.
 *
 * It writes synchronously: the last line before an exit is the one that matters most, and there are few of them
 * (none per batch above debug). For the same reason pretty printing is a function in front of the stream, not a
 * worker nor a transform behind it.
 */
import { createRequire } from 'node:module';
import { destination, type LoggerOptions, type Logger as PinoLogger, pino, stdSerializers } from 'pino';
import type { LogLevel } from './config/config.ts';
import type { Log, LogMethod } from './log.ts';
import { systemClock } from './time/clock.ts';

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
  readonly write?: (line: string) => void;
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
  const write = options.write ?? openStderr().write;
  const stream = { write: options.format === 'pretty' ? prettified(write, options.colour ?? false) : write };
  return wrap(pino(pinoOptions, stream));
}

/** fast-redact's syntax: no dot before a bracket. */
function joinPath(depth: string, field: string): string {
  return field.startsWith('[') ? depth.replace(/\.$/, '') + field : depth + field;
}

/** stderr, written to before `write` returns, also where it is a pipe that is full at the moment. */
export function openStderr(): { readonly write: (text: string) => void } {
  const stream = destination({ fd: 2, sync: true });
  let gone = false;
  // Whoever read the log has left (`2>&1 | head`): shipping goes on without it, and there is nobody to tell.
  stream.on('error', () => {
    gone = true;
  });
  return {
    write: (text) => {
      if (!gone) stream.write(text);
    },
  };
}

function prettified(write: (line: string) => void, colorize: boolean): (line: string) => void {
  // Only here: it brings 40 files with it, and a daemon under a supervisor writes JSON.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');
  // Not in local time: the zone that Node takes for it may be another than the machine's (encode/zone/local-zone.ts).
  const prettify = prettyFactory({ colorize, translateTime: "UTC:yyyy-mm-dd HH:MM:ss.l'Z'", ignore: 'pid' });
  return (line) => write(prettify(line));
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
