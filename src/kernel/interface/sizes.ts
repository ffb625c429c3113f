/** Bytes and offsets that the host and the kernel have in common: `usize` in AssemblyScript. */

/** Read and written behind every region: 16 bytes are loaded and stored at a time, also where fewer are meant. */
export const PADDING = 512;
export const COLUMN_BYTES = 16;
/** A span says where key and value of a tag or a content begin and end. */
export const SPAN_BYTES = 16;
/** A lead whose values take more is made for each log. */
export const LEAD_VALUES_BYTES = 256;
/** An entry in the table of groups that assembly/base/load.ts makes. */
export const KNOWN_GROUP_BYTES = 8;
/** A slot for an answer of the host. */
export const ANSWER_SLOT_BYTES = 32;
/** A number or a time is never longer. */
export const MAX_TYPED_BYTES = 64;
/** Where an escape table has the lengths of the 256 replacements, and the replacements, 16 bytes each: escape-bytes.ts. */
export const ESCAPE_LENGTHS = 32;
export const ESCAPE_REPLACEMENTS = 288;
