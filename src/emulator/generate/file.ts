/**
 * Generates logs from a file: each line is a log, and every shard starts over after the last line. The members of a
 * JSON object become fields (values that are not strings are written as JSON); any other line becomes one field
 * `content`.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { FieldBytes } from './log-group-writer.ts';
import type { Profile } from './profile.ts';

type FileLog = readonly (readonly [FieldBytes, FieldBytes])[];

/** @throws Error when the file cannot be read or has no line */
export function createFileProfile(path: string): Profile {
  const logs = splitLines(readFileSync(path)).map(parseLine);
  if (logs.length === 0) throw new Error(`${path} has no lines`);
  return {
    name: `file:${path}`,
    logsPerGroup: 80,
    writeLog(writer, _random, timeS, sequence) {
      writer.beginLog(timeS);
      for (const [key, value] of logs[sequence % logs.length]!) writer.field(key, value);
    },
    groupMeta: () => ({ topic: basename(path), source: '127.0.0.1' }),
  };
}

/** Bytes, not text: a line need not be UTF-8. */
function splitLines(file: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < file.length; ) {
    const lineFeed = file.indexOf(0x0a, start);
    const end = lineFeed === -1 ? file.length : lineFeed;
    const line = file.subarray(start, end > start && file[end - 1] === 0x0d ? end - 1 : end);
    if (line.length > 0) lines.push(line);
    start = end + 1;
  }
  return lines;
}

function parseLine(line: Buffer): FileLog {
  const members = parseObject(line.toString());
  if (!members) return [['content', line]];
  return Object.entries(members).map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
}

function parseObject(text: string): object | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
