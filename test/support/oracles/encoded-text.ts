/** A flattened log, as an encoder makes its text: for comparisons with independent code. */
import { encodeLogGroupList } from '../../../src/emulator/protocol/log-group-schema.ts';
import type { BatchEncoder } from '../../../src/encode/frame/batch-encoder.ts';
import type { EncoderOptions } from '../../../src/encode/frame/encoder-options.ts';
import type { Format } from '../../../src/format/parts/format.ts';
import { encodeAll, encoderDefaults, leadWith } from './encode.ts';
import type { OracleLog } from './format-oracle.ts';

const textNames = ['__topic__', '__source__'];

/** @param log topic and source first, then the nanoseconds where it has any; without tags */
export function rawOf({ time, timeNs, fields }: OracleLog): Uint8Array {
  const [topic, source, ...others] = fields;
  if (textNames.some((name, index) => Buffer.from(fields[index]![0]).toString() !== name)) {
    throw new Error('topic and source have to come first');
  }
  if (timeNs && Buffer.from(others[0]?.[0] ?? []).toString() !== '__time_ns_part__') {
    throw new Error('a log with nanoseconds has them as a field as well, behind its source');
  }
  const Contents = others.slice(timeNs ? 1 : 0).map(([Key, Value]) => ({ Key, Value }));
  const log = { Time: time, Contents, ...(timeNs !== undefined && { TimeNs: timeNs }) };
  return encodeLogGroupList([{ Logs: [log], Topic: topic![1], Source: source![1], LogTags: [] }]);
}

/** The text of the one message, without its header. */
export function encodedText(
  createEncoder: (options: EncoderOptions) => BatchEncoder,
  format: Format,
  log: OracleLog,
  options: Partial<EncoderOptions> = {},
): Buffer {
  const lead = leadWith({ severity: log.severity ?? 6 });
  const encoder = createEncoder({ ...encoderDefaults, lead, format, framing: 'datagram', ...options });
  const { datagrams, error } = encodeAll(encoder, rawOf(log));
  if (error !== undefined) throw error;
  const message = datagrams[0]!;
  const isData = !('kind' in format) && format.place === 'structured-data';
  let at = 0;
  for (let spaces = 0; spaces < (isData ? 6 : 7); at++) if (message[at] === 0x20) spaces++;
  return message.subarray(at);
}
