import { describe, expect, it } from 'vitest';
import { CorruptBatchError } from '../../../../src/core/errors.ts';
import { WireReader } from '../../../../src/encode/wire/wire-reader.ts';
import { tag, varint } from '../../../support/service/wire.ts';

function reader(...bytes: (number | Uint8Array)[]): WireReader {
  return new WireReader(Uint8Array.from(bytes.flatMap((part) => (typeof part === 'number' ? [part] : [...part]))));
}

describe('WireReader', () => {
  it('reads varints of every length up to ten bytes, the low 32 bits of them', () => {
    for (const value of [
      0n,
      1n,
      127n,
      128n,
      16_383n,
      16_384n,
      2n ** 31n,
      2n ** 32n - 1n,
      2n ** 32n,
      2n ** 63n,
      2n ** 64n - 1n,
    ]) {
      const wire = reader(varint(value));
      expect(wire.uint32()).toBe(Number(value & 0xffffffffn));
      expect(wire.atEnd).toBe(true);
    }
    expect(reader(0x80, 0x80, 0x00).uint32()).toBe(0);
  });

  it('reads fixed32 as an unsigned number', () => {
    expect(reader(0xff, 0xff, 0xff, 0xff).fixed32()).toBe(2 ** 32 - 1);
    expect(reader(1, 2, 3, 4).fixed32()).toBe(0x04030201);
  });

  it('skips every kind of value, nested groups included', () => {
    const kinds: [number, Uint8Array][] = [
      [0, varint(2n ** 64n - 1n)],
      [1, new Uint8Array(8)],
      [2, Uint8Array.of(3, 1, 2, 3)],
      [3, Buffer.concat([tag(1, 0), varint(300), tag(8, 3), tag(8, 4), tag(7, 4)])],
      [5, new Uint8Array(4)],
    ];
    for (const [wireType, value] of kinds) {
      const wire = reader(value);
      wire.skip(7 * 8 + wireType, 0);
      expect(wire.atEnd).toBe(true);
      for (let cut = 0; cut < value.length; cut++) {
        expect(() => reader(value.subarray(0, cut)).skip(7 * 8 + wireType, 0)).toThrow(CorruptBatchError);
      }
    }
  });

  it('reads nothing past its limit, though there are bytes', () => {
    const wire = reader(1, 2, 3, 4, 5, 6, 7, 8);
    wire.limit = 3;
    expect(() => wire.fixed32()).toThrow('past the end of its message');
    expect(() => wire.advance(4)).toThrow('past the end of its message');
    wire.position = 3;
    expect(() => wire.tag()).toThrow('past the end of its message');
    expect(() => wire.uint32()).toThrow('past the end of its message');
    expect(() => wire.lengthEnd()).toThrow('past the end of its message');
  });

  it.each([
    ['a field number 0', () => reader(0x02).tag(), 'number 0'],
    ['a field number 0 in several bytes', () => reader(0x82, 0x00).tag(), 'number 0'],
    ['a tag of more than 32 bits', () => reader(0x88, 0x80, 0x80, 0x80, 0x10).tag(), 'a tag is too large'],
    ['a varint of eleven bytes', () => reader(varint(2n ** 64n - 1n).fill(0xff), 1).uint32(), 'more than 10 bytes'],
    ['a length of 2 GiB', () => reader(0x80, 0x80, 0x80, 0x80, 0x08).lengthEnd(), 'a length is too large'],
    ['a length past the end', () => reader(2, 0).lengthEnd(), 'a length of 2 reaches past the end'],
    ['a group that ends as another', () => reader(tag(8, 4)).skip(7 * 8 + 3, 0), 'another number'],
    ['an end without a beginning', () => reader().skip(7 * 8 + 4, 0), 'wire type 4'],
    ['wire type 6', () => reader().skip(7 * 8 + 6, 0), 'wire type 6'],
    ['wire type 7', () => reader().skip(7 * 8 + 7, 0), 'wire type 7'],
  ])('refuses %s', (_, read, message) => {
    expect(read).toThrow(CorruptBatchError);
    expect(read).toThrow(message);
  });

  it('refuses groups nested more than 100 deep, as protobuf does', () => {
    const nest = (depth: number): WireReader =>
      reader(...Array.from({ length: depth - 1 }, () => tag(7, 3)), ...Array.from({ length: depth }, () => tag(7, 4)));
    expect(() => nest(101).skip(7 * 8 + 3, 0)).not.toThrow();
    expect(() => nest(102).skip(7 * 8 + 3, 0)).toThrow('100 deep');
  });

  it('says where', () => {
    expect(() => {
      const wire = reader(tag(1, 0), 5, tag(1, 6), 0);
      wire.tag();
      wire.uint32();
      wire.skip(wire.tag(), 0);
    }).toThrow(expect.objectContaining({ message: expect.stringContaining('at byte 3'), context: { offset: 3 } }));
  });
});
