/**
 * A lead: what stands before the text of a log in its message. It is a syslog header, the envelope of another protocol,
 * or nothing (`noLead`). Whoever builds an encoder chooses a `LeadSource`; both encoders know no more than this file.
 *
 * A lead is the same for all logs of a second but for a fraction of that second, so its bytes are kept for a second. It
 * may differ by what rules decide of a log, and by the values of the log's fields.
 */
import type { Format } from '../../format/parts/format.ts';
import type { ColumnValue, Decision } from '../../rules/evaluate.ts';
import type { Rules } from '../../rules/rules.ts';
import type { ColumnNames } from '../text/columns.ts';
import type { Output } from '../text/output.ts';
import type { BatchOrigin } from '../wire/batch-origin.ts';

export interface Lead {
  /** The lead is never longer. */
  readonly maxBytes: number;
  /** 0 to 23; a format may write it into the text. */
  readonly facility: number;
  /** 0 to 7; a format may write it into the text. */
  readonly severity: number;
  /**
   * @param time unix seconds, 0 to 2^32 - 1
   * @param timeNs nanoseconds within the second; negative where there are none
   */
  write(output: Output, time: number, timeNs: number): void;
  /** Bytes that `write` would write. */
  length(time: number, timeNs: number): number;
  /** Copies the lead of a second without a fraction, for an encoder that puts the fraction in by itself. */
  copySecond(target: Uint8Array, time: number): SecondOfLead;
}

export interface SecondOfLead {
  readonly length: number;
  /** Where a point and the fraction's digits go; undefined: this lead has no fraction. */
  readonly fractionAt: number | undefined;
}

/** The leads of all logs. */
export interface Leads {
  /** The lead of a log of which rules decide nothing, and that has none of the fields that leads are made of. */
  readonly usual: Lead;
  /** No lead is longer. */
  readonly maxBytes: number;
  /** Digits of a fraction: 0 to 6; `auto`: 6 where the log has nanoseconds, none otherwise. */
  readonly fractionDigits: number | 'auto';
  /** The columns that leads are made of. The first MAX_FIELD_BYTES of a value count. */
  readonly columns: readonly number[];
  /** Undefined: messages do not say which log they are made of. */
  readonly identity: IdentitySource | undefined;
  /** @param value of the columns of the log that the decision is about */
  of(decision: Decision | undefined, value: ColumnValue): Lead;
}

/** Where messages say which log they are made of: what stands between lead and text. */
export interface IdentitySource {
  /** An identity is not longer, unless names or the cursor of a batch are longer than the service is known to make them. */
  readonly usualMaxBytes: number;
  /** At most four bytes. */
  readonly end: Uint8Array;
  ofBatch(origin: BatchOrigin): BatchIdentity;
}

/** The identities of one batch: `start`, the log's index in decimal, perhaps the part's number, and the source's `end`. */
export interface BatchIdentity {
  /** No identity is longer. */
  readonly maxBytes: number;
  readonly start: Uint8Array;
  /** Bytes of the identity of a message that is all of its log. */
  length(index: number): number;
  /**
   * @param index the log's place in the batch, from 0
   * @param part the message's place among those of the log, from 1; NO_PART where the message is all of its log
   */
  write(output: Output, index: number, part: number): void;
}

/** A message that is all of its log. */
export const NO_PART = 0;

export interface LeadSource {
  /** @throws AppError code `encoder-options`, action `fatal`: the lead does not go with the rest */
  create(context: LeadContext): Leads;
}

/** What a lead may depend on. */
export interface LeadContext {
  /** Is told the names of the fields that the lead is made of. */
  readonly columns: ColumnNames;
  /** Undefined: nothing is decided. */
  readonly rules: Rules | undefined;
  readonly format: Format;
  /** A text over the limit goes on in further messages, each with the same lead. */
  readonly isSplit: boolean;
}
