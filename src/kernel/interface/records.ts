/**
 * Records of numbers in the kernel's memory, which the host and the kernel share. `scripts/build-kernel.ts` makes
 * assembly/base/interface.ts of this folder, the same in AssemblyScript: what is shared is written here, and nowhere else.
 *
 * Addresses are in the kernel's memory. All fields have 32 bits, one after another.
 */

/** `text` is an address and a length: `prefix` and `prefixLength`. */
type FieldType = 'u32' | 'i32' | 'address' | 'text' | 'shape';
type Fields = Readonly<Record<string, FieldType>>;

/** The plan: what is the same for all batches, as a format row, the framing and the limits. */
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
   * Bytes that the contents of a usual log become at most, with all that stands between them, per byte of the log; 0 where
   * no log is a usual one: separator or sign have more than 16 bytes. See assembly/usual.ts.
   */
  usualExpansion: 'u32',
  /** Bytes that a usual log has at most beside its contents, what the group shares, the lead and the identity's start. */
  usualMaxConstants: 'u32',
  /** Bytes of `usualMaxConstants` for names whose records have longer texts than the keys, escaped, could give. */
  namesSlack: 'u32',
  /** `Framing` */
  framing: 'u32',
  maxMessageBytes: 'u32',
  maxChunkFrames: 'u32',
  maxChunkBytes: 'u32',
  /** Slots of leads; see assembly/lead.ts. Their number is a power of two: `leadMask` + 1. */
  leads: 'address',
  leadMask: 'u32',
  leadStride: 'u32',
  /** Where in a slot the values are that the lead was made with. */
  leadValuesAt: 'u32',
  /** The columns that leads are made of, one number each. */
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
  /** Bytes of all mapped text that is the same in each log, at most; and bytes that a byte of a column can become. */
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

/** The job: one batch, where it stands, and what the last call did. */
const job = {
  /** Told apart from other jobs by it. */
  id: 'u32',
  raw: 'address',
  rawEnd: 'address',
  /** The next protobuf tag that is not dealt with: in the group, or in the list where there is no group. */
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

/** A name record: what becomes of the fields of one name. Its text follows: separator, the name as it is written, sign. */
const nameRecord = {
  /** `NameKind` */
  kind: 'u32',
  /** The column that it belongs to, or NO_COLUMN. */
  column: 'u32',
  /** The stamp that all names share which are written alike. */
  stamp: 'address',
  textLength: 'u32',
} as const satisfies Fields;

/** A lead of one variant, kept for a second; the lead itself follows. */
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
  /** Two numbers that belong to the question: see `Op`. */
  first: 'u32',
  second: 'u32',
} as const satisfies Fields;

/** A slot in the table of values that `Op.in` looks into; all 0: free. */
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
  /** `severity`: eight texts, each an address and a length. `value`: the escape table. */
  table: 'address',
  /** Characters of the value that are written at most. */
  maxCharacters: 'u32',
  /** The text that stands in the value's place where there is none. */
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

export const records = { plan, job, nameRecord, leadSlot, instruction, valueSlot, headPart, mappedField } as const;

type NamesOf<F> = { [K in keyof F & string]: F[K] extends 'text' ? K | `${K}Length` : K }[keyof F & string];
export type RecordOf<Name extends keyof typeof records> = Record<NamesOf<(typeof records)[Name]>, number>;

export type Plan = RecordOf<'plan'>;
export type Job = RecordOf<'job'>;

const WORD_BYTES = 4;

type RecordName = keyof typeof records;
type FieldName<Name extends RecordName> = keyof RecordOf<Name> & string;

/** By record. */
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
