/**
 * The set of the names of a log's contents, or of a group's tags, where names have no records (names.ts). A log with a
 * name twice, or with a name that could be taken for one of the service's, falls back to the reference.
 *
 * At `Plan.nameSet`: SLOTS × 8 bytes. A name is in the first slot, from its hash on, that was free:
 *
 *     0   u32  stamp of the log or group; a slot with another stamp is free
 *     4   u32  where the name lies, its length before it
 */
import { isSame } from './names';

const SLOT_BITS: u64 = 14;
const SLOTS: usize = 1 << <usize>SLOT_BITS;
const SLOT_BYTES: usize = 8;
/** Slots tried for a name. Many names, or hostile ones, may need more: the log then counts as one with a name twice. */
const MAX_PROBES: u32 = 32;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
/** A name of so many bytes has more than one byte of length. */
const LONG_NAME: u32 = 128;
const UNDERSCORES: u32 = 0x5f5f;
const SPACE: u32 = 0x20;
/** The first six characters of `__topic__`, `__source__`, `__time…` and `__tag__:`, bit 5 set: in any case. */
const START_MASK: u64 = 0xffff_ffff_ffff;
const ANY_CASE: u64 = 0x2020_2020_2020;
const TOPIC: u64 = 0x6970_6f74_5f5f | ANY_CASE;
const SOURCE: u64 = 0x7275_6f73_5f5f | ANY_CASE;
const TIME: u64 = 0x656d_6974_5f5f | ANY_CASE;
const TAG: u64 = 0x5f67_6174_5f5f | ANY_CASE;

/** Bytes of the set; the host reserves it, filled with 0. */
export const NAME_SET_BYTES: u32 = <u32>(SLOTS * SLOT_BYTES);

let lastStamp: u32 = 0;

/** Begins the set of a log, or of a group. @returns its stamp */
export function beginNames(): u32 {
  return ++lastStamp;
}

/** True of every name that `isServiceName` (../../rules/service-names.ts) is true of, and of a few more. */
@inline
export function isLikeServiceName(name: usize): bool {
  const start: u32 = load<u16>(name);
  return start == UNDERSCORES ? isServiceStart(load<u64>(name)) : (start & 0xff) == SPACE;
}

function isServiceStart(name: u64): bool {
  const start = (name & START_MASK) | ANY_CASE;
  return start == TOPIC || start == SOURCE || start == TIME || start == TAG;
}

/** Adds a name. @returns false where the set has the name, or where too many slots are taken to tell */
@inline
export function isNewName(nameSet: usize, stamp: u32, name: usize, length: u32): bool {
  const isShort = length < 8;
  const first = load<u64>(name) & (isShort ? (<u64>1 << (length << 3)) - 1 : ~(<u64>0));
  const last = isShort ? 0 : load<u64>(name + length - 8);
  const hash = (first ^ (rotl(last, 23) + length)) * MIX;
  const slot = nameSet + (<usize>(hash >>> (64 - SLOT_BITS)) << 3);
  if (load<u32>(slot) == stamp) return isNewBehind(nameSet, stamp, slot, name, length);
  store<u64>(slot, <u64>stamp | (<u64>name << 32));
  return true;
}

/** Adds a name where the first slot is taken. */
function isNewBehind(nameSet: usize, stamp: u32, from: usize, name: usize, length: u32): bool {
  let slot = from;
  for (let probe: u32 = 0; probe < MAX_PROBES; probe++) {
    if (load<u32>(slot) != stamp) {
      store<u64>(slot, <u64>stamp | (<u64>name << 32));
      return true;
    }
    const other = load<usize>(slot, 4);
    const mayBeSame = length >= LONG_NAME || load<u8>(other - 1) == length;
    if (mayBeSame && isSame(other, name, length)) return false;
    slot += SLOT_BYTES;
    if (slot == nameSet + SLOTS * SLOT_BYTES) slot = nameSet;
  }
  return false;
}
