/** The part of WebAssembly's JavaScript interface that is used; the types of Node 20 do not have it. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }

  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }

  interface Memory {
    readonly buffer: ArrayBuffer;
    /** Grows by pages of 64 KiB. Views of the old `buffer` are of no use afterwards. @throws RangeError */
    grow(pages: number): number;
  }

  interface Global {
    readonly value: number;
  }
}
