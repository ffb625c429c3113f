/** Parts that both encoders (reference and kernel) make from their options, once. */
import type { ByteSource } from '../core/byte-source.ts';
import { isTextFormat } from '../format/parts/format.ts';
import { createEvaluator, type Evaluator } from '../rules/evaluate.ts';
import type { Rules } from '../rules/rules.ts';
import { ChunkPool } from './frame/chunk-pool.ts';
import { type CheckedOptions, checkEncoderOptions, type EncoderOptions } from './frame/encoder-options.ts';
import type { Framing } from './frame/framing.ts';
import { invalidOptions } from './frame/invalid-options.ts';
import { LargeComputed } from './large/large-computed.ts';
import { largeFieldsParts } from './large/large-fields.ts';
import { LargeMessage, type LargeWriter } from './large/large-message.ts';
import type { BatchIdentity, Leads } from './lead/lead.ts';
import { BatchLogView } from './text/batch-log-view.ts';
import { CheckedWriter, checkedNames } from './text/checked-writer.ts';
import { ColumnNames, type Columns } from './text/columns.ts';
import { CompiledMapped } from './text/compiled-mapped.ts';
import { type CompiledRow, compileRow } from './text/compiled-row.ts';
import { type ComputedParts, ComputedWriter, computedNames } from './text/computed-writer.ts';
import { MAX_UTF8_CHARACTER_BYTES } from './text/cut-text.ts';
import { FieldListWriter, listedNames } from './text/field-list-writer.ts';
import type { MessageWriter } from './text/message-writer.ts';
import { RowWriter } from './text/row-writer.ts';
import type { BatchOrigin } from './wire/batch-origin.ts';
import type { LogWalker } from './wire/log-walker.ts';

/** Size of a chunk's buffer; docs/adr/0004 says what a size costs. */
export const CHUNK_BYTES = 512 * 1024;

/** Limit of frames in a chunk of a format that is code, which may take any time for a log. */
const MAX_COMPUTED_FRAMES = 256;

export interface EncoderParts {
  /** Undefined where the format is code. */
  readonly row: CompiledRow | undefined;
  /** Creates the writer of one batch's texts. */
  readonly createMessage: (source: ByteSource, walker: LogWalker, columns: Columns) => MessageWriter;
  /** Creates the writer of one batch's large logs; undefined where the format is code without `inSteps`. */
  readonly createLargeMessage: ((...batch: Parameters<EncoderParts['createMessage']>) => LargeWriter) | undefined;
  readonly leads: Leads;
  readonly rules: Rules | undefined;
  readonly evaluator: Evaluator | undefined;
  /** Fields that rules, mapped fields and leads read by name. */
  readonly columns: ColumnNames;
  readonly framing: Framing;
  readonly limits: CheckedOptions;
  /** Least room for a text, in bytes. */
  readonly minTextBytes: number;
  readonly pool: ChunkPool;
}

/** @throws AppError action `fatal`, code `encoder-options` (number out of range, options that clash) or `time-zone` */
export function createEncoderParts(options: EncoderOptions): EncoderParts {
  const { framing, format, rules, oversize } = options;
  const columns = new ColumnNames();
  const evaluator = rules && createEvaluator(rules, (field) => columns.add(field));
  const { row, createMessage, createLargeMessage, minTextBytes, maxChunkFrames } = compileFormat(options, columns);
  const leads = options.lead.create({ columns, rules, format, isSplit: oversize === 'split' });
  const limits = checkEncoderOptions(options, leads.maxBytes + (leads.identity?.typicalMaxBytes ?? 0) + minTextBytes);
  return {
    row,
    createMessage,
    createLargeMessage,
    leads,
    rules,
    evaluator,
    columns,
    framing,
    limits: { ...limits, maxChunkFrames: Math.min(limits.maxChunkFrames, maxChunkFrames) },
    minTextBytes,
    pool: new ChunkPool({ chunkBytes: CHUNK_BYTES }),
  };
}

interface CompiledFormat extends Pick<EncoderParts, 'row' | 'createMessage' | 'createLargeMessage' | 'minTextBytes'> {
  readonly maxChunkFrames: number;
}

function compileFormat({ format, fields }: EncoderOptions, columns: ColumnNames): CompiledFormat {
  if (isTextFormat(format)) {
    const parts = { format, names: computedNames(fields) };
    return {
      row: undefined,
      createMessage: (source, walker) => new ComputedWriter(parts, source, walker),
      createLargeMessage: largeComputed(parts),
      minTextBytes: MAX_UTF8_CHARACTER_BYTES,
      maxChunkFrames: MAX_COMPUTED_FRAMES,
    };
  }
  const row = compileRow(format, fields);
  const mapped = row.row.mapped && new CompiledMapped(row.row.mapped, row, columns);
  const createMessage = rowWriter(row, mapped);
  const large = largeFieldsParts(row, mapped);
  const createLargeMessage: EncoderParts['createLargeMessage'] = (...batch) => new LargeMessage(large, ...batch);
  return {
    row,
    createMessage,
    createLargeMessage,
    minTextBytes: row.minTextBytes,
    maxChunkFrames: Number.MAX_SAFE_INTEGER,
  };
}

function largeComputed({ format, names }: ComputedParts): EncoderParts['createLargeMessage'] {
  const { inSteps } = format;
  if (inSteps === undefined) return undefined;
  return (source, walker) => new LargeComputed(inSteps, new BatchLogView(names.written, names.answers, source, walker));
}

function rowWriter(compiled: CompiledRow, mapped: CompiledMapped | undefined): EncoderParts['createMessage'] {
  const { keepsNames, invalidUtf8 } = compiled.row;
  const isPlain = invalidUtf8 !== 'replace' && !mapped;
  if (isPlain && keepsNames) return (source, walker) => new RowWriter(compiled, source, walker);
  const parts = {
    compiled,
    openings: listedNames(compiled),
    mapped,
  };
  if (!isPlain) return (source, walker, columns) => new FieldListWriter(parts, source, walker, columns);
  const checked = checkedNames(compiled);
  return (source, walker, columns) => {
    const natural = new RowWriter(compiled, source, walker);
    const listed = new FieldListWriter(parts, source, walker, columns);
    return new CheckedWriter({ names: checked, natural, listed }, source, walker);
  };
}

/** @throws AppError code `encoder-options`, action `fatal`: no origin, or one that leaves no room for a text */
export function batchIdentity(parts: EncoderParts, origin: BatchOrigin | undefined): BatchIdentity | undefined {
  const { leads, minTextBytes, limits } = parts;
  if (leads.identity === undefined) return undefined;
  if (origin === undefined) throw invalidOptions('A batch without an origin cannot be given an identity.');
  const prepared = leads.identity.ofBatch(origin);
  const needed = leads.maxBytes + prepared.maxBytes + minTextBytes;
  if (needed > limits.maxMessageBytes) {
    throw invalidOptions(
      `Header and identity of a message take up to ${needed} bytes, since the project is ${origin.project}, the logstore ${origin.logstore}, and a cursor of shard ${origin.shard} has ${origin.cursor.length}, and a message may have ${limits.maxMessageBytes}: allow larger messages.`,
    );
  }
  return prepared;
}
