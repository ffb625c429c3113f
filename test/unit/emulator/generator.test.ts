import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createGenerator, type ProfileName } from '../../../src/emulator/generate/generator.ts';
import { decodeLogGroup, type Log, type LogGroup } from '../../../src/emulator/protocol/log-group-schema.ts';

const TIME_S = 1_790_000_000;

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
const fieldsOf = (log: Log) => log.Contents.map(({ Key, Value }) => [text(Key), text(Value)] as const);

function generate(profile: ProfileName, logs: number, { seed = 1, shard = 0, groupSize = 50 } = {}): LogGroup[] {
  const generator = createGenerator(profile, seed);
  const groups: LogGroup[] = [];
  for (let n = 0; n < logs; n += groupSize) {
    groups.push(decodeLogGroup(generator.createGroup(shard, n, Math.min(groupSize, logs - n), TIME_S)));
  }
  return groups;
}

describe.each(['access', 'audit', 'nasty'] as const)('profile %s', (profile) => {
  it('ends every log in its sequence number, without a gap', () => {
    const logs = generate(profile, 500, { shard: 3 }).flatMap((group) => group.Logs);
    expect(logs.map((log) => fieldsOf(log).at(-1))).toEqual(logs.map((_, n) => ['seq', `3-${n}`]));
  });

  it('is the same for a seed and a shard, and another for others', () => {
    const bytes = (seed: number, shard: number) =>
      Buffer.from(createGenerator(profile, seed).createGroup(shard, 0, 20, TIME_S)).toString('base64');
    expect(bytes(5, 1)).toBe(bytes(5, 1));
    expect(bytes(5, 1)).not.toBe(bytes(6, 1));
    expect(bytes(5, 1).slice(0, 200)).not.toBe(bytes(5, 2).slice(0, 200));
  });

  it('does not depend on the order in which shards are filled', () => {
    const one = createGenerator(profile, 1);
    const other = createGenerator(profile, 1);
    one.createGroup(0, 0, 10, TIME_S);
    const expected = one.createGroup(1, 0, 10, TIME_S);
    expect(Buffer.from(other.createGroup(1, 0, 10, TIME_S)).equals(expected)).toBe(true);
  });
});

it('access logs have 18 fields and about 660 bytes', () => {
  const logs = 1000;
  const bytes = createGenerator('access', 1).createGroup(0, 0, logs, TIME_S).length;
  expect(bytes / logs).toBeGreaterThan(600);
  expect(bytes / logs).toBeLessThan(720);
  for (const log of generate('access', 100).flatMap((group) => group.Logs)) {
    expect(log.Time).toBe(TIME_S);
    expect(log.Contents).toHaveLength(18);
  }
});

it('audit logs hold about 1.5 KB of JSON in the field event, under their topic', () => {
  const [group] = generate('audit', 50);
  expect(text(group!.Topic)).toBe('actiontrail_audit_event');
  for (const log of group!.Logs) {
    const [[key, value]] = fieldsOf(log) as [readonly [string, string]];
    expect(key).toBe('event');
    expect(value.length).toBeGreaterThan(1200);
    expect(value.length).toBeLessThan(2000);
    expect(JSON.parse(value)).toMatchObject({ eventVersion: '1', eventTime: '2026-09-21T14:13:20Z' });
  }
});

it('nasty logs hold everything that they promise', () => {
  const groups = generate('nasty', 6000, { groupSize: 12 });
  const logs = groups.flatMap((group) => group.Logs);
  const values = logs.flatMap((log) => log.Contents.map((field) => Buffer.from(field.Value)));
  const keys = logs.flatMap((log) => log.Contents.map((field) => text(field.Key)));
  const isUtf8 = (bytes: Uint8Array) => Buffer.from(Buffer.from(bytes).toString()).equals(bytes);
  const someValueHas = (piece: string) => values.some((value) => value.includes(piece));

  for (const piece of ['\n', '\r\n', '||', '=', '\\', '"', '\0', '\x1f', '\x7f', '😀', '\u202e', '\ufeff', '<14>1 ']) {
    expect(someValueHas(piece), JSON.stringify(piece)).toBe(true);
  }
  expect(values.some((value) => value.length === 0)).toBe(true);
  expect(values.some((value) => !isUtf8(value))).toBe(true);
  for (const key of ['', 'a=b', 'sep||key', 'new\nline']) expect(keys).toContain(key);
  expect(logs.some((log) => log.Contents.length === 1)).toBe(true);
  expect(logs.some((log) => log.Time === 0)).toBe(true);
  expect(logs.some((log) => log.Time > TIME_S)).toBe(true);
  expect(logs.some((log) => Object.hasOwn(log, 'TimeNs')) && logs.some((log) => !Object.hasOwn(log, 'TimeNs'))).toBe(
    true,
  );
  const large = values.filter((value) => value.length >= 200 * 1024).length;
  expect(large).toBeGreaterThan(0);
  expect(large).toBeLessThan(logs.length / 300);
  expect(groups.some((group) => group.LogTags.length > 0)).toBe(true);
  expect(groups.some((group) => Object.hasOwn(group, 'Topic') && group.Topic!.length === 0)).toBe(true);
  expect(groups.some((group) => !Object.hasOwn(group, 'Topic') && !Object.hasOwn(group, 'Source'))).toBe(true);
});

describe('a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sls-syslog-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('gives a log a line: JSON objects become fields, the rest is content', () => {
    const path = join(folder, 'lines.log');
    writeFileSync(
      path,
      Buffer.from('{"level":"warn","n":1,"o":{"a":[true]}}\r\nplain \xff line\n\n[1,2]\n{broken', 'latin1'),
    );
    const logs = generate(`file:${path}`, 6).flatMap((group) => group.Logs);
    expect(logs.map((log) => fieldsOf(log).slice(0, -1))).toEqual([
      [
        ['level', 'warn'],
        ['n', '1'],
        ['o', '{"a":[true]}'],
      ],
      [['content', 'plain \ufffd line']],
      [['content', '[1,2]']],
      [['content', '{broken']],
      [
        ['level', 'warn'],
        ['n', '1'],
        ['o', '{"a":[true]}'],
      ],
      [['content', 'plain \ufffd line']],
    ]);
    expect(Buffer.from(logs[1]!.Contents[0]!.Value).toString('latin1')).toBe('plain \xff line');
  });

  it('that is not there is an error', () => {
    expect(() => createGenerator(`file:${join(folder, 'missing')}`, 1)).toThrow('ENOENT');
  });
});
