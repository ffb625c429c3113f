import { describe, expect, it } from 'vitest';
import { hecCodes } from '../../../../src/receiver/hec/codes.ts';
import { readEvents, readLines } from '../../../../src/receiver/hec/events.ts';

describe('readEvents', () => {
  const events = (body: string) => readEvents(body, {}).events.map(({ event }) => event);

  it.each([
    ['nothing', ''],
    ['spaces', '  '],
    ['a line break', '\n'],
    ['a line break of Windows', '\r\n'],
  ])('takes events one after another with %s between', (_, between) => {
    const body = ['{"event":"a"}', '{"event":{"b":{"c":1}}}', '{"event":["d"]}'].join(between);
    expect(events(body)).toEqual(['a', { b: { c: 1 } }, ['d']]);
  });

  it('is not misled by brackets and quotes in texts', () => {
    const texts = ['{', '}', '}{', '"', '\\', '\\"}', '{"event":"forged"}'];
    expect(events(texts.map((event) => JSON.stringify({ event })).join(''))).toEqual(texts);
  });

  it('takes the metadata of an event, or else of the query', () => {
    const body = '{"time":1.5,"host":"h","event":"a"}{"time":"2.25","index":"i","event":"b","fields":{"x":["1"]}}';
    expect(readEvents(body, { host: 'default', source: 's' }).events).toEqual([
      { time: 1.5, host: 'h', source: 's', event: 'a' },
      { time: 2.25, host: 'default', source: 's', index: 'i', event: 'b', fields: { x: ['1'] } },
    ]);
  });

  it.each([
    ['no data', ''],
    ['no data', ' \n'],
  ])('refuses %s', (_, body) => {
    expect(readEvents(body, {}).invalid).toEqual({ code: hecCodes.noData, at: 0 });
  });

  it.each([
    ['{"event":', hecCodes.invalidDataFormat],
    ['{"event":"}', hecCodes.invalidDataFormat],
    ['{"event" "x"}', hecCodes.invalidDataFormat],
    ['text', hecCodes.invalidDataFormat],
    ['[{"event":"x"}]', hecCodes.invalidDataFormat],
    ['{"event":"x","host":1}', hecCodes.invalidDataFormat],
    ['{"event":"x","time":"noon"}', hecCodes.invalidDataFormat],
    ['{"time":1}', hecCodes.eventRequired],
    ['{"event":null}', hecCodes.eventRequired],
    ['{"event":""}', hecCodes.eventBlank],
    ['{"event":"x","fields":{"a":{"b":"c"}}}', hecCodes.indexedFields],
    ['{"event":"x","fields":["a"]}', hecCodes.indexedFields],
  ])('refuses %s, and says which event it is', (bad, code) => {
    const read = readEvents(`{"event":"first"}\n${bad}`, {});
    expect(read.invalid).toEqual({ code, at: 1 });
    expect(read.events).toHaveLength(1);
  });
});

describe('readLines', () => {
  it('takes each line as an event, with the metadata of the query', () => {
    expect(readLines('a\nb\r\n\nc', { index: 'i' }).events).toEqual([
      { index: 'i', event: 'a' },
      { index: 'i', event: 'b' },
      { index: 'i', event: 'c' },
    ]);
    expect(readLines('\n', {}).invalid).toEqual({ code: hecCodes.noData, at: 0 });
  });
});
