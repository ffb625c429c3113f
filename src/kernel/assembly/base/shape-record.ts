/** What is known of logs of one shape, all numbers; see ../shape.ts. The kernel's own. */
@unmanaged
export class Shape {
  /** Contents of such a log; 0: there is no record. */
  places: u32;
  /** Places that are written under their own names. */
  restCount: u32;
  /** Entries of ../mapped-record.ts. */
  mappedCount: u32;
  /** Bytes of all texts before values. */
  keyBytes: u32;
  /** Of these places: those whose names are their fields' own (../names.ts). */
  renamedCount: u32;
  /** 1: the log has a TimeNs that is not 0; a mapped field is written; one takes its value from the group. */
  hasTimeNs: u32;
  hasMappedField: u32;
  isGroupTaken: u32;
  /** The group, by its stamp, of the log that was recorded, and 1 where it gives values to columns. */
  group: u32;
  hasGroupColumns: u32;
  /** The group for which the columns are as the record has them; 0: for none. */
  readyGroup: u32;
  /** Logs that were not as recorded, one after another. */
  misses: u32;
  /** What the record is worth, and the logs for which none is tried. */
  score: i32;
  pause: u32;
}
