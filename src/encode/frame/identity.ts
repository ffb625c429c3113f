/**
 * A log's identity, as STRUCTURED-DATA (RFC 5424, section 6.3), up to and with the space, unless more structured data
 * follows it:
 *
 *     [sls@32473 project="p" logstore="l" shard="3" cursor="MTc2…" index="17"] ␠MSG
 *     [sls@32473 project="p" logstore="l" shard="3" cursor="MTc2…" index="17" part="2"] ␠MSG
 *
 * The cursor is the one that the batch was pulled with, and the index the log's place in it, from 0: the same log,
 * pulled again from the same cursor, has the same identity. The part counts the messages of one log, from 1, where
 * it is split into several.
 *
 * All up to the index is the same for a batch and is made once for it; a log's own share are digits.
 */
import { decimalDigits, type Output } from '../text/output.ts';
import { invalidOptions } from './invalid-options.ts';

export interface IdentityOptions {
  /** IANA Private Enterprise Number: it makes the SD-ID's name ours (RFC 5424, section 7.2.2). */
  readonly enterpriseId: number;
}

/** Where a batch was pulled from. */
export interface BatchOrigin {
  readonly project: string;
  readonly logstore: string;
  readonly shard: number;
  /** The cursor that the batch was pulled with. */
  readonly cursor: string;
  /** The place in that batch of the body's first log; default 0. Another where a log is sent by itself. */
  readonly firstIndex?: number;
  /** What has to be added to a place in the body's unpacked bytes for its place in the batch's; default 0. */
  readonly byteShift?: number;
}

/** Where a message is all of its log. */
export const NO_PART = 0;

/** What the service hands out has 28: base64 of a number of 19 digits. */
const USUAL_MAX_CURSOR_BYTES = 128;
const MAX_NUMBER_DIGITS = 10;
const MAX_ENTERPRISE_ID = 2 ** 32 - 1;

const PART_SIGN = ascii('" part="');
const END = ascii('"]');
const END_AND_SPACE = ascii('"] ');

/** The identities of one batch. */
export class BatchIdentity {
  /** None is longer. */
  readonly maxBytes: number;
  /** All up to the index. */
  readonly lead: Uint8Array;
  readonly #end: Uint8Array;

  /** @param isLast no more structured data follows */
  constructor({ enterpriseId }: IdentityOptions, { project, logstore, shard, cursor }: BatchOrigin, isLast: boolean) {
    const fixed = { project, logstore, shard: String(shard), cursor };
    const params = Object.entries(fixed).map(([name, value]) => `${name}="${paramValue(value)}"`);
    this.lead = Uint8Array.from(Buffer.from(`[sls@${enterpriseId} ${params.join(' ')} index="`));
    this.#end = isLast ? END_AND_SPACE : END;
    this.maxBytes = this.lead.length + MAX_NUMBER_DIGITS + PART_SIGN.length + MAX_NUMBER_DIGITS + this.#end.length;
  }

  /** Of a message that is all of its log. */
  length(index: number): number {
    return this.lead.length + decimalDigits(index) + this.#end.length;
  }

  /**
   * @param index the log's place in the batch, from 0
   * @param part the message's place among those of the log, from 1; NO_PART where it is all of it
   */
  write(output: Output, index: number, part: number): void {
    output.text(this.lead);
    output.decimal(index);
    if (part !== NO_PART) {
      output.text(PART_SIGN);
      output.decimal(part);
    }
    output.text(this.#end);
  }
}

/** @throws AppError code `encoder-options`, action `fatal` */
export function checkEnterpriseId(enterpriseId: number): void {
  if (Number.isInteger(enterpriseId) && enterpriseId > 0 && enterpriseId <= MAX_ENTERPRISE_ID) return;
  throw invalidOptions(
    `The enterprise id is ${enterpriseId}; it must be a whole number from 1 to ${MAX_ENTERPRISE_ID}.`,
  );
}

/**
 * The longest identity that a batch will have beside the names of its project and logstore, by the cursors that the
 * service is known to make, and then some.
 */
export function usualMaxIdentityBytes(options: IdentityOptions): number {
  const cursor = 'c'.repeat(USUAL_MAX_CURSOR_BYTES);
  return new BatchIdentity(options, { project: '', logstore: '', shard: 2 ** 31 - 1, cursor }, true).maxBytes;
}

/**
 * A PARAM-VALUE (RFC 5424, section 6.3.3): `"`, `\` and `]` are escaped, and nothing else can be. A control character
 * becomes `_`: a line feed would end the message in LF framing.
 */
function paramValue(text: string): string {
  return text.replace(/["\\\]]/g, '\\$&').replace(/[\0-\x1f\x7f]/g, '_');
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
