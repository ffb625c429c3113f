/**
 * What the host and the kernel share: two records of 32-bit numbers. `../../layout.ts` lists the same fields in the same
 * order; the host writes them, and reads the results at the end of `Job`.
 *
 * Addresses are in the kernel's memory. Behind every region that is read or written there are `PADDING` bytes more:
 * 16 bytes are loaded and stored at a time, also where fewer are meant.
 */

/** What is known of logs of one shape, all numbers; see shape.ts. The kernel's own. */
@unmanaged
export class Shape {
  /** Contents of such a log; 0: there is no record. */
  places: u32;
  /** Places that are written under their own names. */
  restCount: u32;
  /** Entries of mapped-record.ts. */
  mappedCount: u32;
  /** Bytes of all texts before values. */
  keyBytes: u32;
  /** Of these places: those whose names are their fields' own (names.ts). */
  renamedCount: u32;
  /** 1: the log has a TimeNs that is not 0; a mapped field is written; one takes its value from the group. */
  hasTimeNs: u32;
  hasMappedField: u32;
  isGroupTaken: u32;
  /** The group, by its stamp, of the log that was recorded, and 1 where it gives values to columns. */
  group: u32;
  hasGroupColumns: u32;
  /** The group for which the columns are as the record has them; 0: for none. */
  readyGroup: u32;
  /** Logs that were not as recorded, one after another. */
  misses: u32;
  /** What the record is worth, and the logs for which none is tried. */
  score: i32;
  pause: u32;
}

/** What is the same for all batches: a format row, the framing, the limits. */
@unmanaged
export class Plan {
  prefix: usize;
  prefixLength: u32;
  lead: usize;
  leadLength: u32;
  separator: usize;
  separatorLength: u32;
  sign: usize;
  signLength: u32;
  suffix: usize;
  suffixLength: u32;
  /** What stands after the last field: trail and suffix. */
  tail: usize;
  tailLength: u32;
  /** What ends an identity: at most four bytes, in a number. */
  identityEnd: u32;
  identityEndLength: u32;
  /** Names of the fields that do not come from the log, escaped as keys. */
  topicKey: usize;
  topicKeyLength: u32;
  sourceKey: usize;
  sourceKeyLength: u32;
  timeNsKey: usize;
  timeNsKeyLength: u32;
  tagPrefix: usize;
  tagPrefixLength: u32;
  /** Escape tables; see escape.ts. */
  keyEscape: usize;
  valueEscape: usize;
  keyExpansion: u32;
  valueExpansion: u32;
  /**
   * What the contents of a usual log grow by at most, with all that stands between them, per byte of the log; 0 where
   * no log is a usual one: separator or sign have more than 16 bytes. See usual.ts.
   */
  usualExpansion: u32;
  /** No more than so much is written beside that, what the group shares, the header, and the identity's first part. */
  usualMaxConstants: u32;
  /** What of it is for names whose records have longer texts than the keys, escaped, could give. */
  namesSlack: u32;
  /** 0 octet counting, 1 LF, 2 datagrams. */
  framing: u32;
  maxMessageBytes: u32;
  maxChunkFrames: u32;
  maxChunkBytes: u32;
  /** `HEADER_SLOTS` headers, each kept for the second that it was made for; see header.ts. */
  headers: usize;
  headerStride: u32;
  /** Of time stamps, below the second: 1 to 6, or AUTO_DIGITS; see header.ts. */
  timestampDigits: u32;
  /** Which of topic, source and TimeNs are written: bits 0, 1, 2. */
  ownFields: u32;
  /** 1: the names of contents and tags have records; see names.ts. */
  named: u32;
  names: usize;
  /**
   * 1: a log with two fields of one name is the reference's. Where names have no records, the set of name-set.ts tells, and
   * a log with a field that is called like one of the service's is the reference's too. Stamps of the
   * names of topic, source and TimeNs.
   */
  uniqueNames: u32;
  nameSet: usize;
  topicStamp: usize;
  sourceStamp: usize;
  timeNsStamp: usize;
  /** 1: a log with something that is no UTF-8 is the reference's. */
  checksUtf8: u32;
  /** 1: a log with a TimeNs is the reference's, since the row escapes digits. */
  leavesTimeNs: u32;
  /** 1: a log is read to its end before any of it is written, since something depends on its fields. */
  readsFirst: u32;
  shape: Shape;
  /** See columns.ts; which of them topic, source and TimeNs are; room for TimeNs as text. */
  columnCount: u32;
  columns: usize;
  groupColumns: usize;
  topicColumn: u32;
  sourceColumn: u32;
  timeNsColumn: u32;
  timeNsText: usize;
  /** See rules.ts; 0: there are none. Where dropped logs are counted, 32 bits a filter. */
  rules: usize;
  dropped: usize;
  /** Of the severity field: its column, its question to the host, and where answers are kept. */
  severityColumn: u32;
  severityQuestion: u32;
  severityAnswers: usize;
  /** Of the header's variants: the severities, a byte each. */
  severities: usize;
  /** See mapped.ts; 1: there is such a part. */
  mapped: u32;
  mappedHead: usize;
  mappedHeadCount: u32;
  mappedFields: usize;
  mappedFieldCount: u32;
  /** Bytes of all that is the same, at most, and of what a byte of a column can become. */
  mappedConstants: u32;
  mappedGrowth: u32;
  /** The columns that the head has its values from, and the last one that is a whole group's. */
  headColumns: usize;
  headColumnCount: u32;
  headText: usize;
  /** The last second as text. */
  secondText: usize;
  /** Room for a time. */
  timeText: usize;
}

export namespace OwnField {
  export const TOPIC: u32 = 1;
  export const SOURCE: u32 = 2;
  export const TIME_NS: u32 = 4;
}

/** One batch, where it stands, and what the last call did. */
@unmanaged
export class Job {
  /** Told apart from other jobs by it. */
  id: u32;
  raw: usize;
  rawEnd: usize;
  /** Of the next tag that is not dealt with: in the group, or in the list where there is no group. */
  position: usize;
  /** Where the group's content begins and ends; begins at 0 where there is no group. */
  group: usize;
  groupEnd: usize;
  /** The entry of the next group in the table of load.ts, and where the table ends. */
  known: usize;
  knownEnd: usize;
  /** Logs that are dealt with. */
  index: u32;
  identity: usize;
  /** 0: messages carry no identity. */
  identityLength: u32;
  out: usize;
  outCapacity: u32;
  /** Datagrams: where each frame ends, as an offset in `out`. */
  frameEnds: usize;
  frameCapacity: u32;
  tags: usize;
  tagCapacity: u32;
  contents: usize;
  contentCapacity: u32;
  shared: usize;
  sharedCapacity: u32;

  outBytes: u32;
  frameCount: u32;
  /** Fields of these logs that are written under names of their own. */
  renamedFields: u32;
  /** Damage: what it is, where in the raw bytes, and a number that belongs to it; see fault.ts. */
  fault: u32;
  faultAt: u32;
  faultDetail: u32;
  /** Left: where the log's content begins and ends. */
  log: usize;
  logEnd: usize;
  /** Grow: how many bytes, or fields, are needed. */
  need: u32;
}

export const PADDING: usize = 512;
export const HEADER_SLOTS: u32 = 64;

/** What `encode` returns; in every case there may be frames in `out`, which come first. */
export namespace Status {
  /** The batch is at its end. */
  export const END: u32 = 0;
  /** The chunk is full. */
  export const CHUNK: u32 = 1;
  /** The next log is the host's: its message is over the limit, or it has something that is rare. */
  export const LEFT: u32 = 2;
  export const DAMAGE: u32 = 3;
  /** The next log needs a larger `out`, and there is nothing in this one. */
  export const GROW_OUT: u32 = 4;
  export const GROW_SHARED: u32 = 5;
  export const GROW_TAGS: u32 = 6;
  export const GROW_CONTENTS: u32 = 7;
  /** Much was read, and nothing of it gave a frame: the event loop wants its turn. */
  export const PAUSE: u32 = 8;
}
