/** What is in dead-letter files. */
import { readFile } from 'node:fs/promises';
import { type DeadLetter, isRange, parseRecord } from '../../../src/dead-letter/record.ts';
import { decodeLogGroupList } from '../../../src/emulator/protocol/log-group-schema.ts';
import type { Arrival, Arrivals } from '../receivers/arrivals.ts';

/** @throws Error at a line that is no record */
export async function readDeadLetters(file: string): Promise<DeadLetter[]> {
  const text = await readFile(file, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, at) => {
      const record = parseRecord(line);
      if ('problem' in record) throw new Error(`line ${at + 1} of ${file}: ${record.problem}`);
      return record;
    });
}

/** The numbers of the generated logs in it. */
export function numbersOf(records: readonly DeadLetter[]): Arrival[] {
  return records.flatMap((record) => {
    if (isRange(record)) return [];
    const fields = decodeLogGroupList(Buffer.from(record.log, 'base64'))[0]?.Logs[0]?.Contents ?? [];
    const [, shard, number] = /^(\d+)-(\d+)$/.exec(Buffer.from(fields.at(-1)?.Value ?? []).toString()) ?? [];
    return [{ shard: Number(shard), number: Number(number) }];
  });
}

/** As a receiver that has what is on the disk. What it showed once may be taken back by a failed write: see `all`. */
export function deadLetterArrivals(file: string): Arrivals & { all(): Promise<Arrival[]> } {
  const seen = new Set<string>();
  return {
    async next() {
      const text = await readFile(file, 'utf8').catch(() => '');
      const fresh = text
        .slice(0, text.lastIndexOf('\n') + 1)
        .split('\n')
        .filter((line) => line !== '' && !seen.has(line));
      for (const line of fresh) seen.add(line);
      return numbersOf(
        fresh.flatMap((line) => {
          const record = parseRecord(line);
          return 'problem' in record ? [] : [record];
        }),
      );
    },
    all: async () => numbersOf(await readDeadLetters(file)),
  };
}
