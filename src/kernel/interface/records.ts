/**
 * What the host and the kernel share, written down once: records of numbers in the kernel's memory, enumerations, and
 * constants. `scripts/build-kernel.ts` makes assembly/base/interface.ts of it, the same in AssemblyScript; a kernel that was
 * built from another version of this file is refused at start (`interfaceChecksum`).
 *
 * Addresses are in the kernel's memory. All fields have 32 bits, one after another.
 */

/** `text` is an address and a length: `prefix` and `prefixLength`. */
type FieldType = 'u32' | 'i32' | 'address' | 'text' | 'shape';
type Fields = Readonly<Record<string, FieldType>>;

/** What is the same for all batches: a format row, the framing, the limits. */
const plan = {
  prefix: 'text',
  lead: 'text',
  separator: 'text',
  sign: 'text',
  suffix: 'text',
  /** What stands after the last field: trail and suffix. */
  tail: 'text',
  /** What ends an identity: at most four bytes, in a number. */
  identityEnd: 'u32',
  identityEndLength: 'u32',
  /** Names of the fields that do not come from the log, escaped as keys. */
  topicKey: 'text',
  sourceKey: 'text',
  timeNsKey: 'text',
  tagPrefix: 'text',
  /** Escape tables; see escape-bytes.ts. */
  keyEscape: 'address',
  valueEscape: 'address',
  keyExpansion: 'u32',
  valueExpansion: 'u32',
  /**
   * What the contents of a usual log grow by at most, with all that stands between them, per byte of the log; 0 where no
   * log is a usual one: separator or sign have more than 16 bytes. See assembly/usual.ts.
   */
  usualExpansion: 'u32',
  /** No more than so much is written beside that, what the group shares, the header, and the identity's first part. */
  usualMaxConstants: 'u32',
  /** What of it is for names whose records have longer texts than the keys, escaped, could give. */
  namesSlack: 'u32',
  /** `Framing` */
  framing: 'u32',
  maxMessageBytes: 'u32',
  maxChunkFrames: 'u32',
  maxChunkBytes: 'u32',
  /** `HEADER_SLOTS` header slots, each kept for the second that it was made for. */
  headers: 'address',
  headerStride: 'u32',
  /** Of time stamps, below the second: 1 to 6, or AUTO_DIGITS. */
  timestampDigits: 'u32',
  /** Which of topic, source and TimeNs are written: bits of `OwnField`. */
  ownFields: 'u32',
  /** 1: the names of contents and tags have records. */
  named: 'u32',
  names: 'address',
  /**
   * 1: a log with two fields of one name is the reference's. Where names have no records, the set of assembly/name-set.ts
   * tells, and a log with a field that is called like one of the service's is the reference's too.
   */
  uniqueNames: 'u32',
  nameSet: 'address',
  /** Stamps of the names of topic, source and TimeNs. */
  topicStamp: 'address',
  sourceStamp: 'address',
  timeNsStamp: 'address',
  /** 1: a log with something that is no UTF-8 is the reference's. */
  checksUtf8: 'u32',
  /** 1: a log with a TimeNs is the reference's, since the row escapes digits. */
  leavesTimeNs: 'u32',
  /** 1: a log is read to its end before any of it is written, since something depends on its fields. */
  readsFirst: 'u32',
  /** The kernel's own; see assembly/shape.ts. */
  shape: 'shape',
  /** Columns of `COLUMN_BYTES`; see assembly/columns.ts. */
  columnCount: 'u32',
  columns: 'address',
  groupColumns: 'address',
  /** Which columns topic, source and TimeNs are, or NO_COLUMN. */
  topicColumn: 'u32',
  sourceColumn: 'u32',
  timeNsColumn: 'u32',
  /** Room for TimeNs as text. */
  timeNsText: 'address',
  /** The first instruction; 0: there are no rules. */
  rules: 'address',
  /** Where dropped logs are counted, 32 bits a filter. */
  dropped: 'address',
  /** Of the severity field: its column, its question to the host, and where answers are kept. */
  severityColumn: 'u32',
  severityQuestion: 'u32',
  severityAnswers: 'address',
  /** Of the header's variants: the severities, a byte each. */
  severities: 'address',
  /** 1: the format has mapped fields; see assembly/mapped.ts. */
  mapped: 'u32',
  mappedHead: 'address',
  mappedHeadCount: 'u32',
  mappedFields: 'address',
  mappedFieldCount: 'u32',
  /** Bytes of all that is the same, at most, and of what a byte of a column can become. */
  mappedConstants: 'u32',
  mappedGrowth: 'u32',
  /** The columns that the head has its values from, and the last head that is a whole group's. */
  headColumns: 'address',
  headColumnCount: 'u32',
  headText: 'address',
  /** The last second as text. */
  secondText: 'address',
  /** Room for a time. */
  timeText: 'address',
} as const satisfies Fields;

/** One batch, where it stands, and what the last call did. */
const job = {
  /** Told apart from other jobs by it. */
  id: 'u32',
  raw: 'address',
  rawEnd: 'address',
  /** Of the next tag that is not dealt with: in the group, or in the list where there is no group. */
  position: 'address',
  /** Where the group's content begins and ends; begins at 0 where there is no group. */
  group: 'address',
  groupEnd: 'address',
  /** The entry of the next group in the table of assembly/base/load.ts, and where the table ends. */
  known: 'address',
  knownEnd: 'address',
  /** Logs that are dealt with. */
  index: 'u32',
  /** Length 0: messages carry no identity. */
  identity: 'text',
  out: 'address',
  outCapacity: 'u32',
  /** Datagrams: where each frame ends, as an offset in `out`. */
  frameEnds: 'address',
  frameCapacity: 'u32',
  tags: 'address',
  tagCapacity: 'u32',
  contents: 'address',
  contentCapacity: 'u32',
  shared: 'address',
  sharedCapacity: 'u32',
  /** From here on: what the last call did. */
  outBytes: 'u32',
  frameCount: 'u32',
  /** Fields of these logs that are written under names of their own. */
  renamedFields: 'u32',
  /** Damage: a `Fault`, where in the raw bytes, and a number that belongs to it. */
  fault: 'u32',
  faultAt: 'u32',
  faultDetail: 'u32',
  /** `Status.left`: where the log's content begins and ends. */
  log: 'address',
  logEnd: 'address',
  /** `Status.grow…`: how many bytes, or fields, are needed. */
  need: 'u32',
} as const satisfies Fields;

/** What becomes of the fields of one name; its text follows: separator, the name as it is written, sign. */
const nameRecord = {
  /** `NameKind` */
  kind: 'u32',
  /** The column that it belongs to, or NO_COLUMN. */
  column: 'u32',
  /** The stamp that all names share which are written alike. */
  stamp: 'address',
  textLength: 'u32',
} as const satisfies Fields;

/** A header of one variant, kept for a second; the header itself follows. */
const headerSlot = {
  second: 'u32',
  /** The variant + 1; 0: the slot is not filled. */
  variant: 'u32',
  length: 'u32',
  /** Where in it a fraction of the second goes, or NO_FRACTION. */
  fractionAt: 'u32',
} as const satisfies Fields;

/** A step of the rules; see assembly/rules.ts. */
const instruction = {
  /** `Op` */
  op: 'u32',
  column: 'u32',
  onTrue: 'address',
  onFalse: 'address',
  /** Two numbers that belong to the question: see `Op`. */
  first: 'u32',
  second: 'u32',
} as const satisfies Fields;

/** Of a table of values that `Op.in` looks into; all 0: free. */
const valueSlot = {
  hash: 'u32',
  /** The length + 1. */
  mark: 'u32',
  value: 'address',
} as const satisfies Fields;

/** A part of the text before the mapped fields. */
const headPart = {
  /** `HeadKind` */
  kind: 'u32',
  /** Of eight constants, by severity, each an address and a length; or the escape table of the value. */
  table: 'address',
  /** Of the value. */
  maxCharacters: 'u32',
  /** What stands in its place where there is none. */
  orElse: 'text',
  /** Columns, one number each: the first that has a value is taken. */
  places: 'address',
  placeCount: 'u32',
  reserved: 'u32',
} as const satisfies Fields;

/** A field that a format gives a place of its own. */
const mappedField = {
  /** `FieldKind` */
  kind: 'u32',
  /** `ValueKind` */
  type: 'u32',
  /** Or NO_LIMIT. */
  maxCharacters: 'u32',
  /** Columns, one number each: the first that has such a value is taken; see PORT_PLACE. */
  places: 'address',
  placeCount: 'u32',
  /** Separator, key and sign; or all of a constant field. */
  opening: 'text',
  /** The same of an IPv6 address, or nothing. */
  ipv6Opening: 'text',
  /** The label with a separator before it, or nothing. */
  label: 'text',
  ipv6Label: 'text',
  reserved: 'u32',
} as const satisfies Fields;

export const records = { plan, job, nameRecord, headerSlot, instruction, valueSlot, headPart, mappedField } as const;

type NamesOf<F> = { [K in keyof F & string]: F[K] extends 'text' ? K | `${K}Length` : K }[keyof F & string];
export type RecordOf<Name extends keyof typeof records> = Record<NamesOf<(typeof records)[Name]>, number>;

export type Plan = RecordOf<'plan'>;
export type Job = RecordOf<'job'>;

const WORD_BYTES = 4;

/** @returns the names of its numbers, in their order */
export function fieldsOf<Name extends keyof typeof records>(name: Name): (keyof RecordOf<Name> & string)[] {
  const fields = Object.entries(records[name]).flatMap(([field, type]) =>
    type === 'text' ? [field, `${field}Length`] : [field],
  );
  return fields as (keyof RecordOf<Name> & string)[];
}

export function bytesOf(name: keyof typeof records): number {
  return fieldsOf(name).length * WORD_BYTES;
}

/** @returns the numbers as they stand in memory */
export function wordsOf<Name extends keyof typeof records>(name: Name, record: RecordOf<Name>): number[] {
  return fieldsOf(name).map((field) => record[field]);
}

/** What `encode` returns; in every case there may be frames in `out`, which come first. */
export const Status = {
  /** The batch is at its end. */
  end: 0,
  /** The chunk is full. */
  chunk: 1,
  /** The next log is the host's: its message is over the limit, or it has something that is rare. */
  left: 2,
  damage: 3,
  /** The next log needs a larger `out`, and there is nothing in this one. */
  growOut: 4,
  growShared: 5,
  growTags: 6,
  growContents: 7,
  /** Much was read, and nothing of it gave a frame: the event loop wants its turn. */
  pause: 8,
} as const;

export const Framing = { octetCounting: 0, lf: 1, datagram: 2 } as const;

/** Bits. */
export const OwnField = { topic: 1, source: 2, timeNs: 4 } as const;

export const NameKind = { notWritten: 0, written: 1, renamed: 3 } as const;

export const Op = {
  /** Numbers: the variant; 1: the severity field is asked. */
  decide: 0,
  /** Number: which filter. */
  drop: 1,
  exists: 2,
  /** Numbers: a table of value slots, and how many slots it has less 1. */
  in: 3,
  /** Numbers: the text and its length. */
  prefix: 4,
  suffix: 5,
  contains: 6,
  /** Number: the bounds, two doubles. */
  range: 7,
  /** Numbers: which question, and where answers are kept. */
  ask: 8,
} as const;

export const HeadKind = { severity: 0, value: 1 } as const;
export const FieldKind = { constant: 0, fields: 1, logTime: 2 } as const;
export const ValueKind = { text: 0, ip: 1, integer: 2, time: 3 } as const;

/** What can be wrong with a batch; damage.ts has the words. */
export const Fault = {
  none: 0,
  zeroField: 1,
  lengthPastEnd: 2,
  fieldPastEnd: 3,
  groupsTooDeep: 4,
  wireType: 5,
  groupEnd: 6,
  varintTooLong: 7,
  tagTooLarge: 8,
  lengthTooLarge: 9,
  noTime: 10,
  contentWithoutKey: 11,
  contentWithoutValue: 12,
  tagWithoutKey: 13,
  tagWithoutValue: 14,
} as const;

export const enumerations = {
  Status,
  Framing,
  OwnField,
  NameKind,
  Op,
  HeadKind,
  FieldKind,
  ValueKind,
  Fault,
} as const;

/** Read and written behind every region: 16 bytes are loaded and stored at a time, also where fewer are meant. */
export const PADDING = 512;
export const HEADER_SLOTS = 64;
export const NO_FRACTION = 0xffff_ffff;
/** Of a plan's `timestampDigits`: six where the log has a fraction, none otherwise. */
export const AUTO_DIGITS = 7;
export const NO_COLUMN = 0xffff_ffff;
export const COLUMN_BYTES = 16;
/** Of a tag or a content: where key and value begin and end. */
export const SPAN_BYTES = 16;
/** Of the table of groups that assembly/base/load.ts makes. */
export const KNOWN_GROUP_BYTES = 8;
/** Answers of the host to one question: 16 slots. */
export const ANSWER_SLOT_BYTES = 32;
export const ANSWER_SLOT_BITS = 4;
export const NO_LIMIT = 0xffff_ffff;
/** In a place: the port of the address in the column; where the address has none, the places behind it do not count. */
export const PORT_PLACE = 0x8000_0000;
/** With it: an IPv6 address is one. */
export const PORT_OF_IPV6 = 0x4000_0000;
export const COLUMN_MASK = 0x3fff_ffff;
/** A head that is longer is made for each log. */
export const MAX_KEPT_HEAD_BYTES = 1024;
/** A number or a time is never longer. */
export const MAX_TYPED_BYTES = 64;
/** In an escape table: the lengths of 256 replacements, and the replacements, 16 bytes each; see escape-bytes.ts. */
export const ESCAPE_LENGTHS = 32;
export const ESCAPE_REPLACEMENTS = 288;

/** As the kernel has them: addresses and sizes are `usize`. */
export const constants = {
  PADDING: ['usize', PADDING],
  HEADER_SLOTS: ['u32', HEADER_SLOTS],
  NO_FRACTION: ['u32', NO_FRACTION],
  AUTO_DIGITS: ['u32', AUTO_DIGITS],
  NO_COLUMN: ['u32', NO_COLUMN],
  COLUMN_BYTES: ['usize', COLUMN_BYTES],
  SPAN_BYTES: ['usize', SPAN_BYTES],
  KNOWN_GROUP_BYTES: ['usize', KNOWN_GROUP_BYTES],
  ANSWER_SLOT_BYTES: ['usize', ANSWER_SLOT_BYTES],
  ANSWER_SLOT_BITS: ['u64', ANSWER_SLOT_BITS],
  NO_LIMIT: ['u32', NO_LIMIT],
  PORT_PLACE: ['u32', PORT_PLACE],
  PORT_OF_IPV6: ['u32', PORT_OF_IPV6],
  COLUMN_MASK: ['u32', COLUMN_MASK],
  MAX_KEPT_HEAD_BYTES: ['u32', MAX_KEPT_HEAD_BYTES],
  MAX_TYPED_BYTES: ['usize', MAX_TYPED_BYTES],
  ESCAPE_LENGTHS: ['usize', ESCAPE_LENGTHS],
  ESCAPE_REPLACEMENTS: ['usize', ESCAPE_REPLACEMENTS],
} as const;

/** FNV-1a, 32 bits, of all of the above. */
export function interfaceChecksum(all: unknown = [records, enumerations, constants]): number {
  let hash = 0x811c_9dc5;
  for (const byte of Buffer.from(JSON.stringify(all))) {
    hash = Math.imul(hash ^ byte, 0x0100_0193);
  }
  return hash >>> 0;
}
