/** What an encoder is told once, for all batches; the same for both implementations of `BatchEncoder`. */
import { type Format, writesSingleLines } from '../../format/parts/format.ts';
import type { FieldSelection } from '../../rules/field-selection.ts';
import type { Rules } from '../../rules/rules.ts';
import type { LeadSource } from '../lead/lead.ts';
import { type Framing, MAX_DATAGRAM_BYTES } from './framing.ts';
import { invalidOptions } from './invalid-options.ts';

/**
 * What becomes of a log whose message is over the limit. `truncate`: the text is cut, the rest is not sent. `split`:
 * it goes on in further messages with the same lead, which no
 * parser of the format can put together again where the format has a beginning and an end (JSON). `dead-letter`: no message
 * is made of it, and the log is handed to the caller (`EncodedBatch.takeRejected`).
 */
export type OversizeAction = 'truncate' | 'split' | 'dead-letter';

export interface EncoderOptions {
  readonly format: Format;
  /** Absent: all fields are written, under their own names. */
  readonly fields?: FieldSelection;
  /** Absent: every log is sent, under the same header. */
  readonly rules?: Rules;
  /** What stands before each log's text. */
  readonly lead: LeadSource;
  readonly framing: Framing;
  /** Of a message with its lead, framing excluded; default: no limit but the datagram's. */
  readonly maxMessageBytes?: number;
  /** The limit of a message with framing `datagram`, whatever `maxMessageBytes` is; default and maximum 65,507. */
  readonly maxDatagramBytes?: number;
  /** Default `truncate`. */
  readonly oversize?: OversizeAction;
  /** A batch that claims more unpacked bytes is refused; default 64 MiB. */
  readonly maxRawBytes?: number;
  /** A chunk is ended with so many frames; default: when it is full. */
  readonly maxChunkFrames?: number;
  /** A chunk is ended with the frame that brings it to so many bytes; default: when it is full. */
  readonly maxChunkBytes?: number;
  /** A log with more fields (tags included) is large: it is written in steps. Default 2,000; another for tests. */
  readonly maxUsualFields?: number;
  /** A log with more bytes is large too; what its group says of it counts. Default 512 KiB; another for tests. */
  readonly maxUsualBytes?: number;
}

/** The service's own limit is about 10 MB a pull. */
export const DEFAULT_MAX_RAW_BYTES = 64 * 1024 * 1024;

const DEFAULT_MAX_USUAL_FIELDS = 2_000;
const DEFAULT_MAX_USUAL_BYTES = 512 * 1024;

/** What every receiver has to take (RFC 5424, section 6.1). */
export const MIN_MESSAGE_BYTES = 480;

/** Raw bytes may quadruple under an escape, and are counted in 32 bits. */
const MAX_MAX_RAW_BYTES = 256 * 1024 * 1024;

/** More than the largest batch could make. */
const MAX_MAX_MESSAGE_BYTES = 2 ** 31 - 1;

export interface CheckedOptions {
  /** Of a message with its lead; with datagrams never more than one can hold. */
  readonly maxMessageBytes: number;
  readonly oversize: OversizeAction;
  readonly maxRawBytes: number;
  readonly maxChunkFrames: number;
  readonly maxChunkBytes: number;
  readonly maxUsualFields: number;
  readonly maxUsualBytes: number;
}

/**
 * @param minMessageBytes the longest form of what stands before the text, and one character of it: a message must be
 * able to hold so much
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
    maxUsualFields: options.maxUsualFields ?? DEFAULT_MAX_USUAL_FIELDS,
    maxUsualBytes: options.maxUsualBytes ?? DEFAULT_MAX_USUAL_BYTES,
  };
}

function checkRange(what: string, value: number, min: number, max: number, unit = 'bytes'): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalidOptions(`${what} is ${value} ${unit}; it must be a whole number from ${min} to ${max}.`);
}
