/** Zone files (TZif, RFC 8536), made for tests. */

export interface MadeZone {
  /** Unix seconds, rising. */
  readonly times: readonly number[];
  /** Seconds ahead of UTC: before all times, and from each on. */
  readonly offsets: readonly number[];
  /** Absent: a file of version 1, with times of 4 bytes. */
  readonly rule?: string;
}

export function makeZoneFile(zone: MadeZone): Buffer {
  if (zone.rule === undefined) return block(zone, 0, 4);
  const empty = block({ times: [], offsets: [0] }, 0x32, 4);
  return Buffer.concat([empty, block(zone, 0x32, 8), Buffer.from(`\n${zone.rule}\n`, 'latin1')]);
}

function block({ times, offsets }: MadeZone, version: number, timeBytes: 4 | 8): Buffer {
  const header = Buffer.alloc(44);
  header.write('TZif');
  header[4] = version;
  for (const [index, count] of [0, 0, 0, times.length, offsets.length, 4].entries()) {
    header.writeUInt32BE(count, 20 + index * 4);
  }
  const timesPart = Buffer.alloc(times.length * timeBytes);
  for (const [index, time] of times.entries()) {
    if (timeBytes === 4) timesPart.writeInt32BE(time, index * 4);
    else timesPart.writeBigInt64BE(BigInt(time), index * 8);
  }
  const types = Buffer.alloc(offsets.length * 6);
  for (const [index, offset] of offsets.entries()) types.writeInt32BE(offset, index * 6);
  return Buffer.concat([
    header,
    timesPart,
    Buffer.from(times.map((_, index) => index + 1)),
    types,
    Buffer.from('LMT\0'),
  ]);
}
