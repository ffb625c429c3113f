/** Types for a header field that is constant or taken from the log. */

/**
 * A constant, or parts that are put together. The whole is then made valid for its header field and cut to its length;
 * it is the NILVALUE where nothing is left. Only the first MAX_FIELD_BYTES of a log's field are used, more than a
 * header takes.
 */
export type HeaderText = string | readonly HeaderTextPart[];

/**
 * A text, or a log's field by its flattened name before selection and renaming; of several fields with one name the
 * first counts. `orElse` is used where the field is missing or empty.
 */
export type HeaderTextPart = string | { readonly field: Uint8Array; readonly orElse?: string };

/** Bytes of a field's value that are used at most. */
export const MAX_FIELD_BYTES = 1024;
