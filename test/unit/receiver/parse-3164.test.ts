import { describe, expect, it } from 'vitest';
import { parse3164 } from '../../../src/receiver/parse-3164.ts';

const parsed = (text: string) => parse3164(Buffer.from(text));

describe('parse3164', () => {
  it('reads every field', () => {
    const message = parsed("<34>Oct 11 22:14:15 mymachine su[230]: 'su root' failed");
    expect(message).toMatchObject({
      isValid: true,
      rfc: '3164',
      facility: 4,
      severity: 2,
      timestamp: 'Oct 11 22:14:15',
      hostname: 'mymachine',
      tag: 'su',
      pid: '230',
    });
    expect(message.isValid && Buffer.from(message.message).toString()).toBe("'su root' failed");
  });

  it.each([
    '<0>Feb  5 00:00:00 10.0.0.1 tag: x',
    '<191>Feb 29 23:59:59 h t: ',
    `<13>Dec 31 12:00:00 h ${'t'.repeat(32)}: x`,
    '<13>Jan  1 12:00:00 fe80::1 t[a-b.c]: x',
  ])('takes %s', (text) => {
    expect(parsed(text)).toMatchObject({ isValid: true });
  });

  it.each([
    ['<192>Oct 11 22:14:15 h t: x', 1, /at most 191/],
    ['<013>Oct 11 22:14:15 h t: x', 1, /no leading zero/],
    ['<13>oct 11 22:14:15 h t: x', 4, /begins with a month/],
    ['<13>2003-10-11T22:14:15Z h t: x', 4, /begins with a month/],
    ['<13>1 2003-10-11T22:14:15Z h t - - x', 4, /begins with a month/],
    ['<13>Oc', 4, /begins with a month/],
    ['<13>Oct 05 22:14:15 h t: x', 8, /space before a single digit/],
    ['<13>Oct 5 22:14:15 h t: x', 9, /space before a single digit/],
    ['<13>Oct  0 22:14:15 h t: x', 9, /space before a single digit/],
    ['<13>Oct 32 22:14:15 h t: x', 8, /a day is/],
    ['<13>Feb 30 22:14:15 h t: x', 8, /a day is/],
    ['<13>Oct 11 24:14:15 h t: x', 11, /hour/],
    ['<13>Oct 11 22:60:15 h t: x', 14, /minute/],
    ['<13>Oct 11 22:14:60 h t: x', 17, /second/],
    ['<13>Oct 11 22:14:15.123 h t: x', 19, /space follows TIMESTAMP/],
    ['<13>Oct 11 22:14:15  t: x', 20, /HOSTNAME/],
    ['<13>Oct 11 22:14:15 h : x', 22, /TAG is 1 to 32/],
    [`<13>Oct 11 22:14:15 h ${'t'.repeat(33)}: x`, 22, /TAG is 1 to 32/],
    ['<13>Oct 11 22:14:15 h my-app: x', 24, /colon follows TAG/],
    ['<13>Oct 11 22:14:15 h t[]: x', 24, /the pid is/],
    ['<13>Oct 11 22:14:15 h t[1: x', 26, /pid ends with \]/],
    ['<13>Oct 11 22:14:15 h t[1] x', 26, /colon follows TAG/],
    ['<13>Oct 11 22:14:15 h t:x', 24, /space follows the colon/],
    ['<13>Oct 11 22:14:15 h', 21, /space follows HOSTNAME/],
  ])('refuses %j', (text, offset, rule) => {
    expect(parsed(text)).toMatchObject({ isValid: false, offset, rule: expect.stringMatching(rule) });
  });
});
