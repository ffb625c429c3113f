/** Both encoders: what is promised of one holds for the other, so tests run `describe.each(encoders)`. */
import type { BatchEncoder } from '../../../src/encode/frame/batch-encoder.ts';
import type { EncoderOptions } from '../../../src/encode/frame/encoder-options.ts';
import { createReferenceEncoder } from '../../../src/encode/reference-encoder.ts';
import { createKernelEncoder } from '../../../src/kernel/kernel-encoder.ts';

export interface EncoderUnderTest {
  readonly kind: 'reference' | 'kernel';
  readonly createEncoder: (options: EncoderOptions) => BatchEncoder;
}

export const encoders: readonly EncoderUnderTest[] = [
  { kind: 'reference', createEncoder: createReferenceEncoder },
  { kind: 'kernel', createEncoder: createKernelEncoder },
];
