/** A field of a message's header, the same in all messages or taken from the log. */

/**
 * Parts, one after another; the whole is then cleaned to what the header's field may hold and cut to its length, and is
 * nil where nothing is left. Of a log's field the first MAX_FIELD_BYTES count, which is more than a header can hold.
 */
export type HeaderText = string | readonly HeaderTextPart[];

/**
 * A text, or a field by its flattened name, as it was before selection and renaming; of several with one name the first
 * counts. `orElse` stands in its place where it is missing or empty.
 */
export type HeaderTextPart = string | { readonly field: Uint8Array; readonly orElse?: string };

/** Of a field's value. */
export const MAX_FIELD_BYTES = 1024;
