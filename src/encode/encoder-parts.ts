/** What an encoder makes of its options, once; the same for both implementations of `BatchEncoder`. */
import { ChunkPool } from './chunk-pool.ts';
import { type CompiledRow, compileRow } from './compiled-row.ts';
import { type CheckedOptions, checkEncoderOptions, type EncoderOptions, invalidOptions } from './encoder-options.ts';
import type { Framing } from './framing.ts';
import { HeaderWriter } from './header.ts';
import {
  BatchIdentity,
  type BatchOrigin,
  checkEnterpriseId,
  type IdentityOptions,
  usualMaxIdentityBytes,
} from './identity.ts';

const CHUNK_BYTES = 256 * 1024;

export interface EncoderParts {
  readonly row: CompiledRow;
  readonly header: HeaderWriter;
  readonly identity: IdentityOptions | undefined;
  readonly framing: Framing;
  readonly limits: CheckedOptions;
  readonly pool: ChunkPool;
}

/** @throws AppError code `encoder-options`, action `fatal`: a number is out of range, or options do not go together */
export function createEncoderParts(options: EncoderOptions): EncoderParts {
  const { identity, framing } = options;
  if (identity !== undefined) checkEnterpriseId(identity.enterpriseId);
  const header = new HeaderWriter(options.header, identity === undefined ? 'nil' : 'follows');
  const row = compileRow(options.format, options.fields);
  const identityBytes = identity === undefined ? 0 : usualMaxIdentityBytes(identity);
  const limits = checkEncoderOptions(options, header.maxBytes + identityBytes + row.maxCharacterBytes);
  return { row, header, identity, framing, limits, pool: new ChunkPool({ chunkBytes: CHUNK_BYTES }) };
}

/** @throws AppError code `encoder-options`, action `fatal`: there is no origin, or its names and cursor leave the text no room */
export function batchIdentity(parts: EncoderParts, origin: BatchOrigin | undefined): BatchIdentity | undefined {
  const { identity, header, row, limits } = parts;
  if (identity === undefined) return undefined;
  if (origin === undefined) throw invalidOptions('A batch without an origin cannot be given an identity.');
  const prepared = new BatchIdentity(identity, origin);
  const needed = header.maxBytes + prepared.maxBytes + row.maxCharacterBytes;
  if (needed > limits.maxMessageBytes) {
    throw invalidOptions(
      `Header and identity of a message take up to ${needed} bytes, since the project is ${origin.project}, the logstore ${origin.logstore}, and a cursor of shard ${origin.shard} has ${origin.cursor.length}, and a message may have ${limits.maxMessageBytes}: allow larger messages.`,
    );
  }
  return prepared;
}
