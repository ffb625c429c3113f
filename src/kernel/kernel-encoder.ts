/**
 * The kernel as a `BatchEncoder`: src/kernel/assembly, compiled to WebAssembly, unpacks lz4, walks, formats and frames
 * in its own memory. A body is copied in, and chunks are copied out.
 *
 * What is rare goes to the reference encoder: a log whose message is over the limit (cut out of the batch, with what
 * its group says of it), and a batch for which there is no memory left. A format that the kernel cannot write is all
 * the reference's.
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
 * @returns the reference where the kernel cannot write the format; `kind` tells
 * @throws AppError code `encoder-options`, action `fatal`: a number is out of range, or options do not go together
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
      // Ids are 32-bit numbers, and 0 is nobody's.
      batches = (batches % 0xffff_fffe) + 1;
      return new KernelBatch({ kernel, reference, id: batches, loaded, rawBytes: body.rawSize, identity, origin });
    },
  };
}
