/**
 * The mapped fields (mapped.ts) in the record of a shape (shape.ts), as steps. A step says what was done with one place
 * of a field, or with a field without places, in 40 bytes:
 *
 *     0   u32  `Step`
 *     4   u32  address of the column
 *     8   u32  `ValueKind`
 *     12  u32  1: an IPv6 address counts as a value
 *     16  u32  form of the value: bit 0: an IPv6 address; bit 1: all of its field
 *     20  u32  most characters, or NO_LIMIT
 *     24  u32  the text before the value, and its length; without separator for the first field that is written
 *     32  u32  the label, and its length
 */
import { columnAddress, columnEnd, columnStart, isOfGroup } from './columns';
import { writeEscaped } from './base/escape';
import { COLUMN_MASK, FieldKind, MAPPED_FIELD_BYTES, MappedField, Plan, PORT_OF_IPV6, PORT_PLACE, ValueKind } from './base/interface';
import { writeLogTime } from './log-time';
import { writeText } from './base/text';
import { findPort, findText, found, foundEnd, isIpv6, isSuch, isWhole, limit, Port } from './values';

namespace Step {
  /** The place's value is empty, or of another type. */
  export const PASS: u32 = 0;
  export const TEXT: u32 = 1;
  export const TYPED: u32 = 2;
  export const CONSTANT: u32 = 3;
  export const LOG_TIME: u32 = 4;
  export const PORT: u32 = 5;
  /** The place has no address; or its address has no port. */
  export const NO_ADDRESS: u32 = 6;
  export const NO_PORT: u32 = 7;
}

const IPV6_FORM: u32 = 1;
const WHOLE_FORM: u32 = 2;

const STEP_BYTES: usize = 40;
const MAX_STEPS: usize = 128;

export const MAPPED_RECORD_BYTES: usize = MAX_STEPS * STEP_BYTES;

/** The last record: its steps, whether a field is written, and whether a field has its value from the group. */
export let mappedCount: u32 = 0;
export let hasMappedField: bool = false;
export let isGroupUsed: bool = false;

/** Records what `writeMappedFields` does. @returns false where there are too many steps */
export function recordMappedFields(plan: Plan, steps: usize): bool {
  const end = plan.mappedFields + <usize>plan.mappedFieldCount * MAPPED_FIELD_BYTES;
  mappedCount = 0;
  hasMappedField = isGroupUsed = false;
  for (let at = plan.mappedFields; at < end; at += MAPPED_FIELD_BYTES) {
    const field = changetype<MappedField>(at);
    const kind = field.kind;
    if (kind != FieldKind.FIELDS) {
      if (mappedCount == <u32>MAX_STEPS) return false;
      recordStep(plan, steps, field, kind == FieldKind.CONSTANT ? Step.CONSTANT : Step.LOG_TIME, 0, false, 0);
    } else if (!recordPlaces(plan, steps, field)) {
      return false;
    }
  }
  return true;
}

/** Records the places up to the first with a value of the type. Places whose field the shape lacks are skipped. */
function recordPlaces(plan: Plan, steps: usize, field: MappedField): bool {
  const type = field.type;
  const takesIpv6 = field.ipv6Opening != 0;
  const end = field.places + (<usize>field.placeCount << 2);
  for (let place = field.places; place < end; place += 4) {
    const kind = load<u32>(place);
    const column = kind & COLUMN_MASK;
    const from = columnStart(plan, column);
    if (from == 0) continue;
    if (mappedCount == <u32>MAX_STEPS) return false;
    const at = columnAddress(plan, column);
    if ((kind & PORT_PLACE) != 0) {
      const ofIpv6 = (kind & PORT_OF_IPV6) != 0;
      const port = findPort(ofIpv6, from, columnEnd(plan, column));
      const step = port == Port.FOUND ? Step.PORT : port == Port.NONE ? Step.NO_PORT : Step.NO_ADDRESS;
      recordStep(plan, steps, field, step, at, ofIpv6, presentForm());
      if (port == Port.NO_ADDRESS) continue;
      if (port == Port.NONE) break;
    } else if (!isSuch(plan, type, takesIpv6, from, columnEnd(plan, column))) {
      recordStep(plan, steps, field, Step.PASS, at, takesIpv6, 0);
      continue;
    } else {
      recordStep(plan, steps, field, type == ValueKind.TEXT ? Step.TEXT : Step.TYPED, at, takesIpv6, presentForm());
    }
    if (isOfGroup(plan, column)) isGroupUsed = true;
    break;
  }
  return true;
}

/** The form of the value that was found last. */
@inline
function presentForm(): u32 {
  return u32(isIpv6) * IPV6_FORM + u32(isWhole) * WHOLE_FORM;
}

function recordStep(plan: Plan, steps: usize, field: MappedField, step: u32, column: usize, takesIpv6: bool, foundForm: u32): void {
  const at = steps + <usize>mappedCount * STEP_BYTES;
  mappedCount++;
  const isOfIpv6 = (foundForm & IPV6_FORM) != 0;
  const isFirst = isFieldWritten(step) && !hasMappedField;
  const skipped = isFirst ? plan.separatorLength : 0;
  store<u32>(at, step);
  store<usize>(at, column, 4);
  store<u32>(at, field.type, 8);
  store<u32>(at, u32(takesIpv6), 12);
  store<u32>(at, foundForm, 16);
  store<u32>(at, field.maxCharacters, 20);
  store<usize>(at, (isOfIpv6 ? field.ipv6Opening : field.opening) + skipped, 24);
  store<u32>(at, (isOfIpv6 ? field.ipv6OpeningLength : field.openingLength) - skipped, 28);
  store<usize>(at, isOfIpv6 ? field.ipv6Label : field.label, 32);
  store<u32>(at, isOfIpv6 ? field.ipv6LabelLength : field.labelLength, 36);
  if (isFirst) hasMappedField = true;
}

@inline
function isFieldWritten(step: u32): bool {
  return step != Step.PASS && step != Step.NO_ADDRESS && step != Step.NO_PORT;
}

/** Marks columns as taken again, after `beginColumns`. */
export function takeAgain(steps: usize, count: u32): void {
  for (let at = steps; at < steps + <usize>count * STEP_BYTES; at += STEP_BYTES) {
    const step = load<u32>(at);
    const hasColumn = step == Step.TEXT || step == Step.TYPED || step == Step.PORT;
    if (hasColumn && (load<u32>(at, 16) & WHOLE_FORM) != 0) store<u32>(load<usize>(at, 4), 1, 8);
  }
}

/** Writes the mapped fields, the first without a separator. @returns where the output ends; 0: the log differs */
export function writeRecordedFields(plan: Plan, steps: usize, count: u32, output: usize): usize {
  const escape = plan.valueEscape;
  const low = v128.load(escape);
  const high = v128.load(escape, 16);
  const end = steps + <usize>count * STEP_BYTES;
  let to = output;
  for (let at = steps; at < end; at += STEP_BYTES) {
    const step = load<u32>(at);
    if (step == Step.TEXT) {
      const column = load<usize>(at, 4);
      const from = load<usize>(column);
      let valueEnd = load<usize>(column, 4);
      if (from == valueEnd) return 0;
      if (valueEnd - from > load<u32>(at, 20)) {
        findText(from, valueEnd);
        limit(load<u32>(at, 20));
        valueEnd = foundEnd;
      }
      to = writeText(load<usize>(at, 24), load<u32>(at, 28), to);
      to = writeEscaped(escape, low, high, from, valueEnd, to);
    } else if (step == Step.TYPED || step == Step.PORT) {
      const isFound = step == Step.TYPED ? isOfRecordedType(plan, at) : recordedPort(at) == Port.FOUND;
      if (!isFound || presentForm() != load<u32>(at, 16)) return 0;
      limit(load<u32>(at, 20));
      to = writeText(load<usize>(at, 24), load<u32>(at, 28), to);
      to = writeEscaped(escape, low, high, found, foundEnd, to);
    } else if (step == Step.PASS) {
      if (isOfRecordedType(plan, at)) return 0;
      continue;
    } else if (step == Step.NO_ADDRESS || step == Step.NO_PORT) {
      if (recordedPort(at) != (step == Step.NO_PORT ? Port.NONE : Port.NO_ADDRESS)) return 0;
      continue;
    } else {
      to = writeText(load<usize>(at, 24), load<u32>(at, 28), to);
      if (step == Step.LOG_TIME) to = writeLogTime(plan, to);
    }
    const labelLength = load<u32>(at, 36);
    if (labelLength != 0) to = writeText(load<usize>(at, 32), labelLength, to);
  }
  return to;
}

function isOfRecordedType(plan: Plan, step: usize): bool {
  const column = load<usize>(step, 4);
  return isSuch(plan, load<u32>(step, 8), load<u32>(step, 12) != 0, load<usize>(column), load<usize>(column, 4));
}

/** @returns a `Port` */
function recordedPort(step: usize): u32 {
  const column = load<usize>(step, 4);
  return findPort(load<u32>(step, 12) != 0, load<usize>(column), load<usize>(column, 4));
}
