/** A field of a message's header, the same in all messages or taken from the log. */

/**
 * Parts, one after another; the whole is then cleaned to what the header's field may hold and cut to its length, and is
 * nil where nothing is left.
 */
export type HeaderText = string | readonly HeaderTextPart[];

export type HeaderTextPart = string | { readonly field: Uint8Array; readonly orElse?: string };
