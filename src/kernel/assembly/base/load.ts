/**
 * Loads a body: unpacks it piece by piece, and while a piece is still in the processor's cache, finds where groups
 * begin and, in each group, where the logs end and the group's own fields begin. Serializers write them in this order,
 * so index.ts can read those fields without another pass over the logs, which by then have left the cache.
 *
 * The result is a table: for each group, in order, the address of its content, and of its first field that is not a
 * log. The table ends before the first group in another order (or damaged, or one too many): from that group on, all
 * fields are read.
 */
import { KNOWN_GROUP_BYTES } from './interface';
import { Block, openBlock, unpackedEnd, unpackTo } from './lz4';

const STEP_BYTES: usize = 64 * 1024;
/** Bytes of tag and length of a field. */
const MAX_HEAD_BYTES: usize = 6;
/** Field 1 with a length: a list's groups, and a group's logs. */
const FIRST_FIELD: u8 = 0x0a;
const WIRE_LENGTH: u8 = 2;

let table: usize = 0;
let tableEnd: usize = 0;
let filled: usize = 0;
let isRegular: bool = true;
/** Address of the next field. */
let at: usize = 0;
let group: usize = 0;
let groupEnd: usize = 0;
let ownFields: usize = 0;

/**
 * Unpacks an lz4 block.
 * @returns bytes written, or -1 when the block is damaged or does not fit
 */
export function loadPacked(from: usize, length: u32, to: usize, rawBytes: u32, groups: usize, capacity: u32): i32 {
  begin(to, groups, capacity);
  openBlock(from, length, to, rawBytes);
  let state: u32;
  do {
    state = unpackTo(unpackedEnd() + STEP_BYTES);
    if (state == Block.DAMAGED) return -1;
    look(unpackedEnd(), to + rawBytes);
  } while (state == Block.MORE);
  return <i32>(unpackedEnd() - to);
}

/** Finds the groups in raw bytes. */
export function loadRaw(raw: usize, rawBytes: u32, groups: usize, capacity: u32): void {
  begin(raw, groups, capacity);
  look(raw + rawBytes, raw + rawBytes);
}

/** How many groups are in the table. */
export function loadedGroups(): u32 {
  return <u32>((filled - table) / KNOWN_GROUP_BYTES);
}

function begin(raw: usize, groups: usize, capacity: u32): void {
  filled = table = groups;
  tableEnd = groups + capacity * KNOWN_GROUP_BYTES;
  isRegular = true;
  at = raw;
  group = 0;
}

/** Goes over the fields whose tag and length are there; the content may reach past `end`. */
function look(end: usize, rawEnd: usize): void {
  while (isRegular && at < rawEnd && (at + MAX_HEAD_BYTES <= end || end == rawEnd)) {
    if (group != 0 && at == groupEnd) {
      endGroup();
      continue;
    }
    const limit = group == 0 ? rawEnd : groupEnd;
    const tag = load<u8>(at);
    let length: u32 = load<u8>(at, 1);
    let content = at + 2;
    if (length >= 0x80) {
      length &= 0x7f;
      for (let shift: u32 = 7; ; shift += 7) {
        const byte: u32 = load<u8>(content++);
        length |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
        if (shift == 21) {
          isRegular = false;
          return;
        }
      }
    }
    if (content > limit || length > <u32>(limit - content) || (tag & 0x87) != WIRE_LENGTH || tag < 8) {
      isRegular = false;
      return;
    }
    if (group == 0) {
      if (tag != FIRST_FIELD) {
        isRegular = false;
        return;
      }
      group = at = content;
      groupEnd = content + length;
      ownFields = 0;
      continue;
    }
    if (tag == FIRST_FIELD) isRegular = ownFields == 0;
    else if (ownFields == 0) ownFields = at;
    at = content + length;
  }
  if (isRegular && group != 0 && at == groupEnd && end == rawEnd) endGroup();
}

function endGroup(): void {
  if (filled == tableEnd) {
    isRegular = false;
    return;
  }
  store<usize>(filled, group);
  store<usize>(filled, ownFields == 0 ? groupEnd : ownFields, 4);
  filled += KNOWN_GROUP_BYTES;
  group = 0;
}
