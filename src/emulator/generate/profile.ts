/** What a profile of generated logs gives to the generator. */
import type { GroupMeta, LogGroupWriter } from './log-group-writer.ts';
import type { Random } from './random.ts';

export interface Profile {
  readonly name: string;
  readonly logsPerGroup: number;
  /**
   * Begins a log and writes its fields. It does not end it: the generator adds the sequence number as the last
   * field.
   * @param timeS unix seconds at which the log is (said to be) received
   * @param sequence the log's number in its shard
   */
  writeLog(writer: LogGroupWriter, random: Random, timeS: number, sequence: number): void;
  groupMeta(random: Random): GroupMeta;
}
