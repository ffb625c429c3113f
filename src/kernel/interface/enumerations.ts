/** Numbers by which the kernel and its host, the TypeScript around it, name the same things. */

/** What `encode` returns. There may be frames in `out`, which come first; not with `growOut`. */
export const Status = {
  /** The batch is at its end. */
  end: 0,
  /** The chunk is full. */
  chunk: 1,
  /** The next log falls back to the reference: its message is over the limit, or it is another rare case. */
  fallBack: 2,
  damage: 3,
  /** The next log needs a larger `out`; the present one is empty. */
  growOut: 4,
  growShared: 5,
  growTags: 6,
  growContents: 7,
  /** Much was read without filling the chunk: the event loop should run. */
  pause: 8,
} as const;

export const Framing = { octetCounting: 0, lf: 1, datagram: 2 } as const;

/** Bits: which of the fields are written. */
export const OwnField = { topic: 1, source: 2, timeNs: 4 } as const;

export const NameKind = { notWritten: 0, written: 1, renamed: 3 } as const;

export const Op = {
  /** `first`: the variant; `second`: 1 where the severity field is asked. */
  decide: 0,
  /** `first`: the index of the filter. */
  drop: 1,
  exists: 2,
  /** `first`: a table of value slots; `second`: how many slots it has less 1. */
  in: 3,
  /** `first`, `second`: the text and its length; so too for the next two. */
  prefix: 4,
  suffix: 5,
  contains: 6,
  /** `first`: the bounds, two doubles. */
  range: 7,
  /** `first`: which question; `second`: where answers are kept. */
  ask: 8,
} as const;

export const HeadKind = { severity: 0, value: 1 } as const;
export const FieldKind = { constant: 0, fields: 1, logTime: 2 } as const;
export const ValueKind = { text: 0, ip: 1, integer: 2, time: 3 } as const;

/** What can be wrong with a batch; damage.ts has the texts. */
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
