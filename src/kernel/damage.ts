/** Turns what the kernel has found wrong with a batch into the reference's errors. */
import type { CorruptBatchError } from '../core/errors.ts';
import { corruptAt } from '../encode/wire/wire-reader.ts';
import { Fault } from './interface/enumerations.ts';

type Text = (detail: number) => string;

const texts: Readonly<Record<Exclude<keyof typeof Fault, 'none'>, Text>> = {
  zeroField: () => 'a field has the number 0',
  lengthPastEnd: (length) => `a length of ${length} reaches past the end of its message`,
  fieldPastEnd: () => 'a field reaches past the end of its message',
  groupsTooDeep: () => 'groups are nested more than 100 deep',
  wireType: (wireType) => `wire type ${wireType} cannot begin a field`,
  groupEnd: () => 'a group ends with another number than it began with',
  varintTooLong: () => 'a varint has more than 10 bytes',
  tagTooLarge: () => 'a tag is too large',
  lengthTooLarge: () => 'a length is too large',
  noTime: () => 'a log has no Time',
  contentWithoutKey: () => 'a content has no Key',
  contentWithoutValue: () => 'a content has no Value',
  tagWithoutKey: () => 'a tag has no Key',
  tagWithoutValue: () => 'a tag has no Value',
};

const byNumber: ReadonlyMap<number, Text> = new Map(
  Object.entries(texts).map(([name, text]) => [Fault[name as keyof typeof Fault], text]),
);

/** @param at offset in the raw bytes */
export function damageOf(fault: number, at: number, detail: number): CorruptBatchError {
  return corruptAt(byNumber.get(fault)?.(detail) ?? `fault ${fault}`, at);
}
