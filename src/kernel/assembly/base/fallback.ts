/**
 * Rare cases fall back to the reference: by `fallBackLog` one log, by `fallBackGroup` all logs of a group, which the kernel
 * then does not write. To leave more logs than needed costs speed, and is never wrong.
 */

let logFallsBack: bool = false;
let groupFallsBack: bool = false;

export function beginGroup(): void {
  groupFallsBack = false;
}

export function beginLog(): void {
  logFallsBack = groupFallsBack;
}

export function fallBackGroup(): void {
  groupFallsBack = true;
}

export function fallBackLog(): void {
  logFallsBack = true;
}

@inline
export function fallsBack(): bool {
  return logFallsBack;
}
