import { describe, expect, it } from 'vitest';
import { CorruptBatchError } from '../../../../src/core/errors.ts';
import { checkGroupCount } from '../../../../src/encode/wire/group-count.ts';
import { encoderDefaults, rawBody } from '../../../support/oracles/encode.ts';
import { encoders } from '../../../support/oracles/encoders.ts';
import * as wire from '../../../support/service/wire.ts';

const group = (text: string) => wire.group(wire.log(wire.time(1), wire.content('k', text)));
const two = Buffer.concat([group('a'), group('b')]);

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  const encoder = createEncoder(encoderDefaults);

  it('refuses a body with fewer log groups than its answer says, before anything of it is written', () => {
    expect(() => encoder.begin({ ...rawBody(two), logGroups: 3 })).toThrow(CorruptBatchError);
    expect(() => encoder.begin({ ...rawBody(Buffer.alloc(0)), logGroups: 1 })).toThrow(CorruptBatchError);
  });

  it.each([[undefined], [0], [1], [2]])('takes one with as many, or more: %s', (logGroups) => {
    const batch = encoder.begin({ ...rawBody(two), ...(logGroups !== undefined && { logGroups }) });
    for (let chunk = batch.next(); chunk; chunk = batch.next()) chunk.release();
    expect(batch.counts.logs).toBe(2);
    batch.close();
  });

  it('leaves damage to whoever reads it: what stands in front of it is not held back', () => {
    const batch = encoder.begin({ ...rawBody(Buffer.concat([two, Buffer.from([0xff])])), logGroups: 3 });
    expect(batch.next()?.frameCount).toBe(2);
    expect(() => batch.next()).toThrow(CorruptBatchError);
    batch.close();
  });
});

it('does not look at a body of which enough is known', () => {
  const raw = () => {
    throw new Error('looked at');
  };
  checkGroupCount({ bytes: two, compression: 'none', rawSize: two.length, logGroups: 2 }, raw, 2);
});
