/**
 * What is rare is left to the reference encoder: a log of which this is said here is not written, and becomes the
 * host's. To be said of more logs than need be does no harm.
 */

let logIsLeft: bool = false;
let groupIsLeft: bool = false;

export function beginGroup(): void {
  groupIsLeft = false;
}

export function beginLog(): void {
  logIsLeft = groupIsLeft;
}

export function leaveGroup(): void {
  groupIsLeft = true;
}

export function leaveLog(): void {
  logIsLeft = true;
}

@inline
export function isLeft(): bool {
  return logIsLeft;
}
