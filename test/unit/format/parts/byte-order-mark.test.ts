import { describe, expect, it } from 'vitest';
import { withByteOrderMark } from '../../../../src/format/parts/byte-order-mark.ts';
import type { TextFormat } from '../../../../src/format/parts/text-format.ts';
import { createFormat, type FormatSpec } from '../../../../src/format/registry.ts';
import { encodedText } from '../../../support/oracles/encoded-text.ts';
import { encoders } from '../../../support/oracles/encoders.ts';
import { oracleLog } from '../../../support/oracles/format-oracle.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

describe.each(encoders)('a byte order mark by the $kind encoder', ({ createEncoder }) => {
  const log = oracleLog({ a: 'ä'.repeat(2_000), b: '' });

  it.each<FormatSpec>([
    { format: 'kv' },
    { format: 'json' },
    { format: 'json', nest: ['b'] },
    { format: 'cef' },
    { format: 'template', template: 'a is {a}' },
  ])('%j: stands before what is left of a text that is too long, in its limit', (spec) => {
    const options = { maxMessageBytes: 480 };
    const plain = utf8.decode(encodedText(createEncoder, createFormat(spec), log, options));
    const marked = utf8.decode(encodedText(createEncoder, createFormat({ ...spec, bom: true }), log, options));
    expect(marked).toMatch(/^\ufeff[^\ufeff]+$/);
    // One or two characters less, for three bytes; nothing else may differ.
    expect([plain.replace('ä', ''), plain.replace('ää', '')]).toContain(marked.slice(1));
  });

  it.each([
    ['a string', 'ä', 'ä'],
    ['half a character of a string', '\ud800', '\ufffd'],
    ['bytes that are UTF-8', Buffer.from('ä'), 'ä'],
    ['bytes that are not', Uint8Array.of(0x61, 0xe4, 0x62), 'a\ufffdb'],
    ['nothing', '', ''],
  ])('makes UTF-8 of what code returns: %s', (_, text, expected) => {
    const format: TextFormat = { kind: 'text', name: 'test', format: () => text };
    expect(utf8.decode(encodedText(createEncoder, withByteOrderMark(format), log))).toBe(`\ufeff${expected}`);
  });

  it('leaves what is no text to be refused', () => {
    const format: TextFormat = { kind: 'text', name: 'test', format: () => undefined as unknown as string };
    expect(() => encodedText(createEncoder, withByteOrderMark(format), log)).toThrow();
  });
});
