/**
 * Columns: the fields that rules, mapped fields and leads read by name. A column has sixteen bytes:
 *
 *     0   where the value begins; 0: the log has no such field
 *     4   where the value ends
 *     8   not 0: a mapped field has taken the value, which is not written again
 *
 * Where several fields have one name, the first counts; the group's own come before the log's.
 */
import { COLUMN_BYTES, NO_COLUMN, Plan } from './base/interface';
import { writeDecimal } from './base/text';

@inline
function at(columns: usize, column: u32): usize {
  return columns + <usize>column * COLUMN_BYTES;
}

@inline
function setFirst(columns: usize, column: u32, from: usize, end: usize): void {
  if (column == NO_COLUMN || load<usize>(at(columns, column)) != 0) return;
  store<usize>(at(columns, column), from);
  store<usize>(at(columns, column), end, 4);
}

/** Bytes of all values that columns have from the group, and whether there are any, perhaps empty. */
export let groupColumnBytes: u32 = 0;
export let hasGroupColumns: bool = false;

export function beginGroupColumns(plan: Plan): void {
  groupColumnBytes = 0;
  hasGroupColumns = false;
  memory.fill(plan.groupColumns, 0, <usize>plan.columnCount * COLUMN_BYTES);
}

export function setGroupColumn(plan: Plan, column: u32, from: usize, end: usize): void {
  if (column == NO_COLUMN) return;
  groupColumnBytes += <u32>(end - from);
  hasGroupColumns = true;
  setFirst(plan.groupColumns, column, from, end);
}

/** Begins a log's columns with the values of its group. */
@inline
export function beginColumns(plan: Plan): void {
  for (let column: u32 = 0; column < plan.columnCount; column++) {
    v128.store(at(plan.columns, column), v128.load(at(plan.groupColumns, column)));
  }
}

@inline
export function setColumn(plan: Plan, column: u32, from: usize, end: usize): void {
  setFirst(plan.columns, column, from, end);
}

/** Sets the column of TimeNs, as text in decimal. */
export function setTimeNsColumn(plan: Plan, timeNs: u32): void {
  const column = plan.timeNsColumn;
  if (column == NO_COLUMN) return;
  store<usize>(at(plan.columns, column), plan.timeNsText);
  store<usize>(at(plan.columns, column), writeDecimal(timeNs, 1, plan.timeNsText), 4);
}

/** The address of a column. */
@inline
export function columnAddress(plan: Plan, column: u32): usize {
  return at(plan.columns, column);
}

@inline
export function columnStart(plan: Plan, column: u32): usize {
  return load<usize>(at(plan.columns, column));
}

@inline
export function columnEnd(plan: Plan, column: u32): usize {
  return load<usize>(at(plan.columns, column), 4);
}

@inline
export function takeColumn(plan: Plan, column: u32): void {
  store<u32>(at(plan.columns, column), 1, 8);
}

/** Whether the log's value is its group's, or both have none. */
@inline
export function isOfGroup(plan: Plan, column: u32): bool {
  return load<usize>(at(plan.groupColumns, column)) == columnStart(plan, column);
}

/** Whether a mapped field has taken this very field, of several with its name. */
@inline
export function isTaken(plan: Plan, column: u32, value: usize): bool {
  if (column == NO_COLUMN) return false;
  return load<u32>(at(plan.columns, column), 8) != 0 && load<usize>(at(plan.columns, column)) == value;
}
