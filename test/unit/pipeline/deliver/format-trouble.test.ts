import { describe, expect, it } from 'vitest';
import { createFormatTrouble, placeOf } from '../../../../src/pipeline/deliver/format-trouble.ts';

const rejected = { index: 1, reason: 'format', logGroupList: new Uint8Array(0) } as const;

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it did not throw');
}

describe('what is said of a format that fails', () => {
  it('is where it failed, and nothing that it says', () => {
    const place = placeOf(thrownBy(() => JSON.parse('{"password": secret}')));
    expect(place).toMatchObject({ error: 'SyntaxError' });
    expect(JSON.stringify(place)).not.toContain('secret');
    const own = placeOf(thrownBy(() => (undefined as never as { secret: string }).secret));
    expect(own).toEqual({ error: 'TypeError', at: expect.stringMatching(/format-trouble\.test\.ts:\d+:\d+$/) });
  });

  it.each([
    ['a text', 'secret', { error: 'string' }],
    ['nothing', undefined, { error: 'undefined' }],
    ['a name', Object.assign(new Error('x'), { name: 'secret data' }), { error: 'Error' }],
    ['a code', Object.assign(new RangeError('x'), { code: 'ERR_X' }), { error: 'RangeError', errorCode: 'ERR_X' }],
    ['another code', Object.assign(new Error('x'), { code: 'secret' }), { error: 'Error' }],
    ['lines like a stack', new Error('x\n    at secret:1:1'), { error: 'Error' }],
    ['another message than at first', Object.assign(new Error('secret\n    at secret:1:1'), { message: 'x' }), {}],
    [
      'getters that throw',
      Object.defineProperty(new Error('x'), 'name', {
        get: () => {
          throw new Error('secret');
        },
      }),
      { error: 'unreadable' },
    ],
  ])('holds back %s', (_, error, expected) => {
    const place = placeOf(error);
    expect(place).toMatchObject(expected);
    expect(JSON.stringify(place)).not.toContain('secret');
  });

  it('is said once a minute, with how many logs it was', () => {
    const said: unknown[] = [];
    let nowMs = 1_000;
    const tell = createFormatTrouble({ warn: (fields: unknown) => said.push(fields) } as never, {
      monotonic: () => nowMs,
    });
    for (let n = 0; n < 5; n++) tell({ ...rejected, error: new Error(`secret ${n}`) });
    tell({ ...rejected, reason: 'oversize' });
    expect(said).toMatchObject([{ logs: 1 }]);
    nowMs += 60_000;
    tell({ ...rejected, error: 'x' });
    expect(said).toMatchObject([{ logs: 1 }, { logs: 5, error: 'string' }]);
  });
});
