/** Where a batch was pulled from. */
export interface BatchOrigin {
  readonly project: string;
  readonly logstore: string;
  readonly shard: number;
  /** The cursor that the batch was pulled with. */
  readonly cursor: string;
  /** The place in that batch of the body's first log; default 0. Another where a log is sent by itself. */
  readonly firstIndex?: number;
  /** What has to be added to a place in the body's unpacked bytes for its place in the batch's; default 0. */
  readonly byteShift?: number;
}
