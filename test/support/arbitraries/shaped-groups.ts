/** Log groups in which nearly all logs have the same names in the same order, as in real ones. */
import fc from 'fast-check';
import type { LogField, LogGroup } from '../../../src/emulator/protocol/log-group-schema.ts';

export interface ShapedParts {
  readonly keys: fc.Arbitrary<Uint8Array>;
  /** Without their prefix. */
  readonly tagKeys: fc.Arbitrary<Uint8Array>;
  readonly values: fc.Arbitrary<Uint8Array>;
}

const SHAPES = 3;
const timeNs = fc.constantFrom(undefined, undefined, 0, 5_000_000);
const usually = <T>(usual: T, seldom: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: seldom });

/** Values are of a few for each name, so that what was found out of one may well be true of the next. */
export function shapedGroups({ keys, tagKeys, values }: ShapedParts): fc.Arbitrary<LogGroup[]> {
  const fields = fc.record({ Key: keys, Values: fc.array(values, { minLength: 1, maxLength: 3 }) });
  const shapes = fc.array(fc.array(fields, { maxLength: 7 }), { minLength: SHAPES, maxLength: SHAPES });
  const ofGroup = fc.array(values, { minLength: 1, maxLength: 2 });
  return fc
    .record({
      shapes,
      usualTimeNs: timeNs,
      topics: ofGroup,
      tags: fc.array(fc.record({ Key: tagKeys, Values: ofGroup }), { maxLength: 2 }),
    })
    .chain(({ shapes, usualTimeNs, topics, tags }) => {
      const pick = (from: readonly Uint8Array[], by: number) => from[by % from.length]!;
      const log = fc
        .tuple(usually(0, fc.nat(SHAPES - 1)), usually(usualTimeNs, timeNs), fc.nat(9), fc.infiniteStream(fc.nat(8)))
        .map(([shape, TimeNs, second, choices]) => ({
          Time: 1_790_000_000 + second,
          Contents: shapes[shape]!.map(({ Key, Values }): LogField => ({ Key, Value: pick(Values, next(choices)) })),
          ...(TimeNs !== undefined && { TimeNs }),
        }));
      const group = fc
        .tuple(fc.array(log, { maxLength: 12 }), fc.nat(5), fc.nat(5), fc.boolean())
        .map(([Logs, topic, tag, hasTags]) => ({
          Logs,
          Topic: pick(topics, topic),
          LogTags: hasTags ? tags.map(({ Key, Values }) => ({ Key, Value: pick(Values, tag) })) : [],
        }));
      return fc.array(group, { minLength: 1, maxLength: 4 });
    });
}

function next(stream: fc.Stream<number>): number {
  return stream.next().value ?? 0;
}
