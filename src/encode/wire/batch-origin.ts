/** Where a batch was pulled from. */
export interface BatchOrigin {
  readonly project: string;
  readonly logstore: string;
  readonly shard: number;
  /** The cursor that the batch was pulled with. */
  readonly cursor: string;
  /** Place in the batch of the body's first log; default 0. Not 0 where the body is only a part of the batch. */
  readonly firstIndex?: number;
  /** An offset in the body's unpacked bytes plus this number is the offset in the batch's; default 0. */
  readonly byteShift?: number;
}
