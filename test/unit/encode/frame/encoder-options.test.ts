import { describe, expect, it } from 'vitest';
import type { BatchEncoder } from '../../../../src/encode/frame/batch-encoder.ts';
import type { EncoderOptions } from '../../../../src/encode/frame/encoder-options.ts';
import { createKeyValueFormat } from '../../../../src/format/formats/key-value.ts';
import { encoderDefaults, leadWith } from '../../../support/oracles/encode.ts';
import { encoders } from '../../../support/oracles/encoders.ts';

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  describe('options', () => {
    const create = (options: Partial<EncoderOptions>): BatchEncoder =>
      createEncoder({ ...encoderDefaults, ...options });

    it.each([
      [{ maxDatagramBytes: 65_508 }, 'from 480 to 65507'],
      [{ maxDatagramBytes: 100 }, 'from 480 to 65507'],
      [{ maxRawBytes: 0 }, 'unpacked batch is 0 bytes'],
      [{ maxRawBytes: Number.NaN }, 'unpacked batch is NaN bytes'],
    ])('refuse %j', (options, why) => {
      expect(() => create(options)).toThrow(why);
      expect(() => create(options)).toThrow(expect.objectContaining({ code: 'encoder-options', action: 'fatal' }));
    });

    it('refuse a format that writes line feeds with LF framing only', () => {
      const format = { ...createKeyValueFormat(), suffix: Uint8Array.of(10) };
      expect(() => create({ format, framing: 'lf' })).toThrow('use octet counting');
      expect(() => create({ format, framing: 'octet-counting' })).not.toThrow();
    });

    it('refuse a datagram that cannot hold the header', () => {
      const header = { hostname: 'h'.repeat(255), appName: 'a'.repeat(48), procId: 'p'.repeat(128) };
      const create480 = (msgId: string): BatchEncoder =>
        create({ lead: leadWith({ ...header, msgId }), framing: 'datagram', maxDatagramBytes: 480 });
      expect(() => create480('m')).not.toThrow();
      expect(() => create480('m'.repeat(32))).toThrow(/from 5\d\d to 65507/);
    });
  });
});
