/**
 * Records of numbers in the kernel's memory, which the host and the kernel share. `scripts/build-kernel.ts` makes
 * assembly/base/interface.ts from this folder, the same in AssemblyScript: nothing shared is written elsewhere.
 *
 * Addresses are in the kernel's memory. All fields have 32 bits, one after another.
 */

/** A `text` has an address and a length: `prefix` and `prefixLength`. */
type FieldType = 'u32' | 'i32' | 'address' | 'text' | 'shape';
type Fields = Readonly<Record<string, FieldType>>;

/** The plan: all that is the same for all batches, such as format row, framing and limits. */
const plan = {
  prefix: 'text',
  firstSeparator: 'text',
  separator: 'text',
  sign: 'text',
  suffix: 'text',
  /** What stands after the last field: trail and suffix. */
  tail: 'text',
  /** What ends an identity: at most four bytes, in a number. */
  identityEnd: 'u32',
  identityEndLength: 'u32',
  /** Names of topic, source and TimeNs, escaped as keys. */
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
   * Bytes of text, separators and signs included, for each byte of a regular log (fast path: assembly/fast-path.ts) at most;
   * 0: there is no fast path, as separator or sign have more than 16 bytes.
   */
  fastExpansion: 'u32',
  /** Bytes of a regular log's frame besides contents, group's fields, lead and identity's start, at most. */
  fastMaxConstants: 'u32',
  /** Bytes of `fastMaxConstants` for written names that are longer than `fastExpansion` allows for. */
  namesSlack: 'u32',
  /** `Framing` */
  framing: 'u32',
  maxMessageBytes: 'u32',
  maxChunkFrames: 'u32',
  maxChunkBytes: 'u32',
  /** Slots of leads; see assembly/lead.ts. There are `leadMask` + 1 of them, a power of two. */
  leads: 'address',
  leadMask: 'u32',
  leadStride: 'u32',
  /** Offset in a slot of the values that the lead was made from. */
  leadValuesAt: 'u32',
  /** The columns whose values are in leads, one number each. */
  leadColumns: 'address',
  leadColumnCount: 'u32',
  /** Digits of a lead's fraction of the second: 0 to 6, or AUTO_DIGITS. */
  fractionDigits: 'u32',
  /** Which of topic, source and TimeNs are written: bits of `OwnField`. */
  ownFields: 'u32',
  /** 1: the names of contents and tags have records. */
  named: 'u32',
  names: 'address',
  /**
   * 1: a log with two fields of one name falls back to the reference. Where names have no records, assembly/name-set.ts
   * finds such logs; there, a field named like one of the service's makes its log fall back too.
   */
  uniqueNames: 'u32',
  nameSet: 'address',
  /** Stamps of the names of topic, source and TimeNs. */
  topicStamp: 'address',
  sourceStamp: 'address',
  timeNsStamp: 'address',
  /** 1: a log with invalid UTF-8 falls back to the reference. */
  checksUtf8: 'u32',
  /** 1: a log with a TimeNs falls back to the reference, since the row escapes digits. */
  timeNsFallsBack: 'u32',
  /** 1: a log is read to its end before any of it is written, since rules, mapped fields or leads need its columns. */
  readsFirst: 'u32',
  /** Used only by the kernel; see assembly/shape.ts. */
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
  /** Where dropped logs are counted, 32 bits for each filter. */
  dropped: 'address',
  /** The severity field's column, its question to the host, and where the answers are kept. */
  severityColumn: 'u32',
  severityQuestion: 'u32',
  severityAnswers: 'address',
  /** The severity of each variant of the lead, a byte each. */
  severities: 'address',
  /** 1: the format has mapped fields; see assembly/mapped.ts. */
  mapped: 'u32',
  mappedHead: 'address',
  mappedHeadCount: 'u32',
  mappedFields: 'address',
  mappedFieldCount: 'u32',
  /** Upper bounds: bytes of the mapped part's constants, and bytes that a byte of a column can become. */
  mappedConstants: 'u32',
  mappedGrowth: 'u32',
  /** The columns whose values are in the head, and room for the last head that a group's logs have in common. */
  headColumns: 'address',
  headColumnCount: 'u32',
  headText: 'address',
  /** Room for the second of the last log, in decimal. */
  secondText: 'address',
  /** Room for a time in decimal. */
  timeText: 'address',
} as const satisfies Fields;

/** The job: one batch, its position, and the results of the last call. */
const job = {
  /** The number of the job, never 0. */
  id: 'u32',
  raw: 'address',
  rawEnd: 'address',
  /** The next protobuf tag to read: in the group, or in the list where there is no group. */
  position: 'address',
  /** Where the group's content begins and ends; `group` is 0 where there is no group. */
  group: 'address',
  groupEnd: 'address',
  /** The entry of the next group in the table of assembly/base/load.ts, and where the table ends. */
  known: 'address',
  knownEnd: 'address',
  /** Index of the next log in the batch. */
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
  /** From here on: results of the last call. */
  outBytes: 'u32',
  frameCount: 'u32',
  /** Renamed fields in these frames. */
  renamedFields: 'u32',
  /** Damage: a `Fault`, its offset in the raw bytes, and a number for its text. */
  fault: 'u32',
  faultAt: 'u32',
  faultDetail: 'u32',
  /** `Status.fallBack`: where the log's content begins and ends. */
  log: 'address',
  logEnd: 'address',
  /** `Status.grow…`: how many bytes, or spans, are needed. */
  need: 'u32',
} as const satisfies Fields;

/** A name record: how the fields of one name are written. Its text follows: separator, written name, sign. */
const nameRecord = {
  /** `NameKind` */
  kind: 'u32',
  /** The column of the name, or NO_COLUMN. */
  column: 'u32',
  /** The stamp of the written name (assembly/stamps.ts), the same for all names that are written alike. */
  stamp: 'address',
  textLength: 'u32',
} as const satisfies Fields;

/** A lead of one variant, kept for one second; the bytes of the lead follow. */
const leadSlot = {
  second: 'u32',
  /** The variant + 1; 0: the slot is not filled. */
  variant: 'u32',
  length: 'u32',
  /** Where in the lead a fraction of the second goes, or NO_FRACTION. */
  fractionAt: 'u32',
} as const satisfies Fields;

/** A step of the rules; see assembly/rules.ts. */
const instruction = {
  /** `Op` */
  op: 'u32',
  column: 'u32',
  onTrue: 'address',
  onFalse: 'address',
  /** Two numbers that depend on `op`: see `Op`. */
  first: 'u32',
  second: 'u32',
} as const satisfies Fields;

/** A slot in the table of values that `Op.in` looks into; all 0: free. */
const valueSlot = {
  hash: 'u32',
  /** The value's length + 1. */
  mark: 'u32',
  value: 'address',
} as const satisfies Fields;

/** A part of the head, the text before the mapped fields. */
const headPart = {
  /** `HeadKind` */
  kind: 'u32',
  /** `severity`: eight texts, each an address and a length. `value`: the escape table. */
  table: 'address',
  /** The value is cut to so many characters. */
  maxCharacters: 'u32',
  /** The text where the value is missing. */
  orElse: 'text',
  /** Columns, one number each: the first that has a value is taken. */
  places: 'address',
  placeCount: 'u32',
  reserved: 'u32',
} as const satisfies Fields;

/** A mapped field (format/parts/mapped.ts). */
const mappedField = {
  /** `FieldKind` */
  kind: 'u32',
  /** `ValueKind` */
  type: 'u32',
  /** The value is cut to so many characters; NO_LIMIT: the value is not cut. */
  maxCharacters: 'u32',
  /** Columns, one number each: the first with a value of the type is taken; see PORT_PLACE. */
  places: 'address',
  placeCount: 'u32',
  /** Separator, key and sign; or all of a constant field. */
  opening: 'text',
  /** The opening of an IPv6 address, or nothing. */
  ipv6Opening: 'text',
  /** The label with a separator before it, or nothing. */
  label: 'text',
  ipv6Label: 'text',
  reserved: 'u32',
} as const satisfies Fields;

export const records = { plan, job, nameRecord, leadSlot, instruction, valueSlot, headPart, mappedField } as const;

type NamesOf<F> = { [K in keyof F & string]: F[K] extends 'text' ? K | `${K}Length` : K }[keyof F & string];
export type RecordOf<Name extends keyof typeof records> = Record<NamesOf<(typeof records)[Name]>, number>;

export type Plan = RecordOf<'plan'>;
export type Job = RecordOf<'job'>;

const WORD_BYTES = 4;

type RecordName = keyof typeof records;
type FieldName<Name extends RecordName> = keyof RecordOf<Name> & string;

/** The names of each record's numbers. */
const fieldNames: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(records).map(([name, fields]) => [
    name,
    Object.entries(fields).flatMap(([field, type]) => (type === 'text' ? [field, `${field}Length`] : [field])),
  ]),
);

/** @returns the names of a record's numbers, in their order */
export function fieldsOf<Name extends RecordName>(name: Name): readonly FieldName<Name>[] {
  return fieldNames[name] as FieldName<Name>[];
}

export function bytesOf(name: RecordName): number {
  return fieldsOf(name).length * WORD_BYTES;
}

/** @returns the record's numbers, as they stand in memory */
export function wordsOf<Name extends RecordName>(name: Name, record: RecordOf<Name>): number[] {
  return fieldsOf(name).map((field) => record[field]);
}
