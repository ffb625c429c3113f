/** How many fields of the present log are written under names of their own (../../../encode/text/written-names.ts). */

let count: u32 = 0;

/** Before a log is written. */
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
