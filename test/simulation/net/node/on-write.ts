/** Told of what a process gives to its kernel: something of the first of these, and maybe all. */
export type OnWrite = (chunks: readonly Uint8Array[]) => void;
