/** What is used of WebAssembly's JavaScript interface: the types of Node 20 do not have it. */
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
    /** In pages of 64 KiB. Whatever was a view on `buffer` is of no use afterwards. @throws RangeError */
    grow(pages: number): number;
  }

  interface Global {
    readonly value: number;
  }
}
