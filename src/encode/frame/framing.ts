/**
 * Framing: how a receiver tells one message from the next.
 *
 *     octet-counting   LEN SP MSG, LEN in decimal, bytes, no leading zero (RFC 6587, 3.4.1; RFC 5425, 4.3)
 *     lf               MSG LF (RFC 6587, 3.4.2); the format's escape keeps line feeds out of MSG
 *     datagram         MSG, one a datagram (RFC 5426, 3.1)
 */
import { decimalDigits, type Output } from '../text/output.ts';

export type Framing = 'octet-counting' | 'lf' | 'datagram';

/** A UDP datagram over IPv4 holds at most so many bytes: 65,535 less the two headers. */
export const MAX_DATAGRAM_BYTES = 65_507;

/** An octet count of ten digits, and a space. */
export const MAX_FRAMING_BYTES = 11;

const SPACE = 0x20;

/** Leaves room before a message for an octet count of so many digits, and the space. */
export function reserveOctetCount(output: Output, digits: number): void {
  output.position += digits + 1;
}

/**
 * Writes the octet count of the message that reaches from `messageStart` to the output's position, and moves the
 * message where the count has more or fewer digits than were reserved. With a good guess a move is rare; to compute the
 * length first would cost every log a second pass over its bytes.
 */
export function writeOctetCount(output: Output, frameStart: number, messageStart: number): void {
  const messageEnd = output.position;
  const length = messageEnd - messageStart;
  const start = frameStart + decimalDigits(length) + 1;
  if (start !== messageStart) output.bytes.copyWithin(start, messageStart, messageEnd);
  output.position = frameStart;
  output.decimal(length);
  output.byte(SPACE);
  output.position = start + length;
}
