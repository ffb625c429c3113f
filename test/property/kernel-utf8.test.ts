/** Bytes that are UTF-8 or nearly, in the kernel against the reference, wherever in a value they are. */
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList } from '../../src/emulator/protocol/log-group-schema.ts';
import { createReferenceEncoder } from '../../src/encode/reference-encoder.ts';
import { createKernelEncoder } from '../../src/kernel/kernel-encoder.ts';
import { unusualRows } from '../support/arbitraries/format-rows.ts';
import { encodeAll, encoderDefaults } from '../support/oracles/encode.ts';
import { expectSame } from '../support/oracles/encoder-pair.ts';

const key = new Uint8Array([0x6b]);
const format = unusualRows.find(({ name }) => name === 'repaired')!;
/** About each bound that RFC 3629, section 4, has for a byte. */
const leads = [
  0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
];
const seconds = [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
const lasts = [0x61, 0x80, 0xbf, 0xc0];

function sequences(): number[][] {
  const all: number[][] = [];
  for (const first of leads) {
    all.push([first]);
    for (const second of seconds) {
      all.push([first, second]);
      for (const third of lasts) {
        all.push([first, second, third]);
        for (const fourth of lasts) all.push([first, second, third, fourth]);
      }
    }
  }
  return all;
}

describe('what is no UTF-8 in the kernel', () => {
  it.each([
    ['alone', 0, 0],
    ['before a vector’s end', 14, 0],
    ['over a vector’s end', 15, 3],
    ['behind a long text, and before one', 130, 70],
  ])('becomes U+FFFD as in the reference: %s', (_, before, after) => {
    const values = sequences().map((bytes) =>
      Uint8Array.from([
        ...Array.from({ length: before }, () => 0x61),
        ...bytes,
        ...Array.from({ length: after }, () => 0x62),
      ]),
    );
    const Logs = values.map((Value) => ({ Time: 1, Contents: [{ Key: key, Value }] }));
    const raw = encodeLogGroupList([{ Logs, LogTags: [] }]);
    const options = { ...encoderDefaults, format };
    const kernel = createKernelEncoder(options);
    expect(kernel.kind).toBe('kernel');
    expectSame(encodeAll(kernel, raw), encodeAll(createReferenceEncoder(options), raw));
  });
});
