/** One thing that happens between two sockets. It tells what our side saw, and has to tell the same of both worlds. */
import type { Lab } from './lab.ts';

export interface Script {
  readonly name: string;
  run(lab: Lab): Promise<readonly string[]>;
  /** Where real kernels and event loops are free to say one thing or another: both must be among these. */
  readonly allowed?: { readonly outcomes: readonly (readonly string[])[]; readonly why: string };
}
