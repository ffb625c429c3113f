import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chooseCompression, compress, decompress, SUPPORTED } from '../../../../src/emulator/protocol/compression.ts';

const RAW = Buffer.from('some text, some text, some text, and the rest of it');
const code = (name: string) => expect.objectContaining({ code: name, status: 400 });

it('offers zstd exactly where this Node has it', () => {
  expect(SUPPORTED.includes('zstd')).toBe('zstdCompressSync' in zlib);
});

describe.each(SUPPORTED)('%s', (compression) => {
  it('packs what it unpacks', () => {
    const body = compress(RAW, compression);
    expect(Buffer.from(decompress(body, compression, RAW.length)).equals(RAW)).toBe(true);
  });

  it('refuses a size that is a lie, in each direction', () => {
    const body = compress(RAW, compression);
    for (const size of [0, RAW.length - 1, RAW.length + 1, 1_000_000]) {
      expect(() => decompress(body, compression, size)).toThrow(code('PostBodyUncompressError'));
    }
  });
});

it('lz4 is a raw block: no frame, no size in front', () => {
  const literals = Buffer.from('abcd');
  // A token with 4 literals and no match, and the literals: the specification's last sequence.
  expect(decompress(Buffer.concat([Buffer.from([0x40]), literals]), 'lz4', 4)).toEqual(literals);
});

it.each([
  [undefined, 'none'],
  ['', 'none'],
  ['gzip', 'none'],
  ['lz4', 'lz4'],
  ['deflate', 'deflate'],
  ['gzip, deflate;q=0.5, LZ4', 'lz4'],
])('Accept-Encoding %j is answered with %s', (header, expected) => {
  expect(chooseCompression(header)).toBe(expected);
});

it('an unknown name is refused', () => {
  expect(() => decompress(RAW, 'br', RAW.length)).toThrow(code('InvalidCompressType'));
});
