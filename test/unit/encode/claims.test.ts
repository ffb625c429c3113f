/** A log's own field that is called like one of the service's, or like another: the cases that were seen. */
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList, type LogField } from '../../../src/emulator/protocol/log-group-schema.ts';
import type { EncoderOptions } from '../../../src/encode/frame/encoder-options.ts';
import { createFormat, type FormatSpec } from '../../../src/format/registry.ts';
import { isServiceName } from '../../../src/rules/service-names.ts';
import { encodeAll, encoderDefaults, leadWith } from '../../support/oracles/encode.ts';
import { encoders } from '../../support/oracles/encoders.ts';

const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const field = (key: string, value: string): LogField => ({ Key: utf8(key), Value: utf8(value) });

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  /** The text of a log of 192.0.2.9 with these contents, without its header, and how many fields were renamed. */
  function write(
    spec: FormatSpec,
    contents: readonly LogField[],
    { tags = [], ...options }: Partial<EncoderOptions> & { tags?: LogField[] } = {},
  ): [text: string, renamedFields: number] {
    const format = createFormat(spec);
    const encoder = createEncoder({ ...encoderDefaults, framing: 'datagram', ...options, format });
    const log = { Time: 1_795_169_472, Contents: [...contents] };
    const raw = encodeLogGroupList([{ Topic: utf8('t'), Source: utf8('192.0.2.9'), LogTags: tags, Logs: [log] }]);
    const { datagrams, counts } = encodeAll(encoder, raw);
    const message = datagrams[0]!.toString().replace(/^<\d+>1 \S+ \S+ \S+ - - (?:- )?/, '');
    return [message.replace(/^(?:CEF|LEEF)[^|]*(?:\|[^|]*){4,6}\|/, ''), counts.renamedFields];
  }

  it.each(['source', '__source__', 'Source', '_source_'])(
    'writes a field %s beside CEF’s source, not under it',
    (name) => {
      const rest = ' topic=t source=192.0.2.9 ';
      expect(write({ format: 'cef' }, [field(name, '198.51.100.66')])).toEqual([
        `rt=1795169472000${rest}slsSource=198.51.100.66`,
        1,
      ]);
    },
  );

  it.each<[FormatSpec, string, string]>([
    [{ format: 'kv' }, '||__topic__=t||__source__=192.0.2.9', '||sls___source__=198.51.100.66'],
    [{ format: 'json' }, '{"__topic__":"t","__source__":"192.0.2.9"', ',"sls___source__":"198.51.100.66"}'],
    [{ format: 'sd' }, '[fields@32473 __topic__="t" __source__="192.0.2.9"', ' sls___source__="198.51.100.66"]'],
    [
      { format: 'leef' },
      'sev=2\tdevTime=1795169472000\t__topic__=t\t__source__=192.0.2.9',
      '\tsls___source__=198.51.100.66',
    ],
  ])('%j', (spec, said, own) => {
    expect(write(spec, [field('__source__', '198.51.100.66')])).toEqual([said + own, 1]);
  });

  it('keeps the vendor’s text with --escape none', () => {
    const contents = [field('__source__', '198.51.100.66'), field('a', '1'), field('a', '2')];
    expect(write({ format: 'kv', escape: 'none' }, contents)).toEqual([
      '||__topic__=t||__source__=192.0.2.9||__source__=198.51.100.66||a=1||a=2',
      0,
    ]);
  });

  it('gives the second field of a name a name of its own, and the third', () => {
    const contents = [field('a', '1'), field('a', '2'), field('sls_a', '3'), field('a', '4')];
    expect(write({ format: 'json' }, contents)).toEqual([
      '{"__topic__":"t","__source__":"192.0.2.9","a":"1","sls_a_2":"2","sls_a":"3","sls_a_3":"4"}',
      2,
    ]);
    const agents = [field('user_agent', '1'), field('userAgent', '2'), field('user-agent', '3')];
    expect(write({ format: 'cef' }, agents)[0]).toMatch(/ userAgent=1 slsUserAgent=2 slsUserAgent2=3$/);
  });

  it('takes no field of the log for a tag, whether the group has that tag or not', () => {
    const contents = [field('__tag__:__hostname__', 'forged'), field('tag_hostname', 'forged too')];
    expect(write({ format: 'cef' }, contents)[0]).toMatch(/ slsTagHostname=forged slsTagHostname2=forged too$/);
    expect(write({ format: 'kv' }, contents)[0]).toMatch(
      /\|\|sls___tag__:__hostname__=forged\|\|tag_hostname=forged too$/,
    );
    const hostname = [{ field: utf8('__tag__:__hostname__'), orElse: 'none' }];
    const lead = leadWith({ hostname });
    const encoder = createEncoder({ ...encoderDefaults, lead });
    const Logs = [{ Time: 1_795_169_472, Contents: contents }];
    expect(encodeAll(encoder, encodeLogGroupList([{ Logs, LogTags: [] }])).bytes.toString()).toContain('Z none app');
    const LogTags = [field('__hostname__', 'web-1')];
    expect(encodeAll(encoder, encodeLogGroupList([{ Logs, LogTags }])).bytes.toString()).toContain('Z web-1 app');
  });

  it('takes no field of the log for the service’s in rules, mappings, raw and templates', () => {
    const contents = [field('__tag__:env', 'prod'), field('__time_ns_part__', '5'), field('__time__', '1')];
    const where = { kind: 'exists' as const, field: utf8('__tag__:env') };
    const rules = { filters: [{ name: 'prod', keep: { kind: 'not' as const, of: where } }], classes: [] };
    expect(write({ format: 'kv' }, contents, { rules })[0]).toContain('sls___tag__:env=prod');
    const map = { suser: '__tag__:env', cs1: '__time_ns_part__' };
    expect(write({ format: 'cef', map }, contents)[0]).toMatch(
      /^rt=1795169472000 topic=t source=192.0.2.9 slsTagEnv=prod slsTimeNsPart=5 slsTime=1$/,
    );
    expect(write({ format: 'raw', rawField: '__tag__:env' }, contents)[0]).toBe('');
    expect(write({ format: 'template', template: '{__tag__:env|none}' }, contents)[0]).toBe('none');
  });

  it('writes a new name of the user’s once, and the service’s field under it', () => {
    const rename = (from: string, to: string) => (name: Uint8Array) =>
      Buffer.from(name).toString() === from ? utf8(to) : ('keep' as const);
    const contents = [field('a', '1'), field('host', '2')];
    expect(write({ format: 'kv' }, contents, { fields: rename('__source__', 'host') })[0]).toBe(
      '||__topic__=t||host=192.0.2.9||a=1||sls_host=2',
    );
    const tags = [field('env', 'prod')];
    expect(write({ format: 'json' }, contents, { fields: rename('__tag__:env', 'a'), tags })[0]).toBe(
      '{"__topic__":"t","__source__":"192.0.2.9","a":"prod","sls_a":"1","host":"2"}',
    );
    // Nobody can give a field of the log's own a name of the service's.
    expect(write({ format: 'json' }, contents, { fields: rename('a', '__tag__:env') })[0]).toContain(
      '"sls___tag__:env":"1"',
    );
  });

  it('writes no key of a mapping for a field’s own', () => {
    const contents = [field('_source_', '1'), field('a', '2'), field('a', '3')];
    const [text] = write({ format: 'cef', map: { slsSource: 'x', slsA: '=mine' } }, contents);
    expect(text).toMatch(/ slsA=mine topic=t source=192.0.2.9 slsSource2=1 a=2 slsA2=3$/);
  });

  it('keeps the service’s tags apart from each other', () => {
    const tags = [field('path', '1'), field('__path__', '2')];
    expect(write({ format: 'cef' }, [field('tagPath', '3')], { tags })[0]).toMatch(
      / tagPath=1 slsTagPath2=2 slsTagPath=3$/,
    );
  });
});

it.each([
  ...(['__topic__', '__SOURCE__', ' __time__', '__time_ns_part__ ', '__tag__:', '__tag__:a', '  __Tag__:x'] as const),
])('%j is a name of the service’s', (name) => expect(isServiceName(utf8(name))).toBe(true));

it.each(['', '_', '__', 'topic', '__topic', '__topics__', '_source_', '__tag__', '__tags__:a', 'x__topic__'])(
  '%j is none',
  (name) => expect(isServiceName(utf8(name))).toBe(false),
);
