/** The time stamps that presets bring onto the wire, from a configuration as a user gives one; both encoders. */
import { expect, test } from 'vitest';
import { presetNames } from '../../../src/config/settings/presets.ts';
import { encodeLogGroupList } from '../../../src/emulator/protocol/log-group-schema.ts';
import { buildEncoder } from '../../../src/pipeline/build.ts';
import { load } from '../../support/daemons/config.ts';
import { encodeAll } from '../../support/oracles/encode.ts';

const time = Date.parse('2026-11-20T10:11:12Z') / 1000;
const Contents = [{ Key: Buffer.from('a'), Value: Buffer.from('b') }];
const raw = encodeLogGroupList([
  {
    LogTags: [],
    Logs: [
      { Time: time, TimeNs: 345_678_901, Contents },
      { Time: time, Contents },
    ],
  },
]);

/** Of a log with nanoseconds, and of one without. */
function stamps(flags: Readonly<Record<string, string>>, encoder: string): string[] {
  const { config } = load({}, { '--hostname': 'h', '--framing': 'lf', '--encoder': encoder, ...flags });
  const built = buildEncoder(config);
  expect(built.kind).toBe(encoder);
  const lines = encodeAll(built, raw).bytes.toString('latin1').trimEnd().split('\n');
  return lines.map((line) => /^<\d+>(?:1 )?(.*?) h /.exec(line)?.[1] ?? line);
}

test.each(['kernel', 'reference'])('three digits for QRadar, in front of LEEF (%s)', (encoder) => {
  // IBM, "LEEF event components": yyyy-MM-ddTHH:mm:ss.SSSZ, the Z literally or as an offset.
  expect(stamps({ '--preset': 'qradar' }, encoder)).toEqual(['2026-11-20T10:11:12.345Z', '2026-11-20T10:11:12.000Z']);
  expect(stamps({ '--preset': 'qradar', '--timezone': 'Asia/Shanghai' }, encoder)).toEqual([
    '2026-11-20T18:11:12.345+08:00',
    '2026-11-20T18:11:12.000+08:00',
  ]);
  expect(stamps({ '--format': 'leef' }, encoder)[1]).toBe('2026-11-20T10:11:12.000Z');
});

test.each(['kernel', 'reference'])(
  'what the log has for the others, and whole seconds for ArcSight (%s)',
  (encoder) => {
    for (const preset of presetNames) {
      if (preset === 'qradar') continue;
      const expected =
        preset === 'arcsight'
          ? ['Nov 20 10:11:12', 'Nov 20 10:11:12']
          : ['2026-11-20T10:11:12.345678Z', '2026-11-20T10:11:12Z'];
      expect(stamps({ '--preset': preset, '--timezone': 'utc' }, encoder)).toEqual(expected);
    }
  },
);
