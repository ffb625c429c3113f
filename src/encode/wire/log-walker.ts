/**
 * Walks over a LogGroupList, log by log, without making objects: a log is its two times and the spans of its fields, in
 * arrays that the next log reuses.
 *
 *     LogGroupList { 1: LogGroup… }
 *     LogGroup     { 1: Log…   3: Topic   4: Source   6: LogTag…   (2: Category, 5: MachineUUID: not used) }
 *     Log          { 1: Time varint   2: Content…   4: TimeNs fixed32 }
 *     Content, LogTag { 1: Key   2: Value }
 *
 * Topic, Source and LogTags usually come after the logs that they describe. So a group is read first for its own
 * fields, skipping its logs, and then for its logs: no byte is read more than twice.
 *
 * A log may have a million contents, and a group a million logs. A caller that must not block gives `work`: when it is
 * used up, the walker pauses (`isPaused`), and goes on in the next call.
 *
 * By the rules of proto2, fields come in any order; the last occurrence of a field that may occur once wins; unknown
 * fields are skipped, and so is a known one with another wire type. A log without Time, or a content or tag without Key
 * or Value, is an error: protobufjs and the official SDKs refuse it too.
 */
import { FieldSpans } from './field-spans.ts';
import { WIRE_FIXED32, WIRE_LENGTH, WIRE_VARINT, WireReader } from './wire-reader.ts';

const LIST_LOG_GROUP = (1 << 3) | WIRE_LENGTH;
const GROUP_LOG = (1 << 3) | WIRE_LENGTH;
const GROUP_TOPIC = (3 << 3) | WIRE_LENGTH;
const GROUP_SOURCE = (4 << 3) | WIRE_LENGTH;
const GROUP_TAG = (6 << 3) | WIRE_LENGTH;
const LOG_TIME = (1 << 3) | WIRE_VARINT;
const LOG_CONTENT = (2 << 3) | WIRE_LENGTH;
const LOG_TIME_NS = (4 << 3) | WIRE_FIXED32;
const ENTRY_KEY = (1 << 3) | WIRE_LENGTH;
const ENTRY_VALUE = (2 << 3) | WIRE_LENGTH;

const LIST_DEPTH = 0;
const GROUP_DEPTH = 1;
const LOG_DEPTH = 2;
const ENTRY_DEPTH = { content: 3, tag: 2 } as const;

/** `timeNs` of a log without TimeNs. */
export const NO_TIME_NS = -1;

/** The work that is left in a slice; the walker subtracts what it does. */
export interface Work {
  /** Number of fields of groups and logs; below 1: no work is left. */
  left: number;
}

export class LogWalker {
  /** The content of the group, without the tag and length in front of it. */
  groupStart = 0;
  groupEnd = 0;
  /** The content of the log, without the tag and length in front of it. */
  logStart = 0;
  logEnd = 0;

  /** Topic and source of the group; empty (start and end equal) where the group has none. */
  topicStart = 0;
  topicEnd = 0;
  sourceStart = 0;
  sourceEnd = 0;
  readonly tags = new FieldSpans();

  /** The log's time, in unix seconds. */
  time = 0;
  /** Nanoseconds within the second as sent (perhaps a second and more), or NO_TIME_NS. */
  timeNs = NO_TIME_NS;
  readonly contents = new FieldSpans();

  readonly #reader: WireReader;
  readonly #work: Work;
  /** Where the search for the group's next log begins. */
  #logPosition = 0;
  /** Whether the walker has paused in the fields of a group or of a log, where the next call goes on. */
  #pausedIn: 'group' | 'log' | undefined;
  #pausedAt = 0;
  #hasTime = false;

  /** @param shift added to the offset where damage is reported */
  constructor(bytes: Uint8Array, work: Work = { left: Number.POSITIVE_INFINITY }, shift = 0) {
    this.#reader = new WireReader(bytes, shift);
    this.#work = work;
  }

  /** `nextGroup` or `nextLog` has returned false because no work is left: call it again. */
  get isPaused(): boolean {
    return this.#pausedIn !== undefined || this.#work.left < 1;
  }

  /**
   * Goes to the next group, and reads its own fields.
   * @returns false at the end of the list, or paused
   * @throws CorruptBatchError
   */
  nextGroup(): boolean {
    if (this.#pausedIn === 'group') return this.#readGroup(this.#pausedAt);
    const reader = this.#reader;
    reader.position = this.groupEnd;
    reader.limit = reader.bytes.length;
    while (!reader.atEnd) {
      if (this.#work.left < 1) {
        this.groupEnd = reader.position;
        return false;
      }
      this.#work.left--;
      const tag = reader.tag();
      if (tag === LIST_LOG_GROUP) {
        this.groupEnd = reader.lengthEnd();
        this.groupStart = reader.position;
        this.#logPosition = reader.position;
        this.topicStart = this.topicEnd = this.sourceStart = this.sourceEnd = 0;
        this.tags.clear();
        return this.#readGroup(reader.position);
      }
      reader.skip(tag, LIST_DEPTH);
    }
    this.groupEnd = reader.position;
    return false;
  }

  /**
   * Goes to the group's next log.
   * @returns false at the end of the group, or paused
   * @throws CorruptBatchError
   */
  nextLog(): boolean {
    if (this.#pausedIn === 'log') return this.#readLog(this.#pausedAt);
    const reader = this.#reader;
    reader.position = this.#logPosition;
    reader.limit = this.groupEnd;
    while (!reader.atEnd && this.#work.left >= 1) {
      this.#work.left--;
      const tag = reader.tag();
      if (tag === GROUP_LOG) {
        reader.limit = reader.lengthEnd();
        this.logStart = reader.position;
        this.logEnd = reader.limit;
        this.#logPosition = reader.limit;
        this.#hasTime = false;
        this.timeNs = NO_TIME_NS;
        this.contents.clear();
        return this.#readLog(this.logStart);
      }
      reader.skip(tag, GROUP_DEPTH);
    }
    this.#logPosition = reader.position;
    return false;
  }

  /** @returns false: paused */
  #readGroup(from: number): boolean {
    const reader = this.#reader;
    const work = this.#work;
    const end = this.groupEnd;
    reader.position = from;
    reader.limit = end;
    while (reader.position < end) {
      if (work.left < 1) return this.#pause('group');
      work.left--;
      const tag = reader.tag();
      if (tag === GROUP_LOG) {
        reader.position = reader.lengthEnd();
      } else if (tag === GROUP_TOPIC) {
        this.topicEnd = reader.lengthEnd();
        this.topicStart = reader.position;
        reader.position = this.topicEnd;
      } else if (tag === GROUP_SOURCE) {
        this.sourceEnd = reader.lengthEnd();
        this.sourceStart = reader.position;
        reader.position = this.sourceEnd;
      } else if (tag === GROUP_TAG) {
        readEntry(reader, this.tags, ENTRY_DEPTH.tag);
      } else {
        reader.skip(tag, GROUP_DEPTH);
      }
    }
    this.#pausedIn = undefined;
    return true;
  }

  /** @returns false: paused */
  #readLog(from: number): boolean {
    const reader = this.#reader;
    const { contents } = this;
    const work = this.#work;
    const end = this.logEnd;
    reader.position = from;
    reader.limit = end;
    while (reader.position < end) {
      if (work.left < 1) return this.#pause('log');
      work.left--;
      const tag = reader.tag();
      if (tag === LOG_CONTENT) {
        readEntry(reader, contents, ENTRY_DEPTH.content);
      } else if (tag === LOG_TIME) {
        this.time = reader.uint32();
        this.#hasTime = true;
      } else if (tag === LOG_TIME_NS) {
        this.timeNs = reader.fixed32();
      } else {
        reader.skip(tag, LOG_DEPTH);
      }
    }
    this.#pausedIn = undefined;
    if (!this.#hasTime) throw reader.damage('a log has no Time', this.logStart);
    return true;
  }

  #pause(where: 'group' | 'log'): false {
    this.#pausedIn = where;
    this.#pausedAt = this.#reader.position;
    return false;
  }
}

/** Reads a Content or a LogTag from its length on. The reader's limit is the same afterwards. */
function readEntry(reader: WireReader, spans: FieldSpans, depth: number): void {
  const outerLimit = reader.limit;
  const end = reader.lengthEnd();
  const start = reader.position;
  let keyStart = -1;
  let keyEnd = 0;
  let valueStart = -1;
  let valueEnd = 0;
  reader.limit = end;
  while (reader.position < end) {
    const tag = reader.tag();
    if (tag === ENTRY_KEY) {
      keyEnd = reader.lengthEnd();
      keyStart = reader.position;
      reader.position = keyEnd;
    } else if (tag === ENTRY_VALUE) {
      valueEnd = reader.lengthEnd();
      valueStart = reader.position;
      reader.position = valueEnd;
    } else {
      reader.skip(tag, depth);
    }
  }
  if (keyStart < 0 || valueStart < 0) {
    throw reader.damage(
      `a ${depth === ENTRY_DEPTH.tag ? 'tag' : 'content'} has no ${keyStart < 0 ? 'Key' : 'Value'}`,
      start,
    );
  }
  reader.limit = outerLimit;
  spans.add(keyStart, keyEnd, valueStart, valueEnd);
}
