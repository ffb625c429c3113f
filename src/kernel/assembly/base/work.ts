/** Counts the work of a call in tags, since `resetWork`: when it is enough, the call returns to the host. */

let work: u32 = 0;

export function resetWork(): void {
  work = 0;
}

@inline
export function countWork(tags: u32 = 1): void {
  work += tags;
}

@inline
export function workDone(): u32 {
  return work;
}
