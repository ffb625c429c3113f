/**
 * Cuts one log out of a LogGroupList, as a LogGroupList of its own: the log, and everything that its group holds
 * besides logs (topic, source, tags, and what we have no name for), byte for byte and in its order.
 *
 *     LogGroupList { 1: LogGroup { 1: Log   … the group's other fields } }
 *
 * It is told offsets only, so it serves whichever encoder has found them.
 */
import { WIRE_LENGTH, WireReader } from './wire-reader.ts';

/** Where a log and its group lie in the raw bytes, the tags and lengths in front of them not included. */
export interface LogPlace {
  readonly groupStart: number;
  readonly groupEnd: number;
  readonly logStart: number;
  readonly logEnd: number;
}

/** Field 1 with a length: a list's groups, and a group's logs. */
const FIRST_FIELD = (1 << 3) | WIRE_LENGTH;
const GROUP_DEPTH = 1;

/** For the logs of one batch. */
export class LogCutter {
  /** Where the log's content is in what was cut last. */
  logAt = 0;
  /** The other fields of the group that a log was cut out of last: a group may have many logs. */
  #group: { readonly start: number; readonly rest: Uint8Array } | undefined;

  /**
   * @param raw the batch's raw bytes: the same each time, though they may have moved
   * @returns memory of its own
   */
  cut(raw: Uint8Array, place: LogPlace): Uint8Array {
    const { groupStart, groupEnd } = place;
    if (this.#group?.start !== groupStart) {
      this.#group = { start: groupStart, rest: withoutLogs(raw, groupStart, groupEnd) };
    }
    const { rest } = this.#group;
    const log = raw.subarray(place.logStart, place.logEnd);
    const logHead = fieldHead(log.length);
    const groupHead = fieldHead(logHead.length + log.length + rest.length);
    this.logAt = groupHead.length + logHead.length;
    return concat([groupHead, logHead, log, rest]);
  }
}

/**
 * Cuts off the logs in front of a place: what is left is a LogGroupList of the logs from there on.
 * @param group where the content of the group begins and ends that the place is in; undefined: it is in none
 * @returns memory of its own
 */
export function cutBefore(
  raw: Uint8Array,
  position: number,
  group: { readonly start: number; readonly end: number } | undefined,
): Uint8Array {
  if (group === undefined) return raw.slice(position);
  const before = withoutLogs(raw, group.start, position);
  return concat([fieldHead(before.length + group.end - position), before, raw.subarray(position)]);
}

/** The fields between two places of a group, all but its logs. */
function withoutLogs(raw: Uint8Array, start: number, end: number): Uint8Array {
  const reader = new WireReader(raw);
  reader.position = start;
  reader.limit = end;
  const runs: Uint8Array[] = [];
  let runStart = start;
  while (!reader.atEnd) {
    const fieldStart = reader.position;
    const tag = reader.tag();
    reader.skip(tag, GROUP_DEPTH);
    if (tag !== FIRST_FIELD) continue;
    runs.push(raw.subarray(runStart, fieldStart));
    runStart = reader.position;
  }
  runs.push(raw.subarray(runStart, end));
  return concat(runs);
}

function fieldHead(byteLength: number): Uint8Array {
  const head = [FIRST_FIELD];
  let left = byteLength;
  for (; left >= 0x80; left >>>= 7) head.push((left & 0x7f) | 0x80);
  head.push(left);
  return Uint8Array.from(head);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
