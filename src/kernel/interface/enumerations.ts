/** Kinds of things that the host and the kernel tell each other by a number. */

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
