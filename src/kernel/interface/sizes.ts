/** Bytes and offsets that the host and the kernel share: `usize` in AssemblyScript. */

/** Bytes behind every region that may be read and written: loads and stores take 16 bytes and more at a time. */
export const PADDING = 512;
export const COLUMN_BYTES = 16;
/** A span says where key and value of a tag or a content begin and end. */
export const SPAN_BYTES = 16;
/** Room for a lead's values; a lead with more is made for each log. */
export const LEAD_VALUES_BYTES = 256;
/** An entry in the table of groups that assembly/base/load.ts makes. */
export const KNOWN_GROUP_BYTES = 8;
/** A slot for an answer of the host. */
export const ANSWER_SLOT_BYTES = 32;
/** A number or a time has at most so many bytes. */
export const MAX_TYPED_BYTES = 64;
/** Where an escape table (escape-bytes.ts) has the lengths of 256 replacements, and the replacements, 16 bytes each. */
export const ESCAPE_LENGTHS = 32;
export const ESCAPE_REPLACEMENTS = 288;
