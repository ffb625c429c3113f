/** Other numbers that the host and the kernel share: `u32` in AssemblyScript. */

export { MAX_FIELD_BYTES } from '../../rules/header-text.ts';
export const NO_FRACTION = 0xffff_ffff;
/** In a plan's `fractionDigits`: six digits where the log has a fraction, none otherwise. */
export const AUTO_DIGITS = 7;
export const NO_COLUMN = 0xffff_ffff;
/** Each question has 16 slots for answers. */
export const ANSWER_SLOT_BITS = 4;
export const NO_LIMIT = 0xffff_ffff;
/** A bit of a place: the value is the port of the address in the column; an address without one ends the search. */
export const PORT_PLACE = 0x8000_0000;
/** A bit beside PORT_PLACE: the port of an IPv6 address counts too. */
export const PORT_OF_IPV6 = 0x4000_0000;
/** The bits of a place that are the column. */
export const COLUMN_MASK = 0x3fff_ffff;
/** The longest head that is kept; a longer one is made for each log. */
export const MAX_KEPT_HEAD_BYTES = 1024;
