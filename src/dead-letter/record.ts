/**
 * The records of a dead-letter file: a line of JSON for each log that was not sent, and for each batch, or rest of a
 * batch, that could not be read. Pure.
 *
 *     {"time":"2026-11-20T10:11:12.345Z","project":"web","logstore":"access","shard":3,"cursor":"MTQ0…","index":17,
 *      "reason":"oversize","log":"CrAB…"}
 *     {"time":…,"project":"web","logstore":"access","shard":3,"cursor":"MTQ0…","nextCursor":"MTQ1…","index":0,
 *      "reason":"A batch is not a LogGroupList: …"}
 */
import { z } from 'zod';

const base = {
  /** When the record was written, ISO 8601. */
  time: z.string(),
  project: z.string(),
  logstore: z.string(),
  shard: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  /** The cursor that the batch was pulled from. */
  cursor: z.string().min(1),
  /** The log's index in the batch, from 0; in a range record, that of the first unreadable log. */
  index: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  /** `oversize`, `format`, `poison`, `refused`, or the error of an unreadable batch. */
  reason: z.string(),
};

const logSchema = z.object({
  ...base,
  /** Base64 of a LogGroupList with only this log, and its log group's topic, source and tags. */
  log: z.base64().min(1),
});

const rangeSchema = z.object({
  ...base,
  /** The cursor behind the batch. */
  nextCursor: z.string().min(1),
});

export type LogRecord = z.infer<typeof logSchema>;
export type RangeRecord = z.infer<typeof rangeSchema>;
export type DeadLetter = LogRecord | RangeRecord;

export function isRange(record: DeadLetter): record is RangeRecord {
  return 'nextCursor' in record;
}

/** Formats a record as a line, with its line feed. The base64 of a log, up to 10 MB, is copied without escaping. */
export function formatRecord(record: DeadLetter): Buffer {
  if (isRange(record)) return Buffer.from(`${JSON.stringify(record)}\n`);
  const { log, ...rest } = record;
  const head = Buffer.from(`${JSON.stringify(rest).slice(0, -1)},"log":"`);
  const line = Buffer.allocUnsafe(head.length + log.length + '"}\n'.length);
  head.copy(line);
  line.write(log, head.length, 'latin1');
  line.write('"}\n', head.length + log.length, 'latin1');
  return line;
}

/** @returns the record, or a problem that does not quote the line */
export function parseRecord(line: string): DeadLetter | { readonly problem: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return { problem: 'it is not a whole line of JSON' };
  }
  const schema = typeof parsed === 'object' && parsed !== null && 'log' in parsed ? logSchema : rangeSchema;
  const result = schema.safeParse(parsed);
  if (result.success) return result.data;
  return {
    problem: `the field "${result.error.issues[0]?.path.join('.') ?? ''}" of the dead letter is missing or wrong`,
  };
}
