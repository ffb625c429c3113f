/**
 * Parses a zone file (TZif, RFC 8536), such as /etc/localtime and the files in /usr/share/zoneinfo:
 *
 *     header   "TZif", version, 15 unused, six counts of 4 bytes: isutc, isstd, leap, time, type, char
 *     data     times (4 bytes each; 8 in the second block), a type for each, types (offset 4, summer 1, name 1), …
 *     header   again, and data with times of 8 bytes: version 2 and later
 *     footer   LF, a rule of POSIX for what comes after the last time, LF
 *
 * Leap seconds are ignored: the times of logs have none. Pure.
 */
import { parsePosixRule, type ZoneOffset } from './posix-rule.ts';

export interface ZoneFile {
  readonly offset: ZoneOffset;
  /** The POSIX rule for all after the last time: `CST-8`; empty where the file has none. */
  readonly rule: string;
}

const HEADER_BYTES = 44;
const VERSION_AT = 4;
const COUNTS_AT = 20;
const TYPE_BYTES = 6;

interface Block {
  readonly times: readonly number[];
  /** Seconds ahead of UTC from each time on; the first is for all before the first time. */
  readonly offsets: readonly number[];
  readonly end: number;
}

/** @returns undefined where these bytes are no zone file, or one that is cut off */
export function parseZoneFile(bytes: Uint8Array): ZoneFile | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = readBlock(view, 0, 4);
  if (!first) return undefined;
  if (bytes[VERSION_AT] === 0) return { offset: offsetIn(first), rule: '' };
  const second = readBlock(view, first.end, 8);
  if (!second) return undefined;
  const [, rule] = /^\n([^\n]*)\n/.exec(Buffer.from(bytes.subarray(second.end)).toString('latin1')) ?? [];
  if (rule === undefined) return undefined;
  const after = rule === '' ? undefined : parsePosixRule(rule);
  if (rule !== '' && !after) return undefined;
  return { offset: offsetIn(second, after), rule };
}

function readBlock(view: DataView, at: number, timeBytes: 4 | 8): Block | undefined {
  if (at + HEADER_BYTES > view.byteLength || view.getUint32(at) !== 0x545a_6966) return undefined;
  const count = (index: number) => view.getUint32(at + COUNTS_AT + index * 4);
  const [utcCount, standardCount, leapCount, timeCount] = [count(0), count(1), count(2), count(3)];
  const [typeCount, nameBytes] = [count(4), count(5)];
  const timesAt = at + HEADER_BYTES;
  const typesOfTimesAt = timesAt + timeCount * timeBytes;
  const typesAt = typesOfTimesAt + timeCount;
  const end = typesAt + typeCount * TYPE_BYTES + nameBytes + leapCount * (timeBytes + 4) + standardCount + utcCount;
  if (typeCount === 0 || end > view.byteLength) return undefined;
  const times: number[] = [];
  const types = [0];
  for (let index = 0; index < timeCount; index++) {
    const timeAt = timesAt + index * timeBytes;
    times.push(timeBytes === 4 ? view.getInt32(timeAt) : Number(view.getBigInt64(timeAt)));
    types.push(view.getUint8(typesOfTimesAt + index));
  }
  if (types.some((type) => type >= typeCount)) return undefined;
  return { times, offsets: types.map((type) => view.getInt32(typesAt + type * TYPE_BYTES)), end };
}

function offsetIn({ times, offsets }: Block, after?: ZoneOffset): ZoneOffset {
  const last = times.at(-1) ?? Number.NEGATIVE_INFINITY;
  return (time) => {
    if (after && time >= last) return after(time);
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle]! <= time) low = middle + 1;
      else high = middle;
    }
    return offsets[low]!;
  };
}
