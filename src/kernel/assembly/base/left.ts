/**
 * Rare cases fall back to the reference: by `leaveLog` one log, by `leaveGroup` all logs of a group, which the kernel
 * then does not write. To leave more logs than needed costs speed, and is never wrong.
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
