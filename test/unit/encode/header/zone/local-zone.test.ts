import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTimeZone, describeTimeZone } from '../../../../../src/encode/header/time-zone.ts';
import { readLocalZone } from '../../../../../src/encode/header/zone/local-zone.ts';
import { problemsOf } from '../../../../support/daemons/config.ts';
import { makeZoneFile } from '../../../../support/zone-file.ts';

const winter = Date.parse('2026-01-15T12:00:00Z') / 1000;
const summer = Date.parse('2026-07-15T12:00:00Z') / 1000;
const hour = 3600;
/** Eight hours ahead, as Asia/Shanghai is, but under whatever name. */
const eastern = makeZoneFile({ times: [], offsets: [8 * hour], rule: 'CST-8' });

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'zones-'));
  mkdirSync(join(directory, 'zoneinfo/Etc'), { recursive: true });
  mkdirSync(join(directory, 'zoneinfo/Asia'), { recursive: true });
  writeFileSync(join(directory, 'zoneinfo/Etc/UTC'), eastern);
  writeFileSync(
    join(directory, 'zoneinfo/Asia/Tokyo'),
    makeZoneFile({ times: [], offsets: [9 * hour], rule: 'JST-9' }),
  );
  symlinkSync(join(directory, 'zoneinfo/Etc/UTC'), join(directory, 'localtime'));
  symlinkSync(join(directory, 'zoneinfo/Asia/Tokyo'), join(directory, 'tokyo'));
});

afterAll(() => rmSync(directory, { recursive: true }));

const zones = () => join(directory, 'zoneinfo');
const inZones = (name: string) => readLocalZone({ TZDIR: zones() }, join(directory, name));

describe('without TZ', () => {
  test('what /etc/localtime holds counts, and not the name of its link: Etc/UTC with a file 8 h ahead mounted over it', () => {
    const { name, source, offset } = inZones('localtime');
    expect(offset(winter)).toBe(8 * hour);
    expect([name, source]).toEqual(['CST-8', join(directory, 'localtime')]);
  });

  test('the name of the link, where that is the zone', () => {
    expect(inZones('tokyo')).toMatchObject({ name: 'Asia/Tokyo' });
  });

  test('the name of a file with the same content, where there is no link', () => {
    writeFileSync(join(directory, 'copied'), makeZoneFile({ times: [], offsets: [9 * hour], rule: 'JST-9' }));
    expect(inZones('copied')).toMatchObject({ name: 'Asia/Tokyo' });
  });

  test('UTC where there is no file, as date has it', () => {
    expect(inZones('nothing')).toMatchObject({ name: 'UTC', source: expect.stringContaining('no ') });
  });

  test('a link to a zone whose file is missing: ICU knows the zone', () => {
    symlinkSync('/nowhere/zoneinfo/Asia/Shanghai', join(directory, 'dangling'));
    const zone = inZones('dangling');
    expect([zone.name, zone.offset(winter)]).toEqual(['Asia/Shanghai', 8 * hour]);
  });

  test.each([
    ['a directory (docker makes one', (path: string) => mkdirSync(path)],
    ['no zone file (TZif)', (path: string) => writeFileSync(path, 'Asia/Shanghai\n')],
    ['a link to Mars/Crater', (path: string) => symlinkSync('/nowhere/zoneinfo/Mars/Crater', path)],
  ])('%s: is an error, and not UTC without a word', (phrase, make) => {
    const path = join(directory, phrase.replace(/\W/g, ''));
    make(path);
    const read = () => readLocalZone({ TZDIR: zones() }, path);
    expect(read).toThrow(`${path} is ${phrase}`);
    expect(read).toThrow(expect.objectContaining({ code: 'time-zone', action: 'fatal' }));
  });
});

describe('TZ', () => {
  test.each([
    ['Asia/Shanghai', 8, 8],
    [':Asia/Shanghai', 8, 8],
    ['Europe/Berlin', 1, 2],
    ['CST-8', 8, 8],
    ['UTC+8', -8, -8],
    ['CET-1CEST,M3.5.0,M10.5.0/3', 1, 2],
    ['', 0, 0],
    ['UTC', 0, 0],
  ])('%j', (TZ, inWinter, inSummer) => {
    for (const TZDIR of [undefined, '/nowhere']) {
      const { offset } = readLocalZone({ TZ, TZDIR });
      expect([offset(winter), offset(summer)]).toEqual([inWinter * hour, inSummer * hour]);
    }
  });

  test('a file by its path, and by its name in TZDIR', () => {
    const path = join(directory, 'zoneinfo/Etc/UTC');
    expect(readLocalZone({ TZ: path }).offset(winter)).toBe(8 * hour);
    expect(readLocalZone({ TZ: `:${path}` }).offset(winter)).toBe(8 * hour);
    expect(readLocalZone({ TZ: 'Etc/UTC', TZDIR: zones() }).offset(winter)).toBe(8 * hour);
  });

  test.each(['Asia/Nowhere', 'Asia/Peking2', '+08:00', 'Asia', '/etc', '8'])('%j is no zone', (TZ) => {
    expect(() => readLocalZone({ TZ })).toThrow(`TZ is ${JSON.stringify(TZ)}, and there is no such zone`);
  });

  test('that is no zone is a problem of the configuration, where stamps are local', () => {
    const [problem, ...others] = problemsOf({ TZ: 'Asia/Nowhere' }, { '--rfc': '3164' });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      message: expect.stringMatching(/^timezone is local: TZ is "Asia\/Nowhere", and there is no such zone: neither/),
      variable: 'SYSLOG_TIMEZONE',
    });
    expect(() => problemsOf({ TZ: 'Asia/Nowhere' })).toThrow('expected to be refused');
    expect(() => problemsOf({ TZ: 'Asia/Nowhere' }, { '--rfc': '3164', '--timezone': 'utc' })).toThrow('be refused');
  });
});

test('a zone is described with its offset at a time', () => {
  expect(describeTimeZone('utc', {}, winter)).toBe('utc');
  expect(describeTimeZone('Europe/Berlin', {}, winter)).toBe('Europe/Berlin, UTC+01:00');
  expect(describeTimeZone('local', { TZ: 'America/St_Johns' }, summer)).toBe(
    'local: America/St_Johns by TZ, UTC-02:30',
  );
});

const hasDate = process.platform === 'linux' && existsSync('/usr/share/zoneinfo/Europe/Berlin');
if (!hasDate) console.warn('SKIPPED: local zones as date has them: no Linux, or no /usr/share/zoneinfo');

test
  .skipIf(!hasDate)
  .each([
    'Asia/Shanghai',
    ':Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'CST-8',
    'EST5EDT',
    'CET-1CEST,M3.5.0,M10.5.0/3',
    '/usr/share/zoneinfo/Asia/Kolkata',
    '',
    undefined,
  ])('TZ=%s is what date says', (TZ) => {
  const { TZ: _, ...environment } = process.env;
  const env = TZ === undefined ? environment : { ...environment, TZ };
  const before = process.env.TZ;
  try {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
    const zone = createTimeZone('local');
    for (const time of [winter, summer, 1_100_000_000, 4_000_000_000]) {
      const said = execFileSync('date', ['-d', `@${time}`, '+%::z'], { env, encoding: 'utf8' }).trim();
      const [, sign = '', h, m] = /^([+-])(\d\d):(\d\d):00$/.exec(said) ?? [];
      expect(zone.offset(time), `${said} at ${time}`).toBe(Number(`${sign}1`) * (Number(h) * 3600 + Number(m) * 60));
    }
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});
