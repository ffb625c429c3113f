/**
 * The kernel as a `BatchEncoder`: src/kernel/assembly, compiled to WebAssembly, unpacks lz4, walks, formats and frames
 * in its own memory. A body is copied in, and chunks are copied out.
 *
 * Rare cases fall back to the reference: a log whose message is over the limit, for example (cut out of the batch, with
 * its group's own fields), and a batch for which no memory is left. A format that the kernel cannot write is left to
 * the reference altogether.
 */
import { batchIdentity, createEncoderParts } from '../encode/encoder-parts.ts';
import type { BatchEncoder } from '../encode/frame/batch-encoder.ts';
import type { EncoderOptions } from '../encode/frame/encoder-options.ts';
import { createReferenceEncoder } from '../encode/reference-encoder.ts';
import { checkClaim } from '../encode/wire/unpack.ts';
import { Kernel, type Loaded } from './kernel.ts';
import { KernelBatch } from './kernel-batch.ts';
import { isPossible } from './plan.ts';

/**
 * @returns the reference where the kernel cannot write the format; see `kind`
 * @throws AppError like `createEncoderParts`
 */
export function createKernelEncoder(options: EncoderOptions): BatchEncoder {
  const reference = createReferenceEncoder(options);
  const parts = createEncoderParts(options);
  if (!isPossible(parts)) return reference;
  const kernel = new Kernel(parts);
  let batches = 0;
  return {
    kind: 'kernel',
    ...(reference.filterNames && { filterNames: reference.filterNames }),
    begin(body, origin) {
      checkClaim(body, parts.limits.maxRawBytes);
      const identity = batchIdentity(parts, origin);
      let loaded: Loaded;
      try {
        loaded = kernel.load(body);
      } catch (error) {
        if (error instanceof RangeError) return reference.begin(body, origin);
        throw error;
      }
      // Ids are 32-bit numbers; 0 is no batch's id.
      batches = (batches % 0xffff_fffe) + 1;
      return new KernelBatch({ kernel, reference, id: batches, loaded, rawBytes: body.rawSize, identity, origin });
    },
  };
}
