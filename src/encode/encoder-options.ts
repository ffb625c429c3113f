/** What an encoder is told once, for all batches; the same for both implementations of `BatchEncoder`. */
import { AppError } from '../errors.ts';
import { type FormatRow, isSingleLine } from '../format/format-row.ts';
import { type Framing, MAX_DATAGRAM_BYTES } from './framing.ts';
import type { HeaderOptions } from './header.ts';

export interface EncoderOptions {
  readonly format: FormatRow;
  readonly header: HeaderOptions;
  readonly framing: Framing;
  /** A longer message is cut, with framing `datagram` only; default and maximum 65,507. */
  readonly maxDatagramBytes?: number;
  /** A batch that claims more unpacked bytes is refused; default 64 MiB. */
  readonly maxRawBytes?: number;
  /** A chunk is ended with so many frames; default: when it is full. */
  readonly maxChunkFrames?: number;
  /** A chunk is ended with the frame that brings it to so many bytes; default: when it is full. */
  readonly maxChunkBytes?: number;
}

/** The service's own limit is about 10 MB a pull. */
export const DEFAULT_MAX_RAW_BYTES = 64 * 1024 * 1024;

/** What every receiver has to take (RFC 5424, section 6.1). */
const MIN_DATAGRAM_BYTES = 480;

/** Raw bytes may quadruple under an escape, and are counted in 32 bits. */
const MAX_MAX_RAW_BYTES = 256 * 1024 * 1024;

export interface CheckedOptions {
  readonly maxDatagramBytes: number;
  readonly maxRawBytes: number;
  readonly maxChunkFrames: number;
  readonly maxChunkBytes: number;
}

/**
 * @param headerMaxBytes the header's longest form, which a datagram must be able to hold
 * @throws AppError code `encoder-options`, action `fatal`
 */
export function checkEncoderOptions(options: EncoderOptions, headerMaxBytes: number): CheckedOptions {
  const maxDatagramBytes = options.maxDatagramBytes ?? MAX_DATAGRAM_BYTES;
  const maxRawBytes = options.maxRawBytes ?? DEFAULT_MAX_RAW_BYTES;
  const { maxChunkFrames = Number.MAX_SAFE_INTEGER, maxChunkBytes = Number.MAX_SAFE_INTEGER } = options;
  const minDatagramBytes = Math.max(MIN_DATAGRAM_BYTES, headerMaxBytes + 1);
  checkRange('The maximum size of a datagram', maxDatagramBytes, minDatagramBytes, MAX_DATAGRAM_BYTES);
  checkRange('The maximum size of an unpacked batch', maxRawBytes, 1, MAX_MAX_RAW_BYTES);
  checkRange('The maximum size of a chunk', maxChunkBytes, 1, Number.MAX_SAFE_INTEGER);
  checkRange('The maximum number of frames in a chunk', maxChunkFrames, 1, Number.MAX_SAFE_INTEGER, 'frames');
  if (options.framing === 'lf' && !isSingleLine(options.format)) {
    throw invalid(
      `The format ${options.format.name} can write line feeds, which end a message in LF framing: use octet counting.`,
    );
  }
  return { maxDatagramBytes, maxRawBytes, maxChunkFrames, maxChunkBytes };
}

function checkRange(what: string, value: number, min: number, max: number, unit = 'bytes'): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalid(`${what} is ${value} ${unit}; it must be a whole number from ${min} to ${max}.`);
}

function invalid(message: string): AppError {
  return new AppError(message, { code: 'encoder-options', action: 'fatal' });
}
