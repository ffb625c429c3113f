/** What a call has done, in tags that were read since `resetWork`: the host is given its turn when it is enough. */

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
