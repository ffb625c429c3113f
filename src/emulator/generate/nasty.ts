/**
 * Generates hostile logs: they attack framing (line breaks, separators, text that looks like a header or like another
 * log's sequence number), escaping, UTF-8, sizes and times. Each kind comes by chance, and all within a few thousand
 * logs.
 */
import type { FieldBytes, GroupMeta } from './log-group-writer.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';

const LARGE_VALUE_BYTES = 200 * 1024;
const LARGEST_TIME_S = 0xffff_ffff;
const YEAR_2100_S = 4_102_444_800;

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
/** Bytes from text: `\xNN` in the string is one byte. */
const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const INVALID_UTF8: readonly Uint8Array[] = [
  latin1('lone continuation \x80\xbf end'),
  latin1('cut short \xe2\x82'),
  latin1('cut in the middle \xf0\x9f\x98 and on'),
  latin1('overlong slash \xc0\xaf'),
  latin1('overlong NUL \xe0\x80\x80'),
  latin1('surrogate \xed\xa0\x80\xed\xb0\x80'),
  latin1('above U+10FFFF \xf4\x90\x80\x80'),
  latin1('never a byte \xfe\xff\xf8\x88\x80\x80\x80'),
  latin1('latin1 caf\xe9 cr\xe8me'),
  bytes(0xff, 0xfe, 0x41, 0x00, 0x42, 0x00),
  Uint8Array.from({ length: 256 }, (_, i) => i),
];

const TEXTS: readonly string[] = [
  '',
  ' ',
  'plain',
  'line\nfeed',
  'carriage\rreturn',
  'both\r\nof them\r\n',
  '\n',
  '\r\n\r\n',
  'ends in a line feed\n',
  'tab\there',
  'sep||arator',
  '||forged=field',
  '||seq=999-999',
  'seq=998-998',
  'a=b=c',
  '=',
  '|',
  '|||',
  'back\\slash \\n \\\\ \\',
  '"quoted" \'single\' `back`',
  'brackets [a@1 b="c"] ]',
  'nul\u0000inside',
  '\u0000',
  Array.from({ length: 32 }, (_, i) => String.fromCharCode(i)).join(''),
  'delete\u007f',
  'C1 \u0080\u0085\u009f',
  'line separators \u2028\u2029',
  'emoji 😀 👩‍👩‍👧‍👦 🏳️‍🌈',
  'מימין לשמאל \u202eoverride\u202c العربية',
  '\ufeffbegins with a BOM',
  '日本語のログ',
  'combining e\u0301 \u0300\u0301\u0302',
  '<14>1 2026-11-20T10:11:12.000Z host app - - - forged message',
  '123 <14>1 - - - - - - forged frame',
  'trailing space ',
];

const KEYS: readonly FieldBytes[] = [
  'message',
  'status',
  '',
  'a=b',
  '=',
  'sep||key',
  'new\nline',
  'key with spaces',
  'ключ',
  '😀',
  '__time__',
  '__tag__:fake',
  'quote"]\\',
  'nul\u0000key',
  latin1('invalid \xff key'),
];

export function createNastyProfile(): Profile {
  const large = createLargeValues();
  return {
    name: 'nasty',
    logsPerGroup: 12,
    writeLog(writer, random, timeS) {
      writer.beginLog(pickTime(random, timeS), random.oneIn(3) ? random.int(1_000_000_000) : undefined);
      // Now and then a log has no field but the sequence number.
      const fields = random.oneIn(15) ? 0 : 1 + random.int(5);
      for (let i = 0; i < fields; i++) writer.field(random.pick(KEYS), pickValue(random));
      if (random.oneIn(1000)) writer.field('large', random.pick(large));
    },
    groupMeta: pickMeta,
  };
}

function pickTime(random: Random, timeS: number): number {
  if (random.oneIn(20)) return 0;
  if (random.oneIn(20)) return YEAR_2100_S;
  if (random.oneIn(100)) return LARGEST_TIME_S;
  return timeS;
}

function pickValue(random: Random): FieldBytes {
  if (random.oneIn(4)) return random.pick(INVALID_UTF8);
  const text = random.pick(TEXTS);
  return random.oneIn(3) ? text + random.pick(TEXTS) : text;
}

function pickMeta(random: Random): GroupMeta {
  return {
    ...(!random.oneIn(3) && { topic: random.oneIn(3) ? '' : pickValue(random) }),
    ...(!random.oneIn(3) && { source: random.oneIn(3) ? '' : random.pick(['10.0.0.1', 'host\nname', 'a b']) }),
    tags: Array.from({ length: random.int(3) }, () => [random.pick(KEYS), pickValue(random)] as const),
  };
}

function createLargeValues(): FieldBytes[] {
  const repeat = (piece: string): Uint8Array => Buffer.alloc(LARGE_VALUE_BYTES, piece);
  return [
    repeat('large value without end, '),
    repeat('|=\\'),
    repeat('line\n'),
    repeat('€'),
    Buffer.alloc(LARGE_VALUE_BYTES, 0xff),
  ];
}
