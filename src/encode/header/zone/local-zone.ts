/**
 * The zone of this machine, as `date` (glibc) finds it:
 *
 *     TZ unset          what /etc/localtime *holds*; UTC where there is none
 *     TZ=Asia/Shanghai  the file of that name in /usr/share/zoneinfo, or in TZDIR
 *     TZ=:/some/file    that file
 *     TZ=CST-8          a rule of POSIX
 *     TZ= (empty)       UTC
 *
 * Node would ask ICU, which goes by the *name* that /etc/localtime links to. A file mounted at /etc/localtime, as
 * containers do, replaces the content behind the link: the name (`Etc/UTC`, say) stays, and stamps would be hours off.
 *
 * A zone that does not exist is an error here, where `date` silently takes UTC. A name without a file (images without
 * tzdata) is looked up in ICU.
 */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { AppError } from '../../../core/errors.ts';
import { namedOffset } from './named-zone.ts';
import { parsePosixRule, type ZoneOffset } from './posix-rule.ts';
import { parseZoneFile, type ZoneFile } from './zone-file.ts';

export interface LocalZone {
  /** `Asia/Shanghai`, or a rule of POSIX where no name is known. */
  readonly name: string;
  /** Where the zone is set: `TZ`, `/etc/localtime`, … */
  readonly source: string;
  /** Exact to the second. */
  readonly offset: ZoneOffset;
}

export interface ZoneEnvironment {
  readonly TZ?: string | undefined;
  readonly TZDIR?: string | undefined;
}

const LOCALTIME = '/etc/localtime';
const ZONES = '/usr/share/zoneinfo';
/** Zone files have some hundred to some thousand bytes. */
const MAX_FILE_BYTES = 1 << 20;
/** Times in winters and summers, to tell zones apart. */
const PROBES = ['2000-01', '2000-07', '2015-01', '2015-07', '2026-01', '2026-07'].map(
  (month) => Date.parse(`${month}-15T00:00:00Z`) / 1000,
);

/** @throws AppError code `time-zone`, action `fatal`: no such zone; the message is a phrase to follow a setting. */
export function readLocalZone(environment: ZoneEnvironment, localtime = LOCALTIME): LocalZone {
  const zones = environment.TZDIR || ZONES;
  if (environment.TZ === undefined) return zoneOfMachine(localtime, zones);
  const text = environment.TZ.replace(/^:/, '');
  if (text === '') return { name: 'UTC', source: 'TZ, which is empty', offset: () => 0 };
  const file = readZone(text.startsWith('/') ? text : `${zones}/${text}`);
  if (typeof file === 'object') return { name: text, source: 'TZ', offset: file.offset };
  const rule = parsePosixRule(text);
  if (rule) return { name: text, source: 'TZ', offset: rule };
  const known = icuOffset(text);
  if (known) return { name: text, source: 'TZ', offset: known };
  throw noZone(
    `TZ is ${JSON.stringify(environment.TZ)}, and there is no such zone: neither a file in ${zones}, nor a rule of POSIX such as CST-8, nor a name that Node knows; set TZ to a name such as Asia/Shanghai`,
  );
}

/** Reads the content of the file: the name of the link may be another zone's. */
function zoneOfMachine(localtime: string, zones: string): LocalZone {
  if (process.platform === 'win32') {
    const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
    return { name: timeZone, source: 'the system', offset: namedOffset(timeZone) };
  }
  const linked = linkedName(localtime);
  const file = readZone(localtime);
  if (typeof file === 'object') {
    return { name: nameOf(file, localtime, linked, zones), source: localtime, offset: file.offset };
  }
  if (file !== 'missing') {
    const what =
      file === 'directory' ? 'a directory (docker makes one where a file that is mounted does not exist)' : file;
    throw noZone(
      `${localtime} is ${what}; mount a file of ${ZONES} there, set TZ, or give a zone such as Asia/Shanghai`,
    );
  }
  if (linked === undefined) return { name: 'UTC', source: `no ${localtime}`, offset: () => 0 };
  const known = icuOffset(linked);
  if (known) return { name: linked, source: localtime, offset: known };
  throw noZone(
    `${localtime} is a link to ${linked}, which does not exist; set TZ, or give a zone such as Asia/Shanghai`,
  );
}

type Missing = 'missing' | 'directory' | 'no zone file (TZif)' | 'not to be read by this user';

function readZone(path: string): ZoneFile | Missing {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return 'directory';
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES) return 'no zone file (TZif)';
    return parseZoneFile(readFileSync(path)) ?? 'no zone file (TZif)';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EACCES') return 'not to be read by this user';
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG') return 'missing';
    throw error;
  }
}

/** The target of the link, without the folder of all zones. */
function linkedName(localtime: string): string | undefined {
  try {
    const target = readlinkSync(localtime);
    return /\/zoneinfo\/(?:posix\/|right\/)?(.+)$/.exec(target)?.[1] ?? target;
  } catch {
    return undefined;
  }
}

/** The link's name where it is the zone's, else the name of a file with the same content, else the POSIX rule. */
function nameOf(file: ZoneFile, localtime: string, linked: string | undefined, zones: string): string {
  if (linked !== undefined && isZone(linked, file)) return linked;
  const { size } = statSync(localtime);
  const bytes = readFileSync(localtime);
  const same = Intl.supportedValuesOf('timeZone').find((name) => {
    const path = `${zones}/${name}`;
    const isSameSize = statSync(path, { throwIfNoEntry: false })?.size === size;
    return isSameSize && readFileSync(path).equals(bytes) && isZone(name, file);
  });
  return same ?? (file.rule || 'a zone without a name');
}

function isZone(name: string, { offset }: ZoneFile): boolean {
  const known = icuOffset(name);
  return known !== undefined && PROBES.every((time) => known(time) === offset(time));
}

/** The offset of a named zone; not of `+08:00` and the like, which ICU takes too. */
function icuOffset(name: string): ZoneOffset | undefined {
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    return namedOffset(name);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function noZone(message: string): AppError {
  return new AppError(message, { code: 'time-zone', action: 'fatal' });
}
