/** Short ways to run an encoder in tests. */
import type { BatchBody } from '../../../src/core/bytes.ts';
import type { BatchCounts, BatchEncoder, RejectedLog } from '../../../src/encode/frame/batch-encoder.ts';
import type { EncoderOptions } from '../../../src/encode/frame/encoder-options.ts';
import { type SyslogLeadOptions, syslogLead } from '../../../src/encode/header/syslog-lead.ts';
import type { LeadSource } from '../../../src/encode/lead/lead.ts';
import type { BatchOrigin } from '../../../src/encode/wire/batch-origin.ts';
import { createKeyValueFormat } from '../../../src/format/formats/key-value.ts';

export interface Encoded {
  /** All frames, one after another. */
  bytes: Buffer;
  chunkSizes: number[];
  frameCount: number;
  /** Datagrams only: the frames one by one. */
  datagrams: Buffer[];
  counts: BatchCounts;
  rejected: RejectedLog[];
  /** What `next()` threw. */
  error: unknown;
}

const leadKeys = new WeakMap<LeadSource, string>();

/** A header as tests expect it, but for these changes. */
export function leadWith(changes: Partial<SyslogLeadOptions>): LeadSource {
  const lead = syslogLead({ rfc: '5424', facility: 1, severity: 6, hostname: 'host', appName: 'app', ...changes });
  leadKeys.set(lead, JSON.stringify(changes));
  return lead;
}

/** Equal for leads that are equal. */
export function leadKey(lead: LeadSource): string {
  const key = leadKeys.get(lead);
  if (key === undefined) throw new Error('a lead that leadWith has not made is not told from others');
  return key;
}

export const encoderDefaults: EncoderOptions = {
  format: createKeyValueFormat(),
  lead: leadWith({}),
  framing: 'octet-counting',
};

export function rawBody(bytes: Uint8Array): BatchBody {
  return { bytes, compression: 'none', rawSize: bytes.length };
}

/** Encodes a whole batch, copying each chunk and releasing it at once. */
export function encodeAll(encoder: Pick<BatchEncoder, 'begin'>, raw: Uint8Array, origin?: BatchOrigin): Encoded {
  const batch = encoder.begin(rawBody(raw), origin);
  const copies: Buffer[] = [];
  const datagrams: Buffer[] = [];
  const rejected: RejectedLog[] = [];
  let frameCount = 0;
  let error: unknown;
  try {
    for (let chunk = batch.next(); chunk !== undefined; chunk = batch.next()) {
      const copy = Buffer.from(chunk.bytes);
      let start = 0;
      for (const end of chunk.frameEnds?.subarray(0, chunk.frameCount) ?? []) {
        datagrams.push(copy.subarray(start, end));
        start = end;
      }
      copies.push(copy);
      frameCount += chunk.frameCount;
      chunk.release();
      rejected.push(...batch.takeRejected());
    }
  } catch (thrown) {
    error = thrown;
  } finally {
    batch.close();
  }
  return {
    bytes: Buffer.concat(copies),
    chunkSizes: copies.map((copy) => copy.length),
    frameCount,
    datagrams,
    counts: { ...batch.counts },
    rejected,
    error,
  };
}
