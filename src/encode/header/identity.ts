/**
 * Writes a log's identity as STRUCTURED-DATA (RFC 5424, section 6.3), up to and with the space, unless more structured
 * data follows:
 *
 *     [sls@32473 project="p" logstore="l" shard="3" cursor="MTc2…" index="17"] ␠MSG
 *     [sls@32473 project="p" logstore="l" shard="3" cursor="MTc2…" index="17" part="2"] ␠MSG
 *
 * The cursor is the one that the batch was pulled with, and the index is the log's place in the batch, from 0: a log
 * that is pulled again from the same cursor has the same identity. The part counts the messages of a split log, from 1.
 *
 * All up to the index is made once for a batch.
 */

import { invalidOptions } from '../frame/invalid-options.ts';
import { type BatchIdentity, type IdentitySource, NO_PART } from '../lead/lead.ts';
import { decimalDigits, type Output } from '../text/output.ts';
import type { BatchOrigin } from '../wire/batch-origin.ts';

export interface IdentityOptions {
  /** IANA Private Enterprise Number, the SD-ID's part after the `@` (RFC 5424, section 7.2.2). */
  readonly enterpriseId: number;
}

/** Room for a cursor; Log Service's have 28 bytes: base64 of a number of 19 digits. */
const TYPICAL_MAX_CURSOR_BYTES = 128;
const MAX_NUMBER_DIGITS = 10;
const MAX_ENTERPRISE_ID = 2 ** 32 - 1;

const PART_SIGN = ascii('" part="');
const END = ascii('"]');
const END_AND_SPACE = ascii('"] ');

/**
 * @param isLast no more structured data follows the identity
 * @throws AppError code `encoder-options`, action `fatal`: the enterprise id is out of range
 */
export function createIdentities(options: IdentityOptions, isLast: boolean): IdentitySource {
  checkEnterpriseId(options.enterpriseId);
  const end = isLast ? END_AND_SPACE : END;
  const ofBatch = (origin: BatchOrigin) => new StructuredIdentity(options, origin, end);
  const longest = { project: '', logstore: '', shard: 2 ** 31 - 1, cursor: 'c'.repeat(TYPICAL_MAX_CURSOR_BYTES) };
  return { end, ofBatch, typicalMaxBytes: ofBatch(longest).maxBytes };
}

class StructuredIdentity implements BatchIdentity {
  readonly maxBytes: number;
  readonly start: Uint8Array;
  readonly #end: Uint8Array;

  constructor({ enterpriseId }: IdentityOptions, { project, logstore, shard, cursor }: BatchOrigin, end: Uint8Array) {
    const fixed = { project, logstore, shard: String(shard), cursor };
    const params = Object.entries(fixed).map(([name, value]) => `${name}="${paramValue(value)}"`);
    this.start = Uint8Array.from(Buffer.from(`[sls@${enterpriseId} ${params.join(' ')} index="`));
    this.#end = end;
    this.maxBytes = this.start.length + MAX_NUMBER_DIGITS + PART_SIGN.length + MAX_NUMBER_DIGITS + end.length;
  }

  length(index: number): number {
    return this.start.length + decimalDigits(index) + this.#end.length;
  }

  write(output: Output, index: number, part: number): void {
    output.text(this.start);
    output.decimal(index);
    if (part !== NO_PART) {
      output.text(PART_SIGN);
      output.decimal(part);
    }
    output.text(this.#end);
  }
}

function checkEnterpriseId(enterpriseId: number): void {
  if (Number.isInteger(enterpriseId) && enterpriseId > 0 && enterpriseId <= MAX_ENTERPRISE_ID) return;
  throw invalidOptions(
    `The enterprise id is ${enterpriseId}; it must be a whole number from 1 to ${MAX_ENTERPRISE_ID}.`,
  );
}

/**
 * Writes a PARAM-VALUE (RFC 5424, section 6.3.3): `"`, `\` and `]` are escaped, and no other character can be. A
 * control character becomes `_`: a line feed would end the message in LF framing.
 */
function paramValue(text: string): string {
  return text.replace(/["\\\]]/g, '\\$&').replace(/[\0-\x1f\x7f]/g, '_');
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
