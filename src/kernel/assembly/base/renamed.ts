/** Counts the renamed fields of the present log (../../../encode/text/written-names.ts). */

let count: u32 = 0;

/** Call it before a log is written. */
@inline
export function beginRenamed(): void {
  count = 0;
}

@inline
export function addRenamed(fields: u32): void {
  count += fields;
}

@inline
export function renamedFields(): u32 {
  return count;
}
