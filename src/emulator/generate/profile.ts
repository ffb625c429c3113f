/** A profile of generated logs: the fields of a log, and the meta data of its group. */
import type { GroupMeta, LogGroupWriter } from './log-group-writer.ts';
import type { Random } from './random.ts';

export interface Profile {
  readonly name: string;
  readonly logsPerGroup: number;
  /**
   * Begins a log and writes its fields. The generator adds the sequence number as the last field, and ends the log.
   * @param timeS time of the log and of its receipt, unix seconds
   * @param sequence the log's number in its shard
   */
  writeLog(writer: LogGroupWriter, random: Random, timeS: number, sequence: number): void;
  groupMeta(random: Random): GroupMeta;
}
