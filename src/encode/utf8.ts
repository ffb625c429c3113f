/** Bytes that are to be UTF-8, and may not be. */
import { isUtf8 } from 'node:buffer';

/** A byte order mark is text as any other. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** @returns the same bytes, or a copy in which each sequence that is no UTF-8 is U+FFFD (one a maximal subpart) */
export function validUtf8(bytes: Uint8Array): Uint8Array {
  return isUtf8(bytes) ? bytes : new Uint8Array(Buffer.from(decoder.decode(bytes)));
}

/** U+FFFD in place of what is no UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
