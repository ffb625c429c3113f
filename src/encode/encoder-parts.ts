/** What an encoder makes of its options, once; the same for both implementations of `BatchEncoder`. */

import { AppError } from '../errors.ts';
import { isTextFormat } from '../format/format.ts';
import { ChunkPool } from './chunk-pool.ts';
import { type CompiledRow, compileRow } from './compiled-row.ts';
import {
  type CheckedOptions,
  checkEncoderOptions,
  checkStructuredData,
  type EncoderOptions,
  invalidOptions,
  isStructuredData,
} from './encoder-options.ts';
import { FieldListWriter } from './field-list-writer.ts';
import { writtenNames } from './flat-log.ts';
import type { Framing } from './framing.ts';
import { HeaderWriter } from './header.ts';
import {
  BatchIdentity,
  type BatchOrigin,
  checkEnterpriseId,
  type IdentityOptions,
  usualMaxIdentityBytes,
} from './identity.ts';
import type { LogWalker } from './log-walker.ts';
import type { MessageWriter } from './message-writer.ts';
import type { ByteSource } from './output.ts';
import { RowWriter } from './row-writer.ts';

const CHUNK_BYTES = 256 * 1024;

export interface EncoderParts {
  readonly row: CompiledRow;
  /** Of the message's texts; for one batch. */
  readonly createMessage: (source: ByteSource, walker: LogWalker) => MessageWriter;
  readonly header: HeaderWriter;
  readonly identity: IdentityOptions | undefined;
  /** The text is the message's STRUCTURED-DATA. */
  readonly isStructuredData: boolean;
  readonly framing: Framing;
  readonly limits: CheckedOptions;
  readonly pool: ChunkPool;
}

/** @throws AppError code `encoder-options`, action `fatal`: a number is out of range, or options do not go together */
export function createEncoderParts(options: EncoderOptions): EncoderParts {
  const { identity, framing, format } = options;
  if (isTextFormat(format)) throw new AppError('to come', { code: 'encoder-options', action: 'fatal' });
  if (identity !== undefined) checkEnterpriseId(identity.enterpriseId);
  const writesData = isStructuredData(format);
  if (writesData) checkStructuredData(options);
  const row = compileRow(format, options.fields);
  const header = new HeaderWriter(options.header, identity !== undefined || writesData ? 'follows' : 'nil');
  const identityBytes = identity === undefined ? 0 : usualMaxIdentityBytes(identity);
  const limits = checkEncoderOptions(options, header.maxBytes + identityBytes + row.minTextBytes);
  return {
    row,
    createMessage: rowWriter(row),
    header,
    identity,
    isStructuredData: writesData,
    framing,
    limits,
    pool: new ChunkPool({ chunkBytes: CHUNK_BYTES }),
  };
}

function rowWriter(compiled: CompiledRow): EncoderParts['createMessage'] {
  const { row, select } = compiled;
  if (!row.uniqueNames && row.invalidUtf8 !== 'replace' && !row.mapped) {
    return (source, walker) => new RowWriter(compiled, source, walker);
  }
  const names = writtenNames(select);
  return (source, walker) => new FieldListWriter(compiled, names, source, walker);
}

/** @throws AppError code `encoder-options`, action `fatal`: there is no origin, or its names and cursor leave the text no room */
export function batchIdentity(parts: EncoderParts, origin: BatchOrigin | undefined): BatchIdentity | undefined {
  const { identity, header, row, limits } = parts;
  if (identity === undefined) return undefined;
  if (origin === undefined) throw invalidOptions('A batch without an origin cannot be given an identity.');
  const prepared = new BatchIdentity(identity, origin, !parts.isStructuredData);
  const needed = header.maxBytes + prepared.maxBytes + row.minTextBytes;
  if (needed > limits.maxMessageBytes) {
    throw invalidOptions(
      `Header and identity of a message take up to ${needed} bytes, since the project is ${origin.project}, the logstore ${origin.logstore}, and a cursor of shard ${origin.shard} has ${origin.cursor.length}, and a message may have ${limits.maxMessageBytes}: allow larger messages.`,
    );
  }
  return prepared;
}
