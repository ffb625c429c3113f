/**
 * Cuts one log out of a LogGroupList, as a LogGroupList of its own: the log, and all fields of its group that are not
 * logs (topic, source, tags, unknown ones), byte for byte and in their order.
 *
 *     LogGroupList { 1: LogGroup { 1: Log   … the group's other fields } }
 *
 * The cutter needs only offsets, so both encoders use it.
 */
import { WIRE_LENGTH, WireReader } from './wire-reader.ts';

/** Where the contents of a log and its group are in the raw bytes, without the tag and length in front of each. */
export interface LogPlace {
  readonly groupStart: number;
  readonly groupEnd: number;
  readonly logStart: number;
  readonly logEnd: number;
}

/** Field 1 with a length: a list's groups, and a group's logs. */
const FIRST_FIELD = (1 << 3) | WIRE_LENGTH;
const GROUP_DEPTH = 1;

/** Cuts logs out of one batch. */
export class LogCutter {
  /** Offset of the log's content in the last result. */
  logAt = 0;
  /** The last log's group without its logs: the next log may be of the same group. */
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
 * Cuts off the logs in front of a position: the result is a LogGroupList of the logs from there on.
 * @param group begin and end of the content of the group around the position; undefined: there is none
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

/** The fields between two positions in a group, without its logs. */
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
