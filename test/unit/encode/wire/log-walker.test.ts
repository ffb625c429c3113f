import { describe, expect, it } from 'vitest';
import { decodeLogGroupList } from '../../../../src/emulator/protocol/log-group-schema.ts';
import type { FieldSpans } from '../../../../src/encode/wire/field-spans.ts';
import { LogWalker, NO_TIME_NS } from '../../../../src/encode/wire/log-walker.ts';
import {
  content,
  group,
  log,
  logTag,
  message,
  source,
  tag,
  time,
  timeNs,
  topic,
} from '../../../support/service/wire.ts';

interface WalkedLog {
  topic: string;
  source: string;
  tags: string[];
  time: number;
  timeNs: number;
  contents: string[];
}

function walk(...groups: readonly Uint8Array[]): WalkedLog[] {
  const bytes = new Uint8Array(Buffer.concat(groups));
  const text = (start: number, end: number): string => Buffer.from(bytes.subarray(start, end)).toString();
  const fields = ({ offsets, count }: FieldSpans): string[] =>
    Array.from({ length: count }, (_, index) => {
      const [keyStart, keyEnd, valueStart, valueEnd] = offsets.subarray(index * 4, index * 4 + 4);
      return `${text(keyStart!, keyEnd!)}=${text(valueStart!, valueEnd!)}`;
    });
  const walker = new LogWalker(bytes);
  const logs: WalkedLog[] = [];
  while (walker.nextGroup()) {
    while (walker.nextLog()) {
      logs.push({
        topic: text(walker.topicStart, walker.topicEnd),
        source: text(walker.sourceStart, walker.sourceEnd),
        tags: fields(walker.tags),
        time: walker.time,
        timeNs: walker.timeNs,
        contents: fields(walker.contents),
      });
    }
  }
  expect(walker.nextGroup()).toBe(false);
  expect(walker.nextLog()).toBe(false);
  return logs;
}

describe('LogWalker', () => {
  it('reads what a group says after its logs', () => {
    const logs = walk(
      group(
        log(time(7), content('a', '1'), content('b', '')),
        log(time(8), timeNs(9)),
        topic('t'),
        source('s'),
        logTag('k', 'v'),
      ),
    );
    const shared = { topic: 't', source: 's', tags: ['k=v'] };
    expect(logs).toEqual([
      { ...shared, time: 7, timeNs: NO_TIME_NS, contents: ['a=1', 'b='] },
      { ...shared, time: 8, timeNs: 9, contents: [] },
    ]);
  });

  it('carries nothing over from one group or log to the next', () => {
    const logs = walk(
      group(topic('t'), source('s'), logTag('k', 'v'), log(time(1), timeNs(5), content('a', '1'))),
      group(log(time(2))),
    );
    expect(logs[1]).toEqual({ topic: '', source: '', tags: [], time: 2, timeNs: NO_TIME_NS, contents: [] });
  });

  it('lets the last occurrence win of what may occur once', () => {
    const twice = message(2, message(2, 'v1'), message(1, 'k1'), message(1, 'k2'), message(2, 'v2'));
    const [walked] = walk(group(topic('t1'), log(time(1), timeNs(1), twice, timeNs(2), time(3)), topic('t2')));
    expect(walked).toMatchObject({ topic: 't2', time: 3, timeNs: 2, contents: ['k2=v2'] });
  });

  it('skips what it does not know, and what has another wire type', () => {
    const unknown = message(9, 'x');
    const topicAsNumber = Buffer.concat([tag(3, 0), Buffer.of(5)]);
    const timeAsText = message(1, 'x');
    const deprecated = Buffer.concat([tag(1, 3), tag(1, 0), Buffer.of(1), tag(1, 4)]);
    const logs = walk(
      unknown,
      deprecated,
      group(unknown, topicAsNumber, deprecated, log(unknown, timeAsText, time(1), deprecated, content('a', '1'))),
    );
    expect(logs).toMatchObject([{ topic: '', time: 1, contents: ['a=1'] }]);
  });

  it('keeps the fields of a log with more of them than it first has room for', () => {
    const many = Array.from({ length: 1000 }, (_, index) => content(`k${index}`, `v${index}`));
    const [walked] = walk(group(log(time(1), ...many)));
    expect(walked?.contents).toEqual(many.map((_, index) => `k${index}=v${index}`));
  });

  it.each([
    ['a log without Time', group(log(content('a', '1'))), 'a log has no Time'],
    ['a content without Key', group(log(time(1), message(2, message(2, 'v')))), 'a content has no Key'],
    ['a content without Value', group(log(time(1), message(2, message(1, 'k')))), 'a content has no Value'],
    ['a tag without Value', group(log(time(1)), message(6, message(1, 'k'))), 'a tag has no Value'],
    ['a group that reaches past the list', Buffer.of(0x0a, 1), 'a length of 1 reaches past the end'],
  ])('refuses %s', (_, bytes, why) => {
    expect(() => walk(bytes)).toThrow(why);
  });

  const lying = (field: number, length: number, bytes: Uint8Array): Buffer =>
    Buffer.concat([tag(field, 2), Buffer.of(length), bytes]);
  const more = Buffer.concat([content('x', 'y'), content('x', 'y')]);

  // Each length is right for the batch and wrong for the message around it: what follows is somebody else's.
  it.each([
    [
      'a value reaches past its content',
      group(log(time(1), message(2, message(1, 'k'), lying(2, 4, Buffer.of())), more)),
    ],
    [
      'a key reaches past its content',
      group(log(time(1), message(2, message(2, 'v'), lying(1, 4, Buffer.of())), more)),
    ],
    [
      'a content reaches past its log',
      Buffer.concat([group(log(time(1), lying(2, 8, Buffer.of())), log(time(1), more))]),
    ],
    ['a log reaches past its group', Buffer.concat([group(lying(1, 6, time(1))), group(log(time(1), more))])],
    ['a topic reaches past its group', Buffer.concat([group(lying(3, 6, time(1))), group(log(time(1), more))])],
    ['a tag reaches past its group', Buffer.concat([group(lying(6, 6, time(1))), group(log(time(1), more))])],
    ['an unknown field reaches past its log', group(log(time(1), lying(9, 6, Buffer.of())), log(time(1), more))],
    ['a fixed32 reaches past its log', group(log(time(1), tag(4, 5), Buffer.of(1, 2)), log(time(1), more))],
    ['a varint reaches past its log', group(log(tag(1, 0), Buffer.of(0x80)), log(time(1), more))],
  ])('refuses a batch in which %s', (_, bytes) => {
    expect(() => walk(bytes)).toThrow(/reaches past the end of its message/);
    expect(() => decodeLogGroupList(bytes)).toThrow();
  });

  it('finds nothing in nothing', () => {
    expect(walk()).toEqual([]);
    expect(walk(group(), group(topic('t')))).toEqual([]);
  });
});
