/** Bytes, and a DataView of them for reading four at once at any offset. */
export interface ByteSource {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function byteSource(bytes: Uint8Array): ByteSource {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}
