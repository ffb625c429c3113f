/** What the kernel has found wrong with a batch, in the reference's words. */
import type { CorruptBatchError } from '../core/errors.ts';
import { corruptAt } from '../encode/wire/wire-reader.ts';

/** In the order of assembly/base/fault.ts; its number 0 is none. */
const texts: readonly ((detail: number) => string)[] = [
  () => 'a field has the number 0',
  (length) => `a length of ${length} reaches past the end of its message`,
  () => 'a field reaches past the end of its message',
  () => 'groups are nested more than 100 deep',
  (wireType) => `wire type ${wireType} cannot begin a field`,
  () => 'a group ends with another number than it began with',
  () => 'a varint has more than 10 bytes',
  () => 'a tag is too large',
  () => 'a length is too large',
  () => 'a log has no Time',
  () => 'a content has no Key',
  () => 'a content has no Value',
  () => 'a tag has no Key',
  () => 'a tag has no Value',
];

/** @param at offset in the raw bytes */
export function damageOf(fault: number, at: number, detail: number): CorruptBatchError {
  return corruptAt(texts[fault - 1]?.(detail) ?? `fault ${fault}`, at);
}
