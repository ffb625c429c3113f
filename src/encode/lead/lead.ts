/**
 * A lead is what stands before a log's text in its message: a syslog header, the envelope of another protocol, or
 * nothing. Whoever creates an encoder chooses a `LeadSource`; the encoders know leads by this file only.
 *
 * Within a second, only its fraction changes in a lead, so the other bytes are kept for that second. A lead may depend
 * on what the rules decide about the log, and on the values of its fields.
 */
import type { Format } from '../../format/parts/format.ts';
import type { ColumnValue, Decision } from '../../rules/evaluate.ts';
import type { Rules } from '../../rules/rules.ts';
import type { ColumnNames } from '../text/columns.ts';
import type { Output } from '../text/output.ts';
import type { BatchOrigin } from '../wire/batch-origin.ts';

export interface Lead {
  /** Upper bound of the lead's bytes. */
  readonly maxBytes: number;
  /** 0 to 23; a format may write it into the text. */
  readonly facility: number;
  /** 0 to 7; a format may write it into the text. */
  readonly severity: number;
  /**
   * @param time unix seconds, 0 to 2^32 - 1
   * @param timeNs nanoseconds within the second; negative: the log has none
   */
  write(output: Output, time: number, timeNs: number): void;
  /** Bytes that `write` would write. */
  length(time: number, timeNs: number): number;
  /** Copies the lead of a second without a fraction: the kernel inserts the fraction itself. */
  copySecond(target: Uint8Array, time: number): SecondOfLead;
}

export interface SecondOfLead {
  readonly length: number;
  /** Offset where a point and the fraction's digits go; undefined: this lead has no fraction. */
  readonly fractionAt: number | undefined;
}

/** The leads of all logs. */
export interface Leads {
  /** The lead of a log for which the rules decide nothing, and which has none of the fields in leads. */
  readonly defaultLead: Lead;
  /** Upper bound of a lead's bytes. */
  readonly maxBytes: number;
  /** Digits of a fraction: 0 to 6; `auto`: 6 where the log has nanoseconds, none otherwise. */
  readonly fractionDigits: number | 'auto';
  /** The columns whose values are in leads; the first MAX_FIELD_BYTES of a value count. */
  readonly columns: readonly number[];
  /** Undefined: messages do not say which log they are from. */
  readonly identity: IdentitySource | undefined;
  /** @param value the columns' values in the log that the decision is about */
  of(decision: Decision | undefined, value: ColumnValue): Lead;
}

/** Makes identities, which stand between lead and text and say which log a message is from. */
export interface IdentitySource {
  /** Upper bound of an identity's bytes, unless names and cursor of a batch are unusually long together. */
  readonly typicalMaxBytes: number;
  /** The end of an identity: at most four bytes. */
  readonly end: Uint8Array;
  ofBatch(origin: BatchOrigin): BatchIdentity;
}

/** The identities of one batch: `start`, the log's index in decimal, perhaps the part's number, and the `end`. */
export interface BatchIdentity {
  /** Upper bound of an identity's bytes. */
  readonly maxBytes: number;
  readonly start: Uint8Array;
  /** Bytes of the identity of a message whose log is not split. */
  length(index: number): number;
  /**
   * @param index the log's place in the batch, from 0
   * @param part the message's place among the log's parts, from 1; NO_PART where the log is not split
   */
  write(output: Output, index: number, part: number): void;
}

/** `part` of a message whose log is not split. */
export const NO_PART = 0;

export interface LeadSource {
  /** @throws AppError action `fatal`, code `encoder-options` (the lead clashes with other options) or `time-zone` */
  create(context: LeadContext): Leads;
}

/** What a lead may depend on. */
export interface LeadContext {
  /** The lead adds the names of its fields here. */
  readonly columns: ColumnNames;
  /** Undefined: there are no rules. */
  readonly rules: Rules | undefined;
  readonly format: Format;
  /** A text over the limit goes on in further messages, each with the same lead. */
  readonly isSplit: boolean;
}
