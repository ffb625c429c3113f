/** What can make a log's text of a format: the oracle, and the encoders that are held to it. */
import { encodeLogGroupList } from '../../../src/emulator/protocol/log-group-schema.ts';
import type { BatchEncoder } from '../../../src/encode/frame/batch-encoder.ts';
import type { Format } from '../../../src/format/parts/format.ts';
import { encodeAll, encoderDefaults, leadWith } from './encode.ts';
import { type EncoderUnderTest, encoders } from './encoders.ts';
import { type OracleLog, oracleText, partsOf } from './format-oracle.ts';

export interface FormatWriter {
  readonly name: string;
  write(format: Format, log: OracleLog): Buffer;
}

export const formatWriters: readonly FormatWriter[] = [
  { name: 'oracle', write: oracleText },
  ...encoders.map((encoder) => ({ name: encoder.kind, write: writerOf(encoder) })),
];

function writerOf({ createEncoder }: EncoderUnderTest): FormatWriter['write'] {
  const made = new Map<Format, Map<number, BatchEncoder>>();
  return (format, log) => {
    // Code, whoever calls it; how encoders call it has tests of its own.
    if ('kind' in format) return oracleText(format, log);
    const severity = log.severity ?? 6;
    const bySeverity = made.get(format) ?? new Map<number, BatchEncoder>();
    made.set(format, bySeverity);
    const lead = leadWith({ severity });
    const encoder = bySeverity.get(severity) ?? createEncoder({ ...encoderDefaults, format, lead });
    bySeverity.set(severity, encoder);
    return textOf(encoder, log, 'place' in format && format.place === 'structured-data');
  };
}

function textOf(encoder: BatchEncoder, log: OracleLog, isStructured: boolean): Buffer {
  const [[topic, source], tags, fields] = partsOf(log);
  const asEntry = ([Key, Value]: (typeof fields)[number]) => ({ Key, Value });
  const raw = encodeLogGroupList([
    {
      Topic: topic![1],
      Source: source![1],
      LogTags: tags.map(([name, Value]) => ({ Key: name.subarray('__tag__:'.length), Value })),
      Logs: [
        {
          Time: log.time,
          ...(log.timeNs !== undefined && { TimeNs: log.timeNs }),
          Contents: fields.map(asEntry),
        },
      ],
    },
  ]);
  const { bytes, error, frameCount } = encodeAll(encoder, raw);
  if (error !== undefined) throw error;
  if (frameCount !== 1) throw new Error(`${frameCount} frames of one log`);
  const head = /^\d+ <\d+>1 \S+ \S+ \S+ - - /.exec(bytes.toString('latin1'))?.[0].length ?? 0;
  return bytes.subarray(isStructured ? head : head + '- '.length);
}
