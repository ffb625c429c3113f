/** The record of a shape (../shape.ts), all numbers. Only the kernel uses it. */
@unmanaged
export class Shape {
  /** Contents of a log of this shape; 0: there is no record. */
  places: u32;
  /** Fields that are not mapped. */
  restCount: u32;
  /** Steps of ../mapped-record.ts. */
  mappedCount: u32;
  /** Bytes of the texts before the values of fields that are not mapped. */
  keyBytes: u32;
  /** Renamed fields among those that are not mapped. */
  renamedCount: u32;
  /** 1: the log has a TimeNs that is not 0; a mapped field is written; a mapped field has its value from the group. */
  hasTimeNs: u32;
  hasMappedField: u32;
  isGroupTaken: u32;
  /** The recorded log's group, by its stamp, and 1 where the group gives values to columns. */
  group: u32;
  hasGroupColumns: u32;
  /** The group whose values the columns have; 0: none. */
  readyGroup: u32;
  /** Logs in a row that differed from the record. */
  misses: u32;
  /** What the record is worth, and the number of logs for which it is not tried. */
  score: i32;
  pause: u32;
}
