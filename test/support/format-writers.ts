/** What can make a log's text of a format: the oracle, and the encoders that are held to it. */
import type { Format } from '../../src/format/format.ts';
import { type OracleLog, oracleText } from './format-oracle.ts';

export interface FormatWriter {
  readonly name: string;
  write(format: Format, log: OracleLog): Buffer;
}

export const formatWriters: readonly FormatWriter[] = [{ name: 'oracle', write: oracleText }];
