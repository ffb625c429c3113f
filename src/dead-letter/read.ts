/** Reads dead-letter files, record by record. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { LogWalker } from '../encode/wire/log-walker.ts';
import { isRange, type LogRecord, parseRecord, type RangeRecord } from './record.ts';

export type ReadRecord =
  | { readonly place: string; readonly log: LogRecord; readonly logGroupList: Uint8Array }
  | { readonly place: string; readonly range: RangeRecord }
  | { readonly place: string; readonly problem: string };

/**
 * Reads the lines of the files, in order; `place` is `FILE:line`. Empty lines are skipped.
 * @throws Error (ENOENT and the like) when a file cannot be read
 */
export async function* readRecords(files: readonly string[]): AsyncGenerator<ReadRecord> {
  for (const file of files) {
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      number++;
      if (line !== '') yield readRecord(`${file}:${number}`, line);
    }
  }
}

function readRecord(place: string, line: string): ReadRecord {
  const record = parseRecord(line);
  if ('problem' in record) return { place, ...record };
  if (isRange(record)) return { place, range: record };
  const logGroupList = new Uint8Array(Buffer.from(record.log, 'base64'));
  const logs = countLogs(logGroupList);
  if (logs === 1) return { place, log: record, logGroupList };
  return {
    place,
    problem:
      logs === undefined
        ? 'the log of the dead letter cannot be read'
        : `the dead letter holds ${logs} logs instead of one`,
  };
}

/** @returns undefined when `raw` is not a LogGroupList */
function countLogs(raw: Uint8Array): number | undefined {
  const walker = new LogWalker(raw);
  let logs = 0;
  try {
    while (walker.nextGroup()) while (walker.nextLog()) logs++;
    return logs;
  } catch {
    return undefined;
  }
}
