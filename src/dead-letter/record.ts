/**
 * What a dead-letter file holds: a line of JSON for each log that was not sent, and for each batch, or rest of one,
 * that could not be read. Pure.
 *
 *     {"time":"2026-11-20T10:11:12.345Z","project":"web","logstore":"access","shard":3,"cursor":"MTQ0…","index":17,
 *      "reason":"oversize","log":"CrAB…"}
 *     {"time":…,"project":"web","logstore":"access","shard":3,"cursor":"MTQ0…","nextCursor":"MTQ1…","index":0,
 *      "reason":"A batch is not a LogGroupList: …"}
 */
import { z } from 'zod';

const base = {
  /** When it was written, ISO 8601. */
  time: z.string(),
  project: z.string(),
  logstore: z.string(),
  shard: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  /** The one that the log's batch was pulled with. */
  cursor: z.string().min(1),
  /** The log's place in the batch, from 0; of a range, that of the first log that could not be read. */
  index: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  /** `oversize`, `format`, `poison`, or what was wrong with a batch. */
  reason: z.string(),
};

const logSchema = z.object({
  ...base,
  /** Base64 of a LogGroupList with exactly this log, and what its group says of it. */
  log: z.base64().min(1),
});

const rangeSchema = z.object({
  ...base,
  /** Where the pull went on: the batch is what lies before it. */
  nextCursor: z.string().min(1),
});

export type LogRecord = z.infer<typeof logSchema>;
export type RangeRecord = z.infer<typeof rangeSchema>;
export type DeadLetter = LogRecord | RangeRecord;

export function isRange(record: DeadLetter): record is RangeRecord {
  return 'nextCursor' in record;
}

/** With its line feed. A log may have ten megabytes, in which base64 has nothing to escape. */
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

/** @returns the record, or what is wrong with the line, without repeating anything of it */
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
  return { problem: `its "${result.error.issues[0]?.path.join('.') ?? ''}" is not that of a dead letter` };
}
