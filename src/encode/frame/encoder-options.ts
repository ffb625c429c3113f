/** Options of an encoder, for all its batches; the reference and the kernel have the same. */
import { type Format, writesSingleLines } from '../../format/parts/format.ts';
import type { FieldSelection } from '../../rules/field-selection.ts';
import type { Rules } from '../../rules/rules.ts';
import type { LeadSource } from '../lead/lead.ts';
import { type Framing, MAX_DATAGRAM_BYTES } from './framing.ts';
import { invalidOptions } from './invalid-options.ts';

/**
 * The fate of a log whose message is over the limit.
 * - `truncate`: the text is cut, and the rest is not sent.
 * - `split`: the text goes on in further messages with the same lead. Parsers cannot join the parts of a format with a
 *   beginning and an end (JSON).
 * - `dead-letter`: no message is made, and the caller gets the log (`EncodedBatch.takeRejected`).
 */
export type OversizeAction = 'truncate' | 'split' | 'dead-letter';

export interface EncoderOptions {
  readonly format: Format;
  /** Absent: all fields are written, and none gets a new name. */
  readonly fields?: FieldSelection;
  /** Absent: every log is sent, with the lead's own facility and severity. */
  readonly rules?: Rules;
  /** What stands before each log's text. */
  readonly lead: LeadSource;
  readonly framing: Framing;
  /** Limit of a message's bytes, lead included, framing excluded; default: no limit but the datagram's. */
  readonly maxMessageBytes?: number;
  /** The limit of a message with framing `datagram`, whatever `maxMessageBytes` is; default and maximum 65,507. */
  readonly maxDatagramBytes?: number;
  /** Default `truncate`. */
  readonly oversize?: OversizeAction;
  /** A batch that claims more unpacked bytes is refused; default 64 MiB. */
  readonly maxRawBytes?: number;
  /** A chunk ends after so many frames; default: when it is full. */
  readonly maxChunkFrames?: number;
  /** A chunk ends with the frame that brings it to so many bytes; default: when it is full. */
  readonly maxChunkBytes?: number;
  /** A log with more fields (tags included) is large, and written in steps. Default 2,000; others are for tests. */
  readonly largeAboveFields?: number;
  /** A log with more bytes (topic, source, tags included) is large too. Default 512 KiB; others are for tests. */
  readonly largeAboveBytes?: number;
}

/** Log Service's own limit is about 10 MB a pull. */
export const DEFAULT_MAX_RAW_BYTES = 64 * 1024 * 1024;

const DEFAULT_LARGE_ABOVE_FIELDS = 2_000;
const DEFAULT_LARGE_ABOVE_BYTES = 512 * 1024;

/** Every receiver has to accept messages of this size (RFC 5424, section 6.1). */
export const MIN_MESSAGE_BYTES = 480;

/** An escape may quadruple the bytes, which are counted in 32 bits. */
const MAX_MAX_RAW_BYTES = 256 * 1024 * 1024;

/** More than the largest batch could give. */
const MAX_MAX_MESSAGE_BYTES = 2 ** 31 - 1;

export interface CheckedOptions {
  /** Limit of a message's bytes, lead included; with datagrams never more than one can hold. */
  readonly maxMessageBytes: number;
  readonly oversize: OversizeAction;
  readonly maxRawBytes: number;
  readonly maxChunkFrames: number;
  readonly maxChunkBytes: number;
  readonly largeAboveFields: number;
  readonly largeAboveBytes: number;
}

/**
 * @param minMessageBytes bytes of the longest lead and identity, and the least room for a text: limits may not be lower
 * @throws AppError code `encoder-options`, action `fatal`
 */
export function checkEncoderOptions(options: EncoderOptions, minMessageBytes: number): CheckedOptions {
  const maxMessageBytes = options.maxMessageBytes ?? MAX_MAX_MESSAGE_BYTES;
  const maxDatagramBytes = options.maxDatagramBytes ?? MAX_DATAGRAM_BYTES;
  const maxRawBytes = options.maxRawBytes ?? DEFAULT_MAX_RAW_BYTES;
  const { maxChunkFrames = Number.MAX_SAFE_INTEGER, maxChunkBytes = Number.MAX_SAFE_INTEGER } = options;
  const minBytes = Math.max(MIN_MESSAGE_BYTES, minMessageBytes);
  checkRange('The maximum size of a message', maxMessageBytes, minBytes, MAX_MAX_MESSAGE_BYTES);
  checkRange('The maximum size of a datagram', maxDatagramBytes, minBytes, MAX_DATAGRAM_BYTES);
  checkRange('The maximum size of an unpacked batch', maxRawBytes, 1, MAX_MAX_RAW_BYTES);
  checkRange('The maximum size of a chunk', maxChunkBytes, 1, Number.MAX_SAFE_INTEGER);
  checkRange('The maximum number of frames in a chunk', maxChunkFrames, 1, Number.MAX_SAFE_INTEGER, 'frames');
  if (options.framing === 'lf' && !writesSingleLines(options.format)) {
    throw invalidOptions(
      `The format ${options.format.name} can write line feeds, which end a message in LF framing: use octet counting.`,
    );
  }
  return {
    maxMessageBytes: options.framing === 'datagram' ? Math.min(maxMessageBytes, maxDatagramBytes) : maxMessageBytes,
    oversize: options.oversize ?? 'truncate',
    maxRawBytes,
    maxChunkFrames,
    maxChunkBytes,
    largeAboveFields: options.largeAboveFields ?? DEFAULT_LARGE_ABOVE_FIELDS,
    largeAboveBytes: options.largeAboveBytes ?? DEFAULT_LARGE_ABOVE_BYTES,
  };
}

function checkRange(what: string, value: number, min: number, max: number, unit = 'bytes'): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalidOptions(`${what} is ${value} ${unit}; it must be a whole number from ${min} to ${max}.`);
}
