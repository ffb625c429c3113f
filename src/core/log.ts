/** The interface for logging; pino fulfils it. */

export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export interface Log {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

/** Returns a log that adds these fields to every line. */
export function withFields(log: Log, fields: Readonly<Record<string, unknown>>): Log {
  if (Object.keys(fields).length === 0) return log;
  const method =
    (level: keyof Log): LogMethod =>
    (own, message) =>
      log[level]({ ...fields, ...own }, message);
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}
