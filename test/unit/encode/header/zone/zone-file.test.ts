import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { namedOffset } from '../../../../../src/encode/header/zone/named-zone.ts';
import { parseZoneFile } from '../../../../../src/encode/header/zone/zone-file.ts';
import { propertyRuns } from '../../../../support/arbitraries/property-runs.ts';
import { makeZoneFile } from '../../../../support/zone-file.ts';

const zones = '/usr/share/zoneinfo';
const missing = existsSync(`${zones}/Europe/Berlin`) ? undefined : `there is no ${zones}: install tzdata`;
if (missing) console.warn(`SKIPPED: zone files of this machine: ${missing}`);

describe('a zone file', () => {
  const made = { times: [1000, 2000], offsets: [10, 20, 30] };
  const at = (file: Uint8Array, times: readonly number[]) => times.map((time) => parseZoneFile(file)?.offset(time));

  test('before, between and behind its times, of version 1 and of version 2', () => {
    expect(at(makeZoneFile(made), [-5, 999, 1000, 1999, 2000, 9999])).toEqual([10, 10, 20, 20, 30, 30]);
    expect(at(makeZoneFile({ ...made, rule: '' }), [999, 1000, 1999, 2000])).toEqual([10, 20, 20, 30]);
    expect(at(makeZoneFile({ ...made, rule: 'CST-8' }), [1999, 2000, 2 ** 33])).toEqual([20, 28_800, 28_800]);
    expect(parseZoneFile(makeZoneFile({ ...made, rule: 'CST-8' }))?.rule).toBe('CST-8');
    expect(at(makeZoneFile({ times: [], offsets: [7], rule: '' }), [0])).toEqual([7]);
  });

  test('that is cut off, or damaged, is none, and costs nothing', () => {
    const file = makeZoneFile({ ...made, rule: 'CST-8' });
    for (let length = 0; length < file.length; length++) {
      expect(parseZoneFile(file.subarray(0, length)), `${length} bytes`).toBeUndefined();
    }
    expect(parseZoneFile(makeZoneFile({ ...made, rule: 'Mars' }))).toBeUndefined();
    expect(parseZoneFile(Buffer.from('UTC\n'))).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(255), (index, byte) => {
        const damaged = Buffer.from(file);
        damaged[index] = byte;
        expect(typeof (parseZoneFile(damaged)?.offset(1500) ?? 0)).toBe('number');
      }),
      propertyRuns(500),
    );
  });

  // Whose rules have not changed for decades: the files and Node may be of different releases of the database.
  test
    .skipIf(missing)
    .each([
      'Asia/Shanghai',
      'Asia/Kolkata',
      'Europe/Berlin',
      'America/New_York',
      'Africa/Monrovia',
      'Asia/Tokyo',
      'UTC',
    ])('%s of this machine is what ICU has', (name) => {
    const file = parseZoneFile(readFileSync(`${zones}/${name}`))!;
    const known = namedOffset(name);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (time) => {
        expect(file.offset(time)).toBe(known(time));
      }),
      propertyRuns(300),
    );
  });
});
