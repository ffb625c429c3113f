import { describe, expect, it } from 'vitest';
import { parse5424 } from '../../../src/receiver/parse-5424.ts';

const bytes = (text: string) => Buffer.from(text);
const parsed = (text: string) => parse5424(bytes(text));
const withTimestamp = (timestamp: string) => `<14>1 ${timestamp} h a p m - x`;
const withData = (data: string) => `<14>1 - h a p m ${data} x`;

describe('parse5424', () => {
  it('reads every field', () => {
    const message = parsed(
      '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 77 ID47 [exampleSDID@32473 iut="3" eventSource="Application"][origin ip="10.0.0.1"] An application event',
    );
    expect(message).toMatchObject({
      isValid: true,
      rfc: '5424',
      facility: 20,
      severity: 5,
      timestamp: '2003-10-11T22:14:15.003Z',
      hostname: 'mymachine.example.com',
      appName: 'evntslog',
      procId: '77',
      msgId: 'ID47',
      structuredData: [
        {
          id: 'exampleSDID@32473',
          params: [
            ['iut', '3'],
            ['eventSource', 'Application'],
          ],
        },
        { id: 'origin', params: [['ip', '10.0.0.1']] },
      ],
    });
    expect(message.isValid && Buffer.from(message.message).toString()).toBe('An application event');
  });

  it('takes - for no value, and no message at all', () => {
    const nothing = { timestamp: undefined, hostname: undefined, appName: undefined, procId: undefined };
    expect(parsed('<0>1 - - - - - -')).toMatchObject({ isValid: true, ...nothing, structuredData: [] });
    expect(parsed('<0>1 - - - - - - ')).toMatchObject({ isValid: true });
  });

  it('knows all facilities and severities', () => {
    for (let facility = 0; facility < 24; facility++) {
      for (let severity = 0; severity < 8; severity++) {
        const message = parsed(`<${facility * 8 + severity}>1 - - - - - -`);
        expect(message).toMatchObject({ isValid: true, facility, severity });
      }
    }
  });

  it('reads a message from the middle of a buffer', () => {
    const buffer = bytes('garbage<14>1 - h a p m - hello<garbage');
    const message = parse5424(buffer, 7, buffer.length - 8);
    expect(message.isValid && Buffer.from(message.message).toString()).toBe('hello');
    expect(parse5424(buffer, 6, buffer.length)).toMatchObject({ isValid: false, offset: 0 });
  });

  it.each([
    '1985-04-12T23:20:50.52Z',
    '1985-04-12T19:20:50.52-04:00',
    '2003-08-24T05:14:15.000003-07:00',
    '2024-02-29T00:00:00Z',
    '2000-02-29T23:59:59+23:59',
  ])('takes the time %s', (timestamp) => {
    expect(parsed(withTimestamp(timestamp))).toMatchObject({ isValid: true, timestamp });
  });

  it.each([
    ['2003-08-24T05:14:15.000000003Z', /1 to 6 digits/],
    ['2003-08-24T05:14:15.Z', /1 to 6 digits/],
    ['2003-08-24t05:14:15Z', /T follows the date/],
    ['2003-08-24T05:14:15z', /ends with Z/],
    ['2003-08-24T05:14:15', /ends with Z/],
    ['2003-08-24 05:14:15Z', /T follows the date/],
    ['2003-08-24T05:14:15+0800', /offset has a colon/],
    ['2003-08-24T05:14:15+24:00', /offset's hour/],
    ['2003-08-24T05:14:60Z', /second is 00 to 59/],
    ['2003-08-24T24:00:00Z', /hour is 00 to 23/],
    ['2003-08-24T05:60:00Z', /minute is 00 to 59/],
    ['2003-13-24T05:14:15Z', /month is 01 to 12/],
    ['2003-00-24T05:14:15Z', /month is 01 to 12/],
    ['2003-02-29T05:14:15Z', /no such day/],
    ['1900-02-29T05:14:15Z', /no such day/],
    ['2003-04-31T05:14:15Z', /no such day/],
    ['2003-04-00T05:14:15Z', /no such day/],
    ['03-04-01T05:14:15Z', /year of 4 digits/],
    ['Oct 11 22:14:15', /year of 4 digits/],
  ])('refuses the time %s', (timestamp, rule) => {
    expect(parsed(withTimestamp(timestamp))).toMatchObject({ isValid: false, rule: expect.stringMatching(rule) });
  });

  it.each([
    ['', 0, /begins with <PRI>/],
    ['14>1 - - - - - -', 0, /begins with <PRI>/],
    ['<>1 - - - - - -', 1, /1 to 3 digits/],
    ['<192>1 - - - - - -', 1, /at most 191/],
    ['<1234>1 - - - - - -', 1, /1 to 3 digits/],
    ['<014>1 - - - - - -', 1, /no leading zero/],
    ['<00>1 - - - - - -', 1, /no leading zero/],
    ['<14 1 - - - - - -', 3, /ends with >/],
    ['<14>2 - - - - - -', 4, /VERSION is 1/],
    ['<14>11 - - - - - -', 5, /VERSION is 1/],
    ['<14> 1 - - - - - -', 4, /VERSION is 1/],
    ['<14>1  - - - - - -', 6, /TIMESTAMP/],
    ['<14>1 -  - - - - -', 8, /HOSTNAME/],
    ['<14>1 - h\x7f a p m - x', 9, /space follows HOSTNAME/],
    ['<14>1 - hé a p m - x', 9, /space follows HOSTNAME/],
    [`<14>1 - ${'h'.repeat(256)} a p m - x`, 8, /HOSTNAME is - or 1 to 255/],
    [`<14>1 - h ${'a'.repeat(49)} p m - x`, 10, /APP-NAME is - or 1 to 48/],
    [`<14>1 - h a ${'p'.repeat(129)} m - x`, 12, /PROCID is - or 1 to 128/],
    [`<14>1 - h a p ${'m'.repeat(33)} - x`, 14, /MSGID is - or 1 to 32/],
    ['<14>1 - h a p m', 15, /space follows MSGID/],
    ['<14>1 - h a p m ', 16, /STRUCTURED-DATA is - or begins/],
    ['<14>1 - h a p m x', 16, /STRUCTURED-DATA is - or begins/],
    ['<14>1 - h a p m -x', 17, /space follows STRUCTURED-DATA/],
  ])('refuses %j', (text, offset, rule) => {
    expect(parsed(text)).toMatchObject({ isValid: false, offset, rule: expect.stringMatching(rule) });
  });

  it('takes fields of the greatest length', () => {
    const text = `<14>1 - ${'h'.repeat(255)} ${'a'.repeat(48)} ${'p'.repeat(128)} ${'m'.repeat(32)} - x`;
    expect(parsed(text)).toMatchObject({ isValid: true, msgId: 'm'.repeat(32) });
  });

  it.each([
    ['[a@1]', [{ id: 'a@1', params: [] }]],
    ['[a@1 k=""]', [{ id: 'a@1', params: [['k', '']] }]],
    [
      '[a@1 k="v" k="w"]',
      [
        {
          id: 'a@1',
          params: [
            ['k', 'v'],
            ['k', 'w'],
          ],
        },
      ],
    ],
    ['[a@1 k="\\"\\\\\\]"]', [{ id: 'a@1', params: [['k', '"\\]']] }]],
    ['[a@1 k="é = [ 好"]', [{ id: 'a@1', params: [['k', 'é = [ 好']] }]],
    [
      '[sls@32473.1 k="v"][meta x="1"]',
      [
        { id: 'sls@32473.1', params: [['k', 'v']] },
        { id: 'meta', params: [['x', '1']] },
      ],
    ],
  ])('takes the structured data %s', (data, structuredData) => {
    expect(parsed(withData(data))).toMatchObject({ isValid: true, structuredData });
  });

  it.each([
    ['[]', /SD-ID is 1 to 32/],
    ['[ a@1]', /SD-ID is 1 to 32/],
    [`[${'a'.repeat(31)}@1]`, /SD-ID is 1 to 32/],
    ['[unregistered k="v"]', /neither registered nor/],
    ['[a@x k="v"]', /neither registered nor/],
    ['[a@0 k="v"]', /neither registered nor/],
    ['[@1 k="v"]', /neither registered nor/],
    ['[a@1][a@1]', /comes twice/],
    ['[a@1 ]', /PARAM-NAME is 1 to 32/],
    ['[a@1  k="v"]', /PARAM-NAME is 1 to 32/],
    ['[a@1 k=v]', /PARAM-VALUE begins with "/],
    ['[a@1 k]', /followed by =/],
    ['[a@1 k="v]"]', /\] is escaped/],
    ['[a@1 k="\\n"]', /only ", \\ and \] are escaped/],
    ['[a@1 k="v', /PARAM-VALUE ends with "/],
    ['[a@1 k="v" ', /PARAM-NAME/],
    ['[a@1 k="v"', /a space and a parameter follow, or \]/],
    ['[a@1] [b@1]', undefined],
  ])('refuses the structured data %s, or takes it for the message', (data, rule) => {
    const text = `<14>1 - h a p m ${data}`;
    if (rule === undefined) expect(parsed(text)).toMatchObject({ isValid: true, structuredData: [{ id: 'a@1' }] });
    else expect(parsed(text)).toMatchObject({ isValid: false, rule: expect.stringMatching(rule) });
  });

  it('wants UTF-8 in a value, and in a message that begins with the BOM; else a message is any bytes', () => {
    const invalid = Buffer.from([0xc3, 0x28]);
    const value = Buffer.concat([bytes('<14>1 - h a p m [a@1 k="'), invalid, bytes('"]')]);
    expect(parse5424(value)).toMatchObject({ isValid: false, rule: 'PARAM-VALUE is UTF-8' });
    const head = bytes('<14>1 - h a p m - ');
    const bom = Buffer.from([0xef, 0xbb, 0xbf]);
    expect(parse5424(Buffer.concat([head, invalid]))).toMatchObject({ isValid: true });
    expect(parse5424(Buffer.concat([head, bom, bytes('é')]))).toMatchObject({ isValid: true });
    expect(parse5424(Buffer.concat([head, bom, invalid]))).toMatchObject({ isValid: false, offset: head.length });
  });
});
