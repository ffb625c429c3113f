/** Generated log groups and generated damage. */
import fc from 'fast-check';
import { encodeLogGroupList, type LogField, type LogGroup } from '../../../src/emulator/protocol/log-group-schema.ts';
import { tag, varint } from '../service/wire.ts';

/** Text, what has to be escaped, UTF-8 of every length, and bytes that are not UTF-8. */
const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => new Uint8Array(Buffer.from(text))),
  fc
    .array(fc.constantFrom('|', '||', '=', '\\', '\n', '\r', '\t', '\0', '\x7f', ';', 'a', 'bcd', 'é', '漢', '😀'), {
      maxLength: 24,
    })
    .map((parts) => new Uint8Array(Buffer.from(parts.join('')))),
  fc.uint8Array({ maxLength: 300 }),
);

/** Names that are the service's, or what they become, or nearly; and few enough that one log has some of them twice. */
export const claimedNames: fc.Arbitrary<Uint8Array> = fc
  .constantFrom(
    ...['__topic__', '__source__', '__time__', '__time_ns_part__', '__tag__:', '__tag__:a', '__tag__:__hostname__'],
    ...['topic', 'source', '_source_', 'Source', 'timeNsPart', 'tagA', 'tag_a', 'tagHostname', 'sls___source__'],
    ...['__SOURCE__', ' __topic__', '__source__ ', '__source', '__tags__', '_', '__', '', 'a', 'sls_a', 'sls_a_2'],
  )
  .map((name) => new Uint8Array(Buffer.from(name)));

const field: fc.Arbitrary<LogField> = fc.record({
  Key: fc.oneof({ weight: 2, arbitrary: bytes }, { weight: 1, arbitrary: claimedNames }),
  Value: bytes,
});

const uint32 = fc.oneof(
  fc.constantFrom(0, 1, 59, 86_399, 951_782_400, 1_790_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1),
  fc.nat(2 ** 32 - 1),
);
const nanoseconds = fc.oneof(
  fc.constantFrom(0, 1, 999, 1000, 999_999_999, 1_000_000_000, 2 ** 32 - 1),
  fc.nat(999_999_999),
);

export const logGroup: fc.Arbitrary<LogGroup> = fc.record(
  {
    Logs: fc.array(
      fc.record(
        { Time: uint32, Contents: fc.array(field, { maxLength: 6 }), TimeNs: nanoseconds },
        { requiredKeys: ['Time', 'Contents'] },
      ),
      { maxLength: 5 },
    ),
    Category: bytes,
    Topic: bytes,
    Source: bytes,
    MachineUUID: bytes,
    LogTags: fc.array(field, { maxLength: 3 }),
  },
  { requiredKeys: ['Logs', 'LogTags'] },
);

export const logGroups: fc.Arbitrary<LogGroup[]> = fc.array(logGroup, { maxLength: 4 });

const fieldNumber = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 7, 15, 16, 2047, 2 ** 29 - 1) },
);

function fixed(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

/** Well-formed wire fields of any number and wire type, nested in one another. */
const anyFields: fc.Arbitrary<Buffer> = fc.letrec<{ fields: Buffer; field: Buffer }>((tie) => ({
  fields: fc.array(tie('field'), { maxLength: 4 }).map((parts) => Buffer.concat(parts)),
  field: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.tuple(fieldNumber, fc.bigInt(0n, 2n ** 64n - 1n)).map(([n, value]) => Buffer.concat([tag(n, 0), varint(value)])),
    fc.tuple(fieldNumber, bytes).map(([n, body]) => withLength(n, body)),
    fc.tuple(fieldNumber, fixed(4)).map(([n, body]) => Buffer.concat([tag(n, 5), body])),
    fc.tuple(fieldNumber, fixed(8)).map(([n, body]) => Buffer.concat([tag(n, 1), body])),
    fc.tuple(fieldNumber, tie('fields')).map(([n, body]) => withLength(n, body)),
    fc.tuple(fieldNumber, tie('fields')).map(([n, body]) => Buffer.concat([tag(n, 3), body, tag(n, 4)])),
  ),
})).fields;

/** A message of these fields in any order, some of them more than once, others among them; seldom one is missing. */
function shuffled(...parts: readonly fc.Arbitrary<readonly Uint8Array[]>[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(
      fc.tuple(...parts),
      fc.oneof({ weight: 4, arbitrary: fc.constant<Buffer[]>([]) }, fc.array(strangers, { maxLength: 2 })),
    )
    .chain(([known, others]) => {
      const all = [...known.flat(), ...others];
      return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length });
    })
    .map((fields) => Buffer.concat(fields));
}

function several(min: number, max: number, part: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array[]> {
  const usual = fc.array(part, { minLength: min, maxLength: max });
  return min === 0
    ? usual
    : fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: fc.constant<Uint8Array[]>([]) });
}

function withLength(field: number, body: Uint8Array): Buffer {
  return Buffer.concat([tag(field, 2), varint(body.length), body]);
}

/** Mostly numbers that the schema does not have, or has with another wire type. */
const strangers: fc.Arbitrary<Buffer> = fc.oneof(
  fc.tuple(fc.constantFrom(7, 15, 16, 2047, 2 ** 29 - 1), bytes).map(([n, body]) => withLength(n, body)),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fixed(8)).map(([n, body]) => Buffer.concat([tag(n, 1), body])),
  fc.tuple(fc.integer({ min: 1, max: 9 }), anyFields).map(([n, body]) => Buffer.concat([tag(n, 3), body, tag(n, 4)])),
  anyFields,
);

const entry = shuffled(
  several(
    1,
    2,
    bytes.map((key) => withLength(1, key)),
  ),
  several(
    1,
    2,
    bytes.map((value) => withLength(2, value)),
  ),
);
const wireTime = fc.oneof(uint32.map(BigInt), fc.bigInt(0n, 2n ** 64n - 1n));
const wireLog = shuffled(
  several(
    1,
    2,
    wireTime.map((seconds) => Buffer.concat([tag(1, 0), varint(seconds)])),
  ),
  several(
    0,
    3,
    entry.map((body) => withLength(2, body)),
  ),
  several(
    0,
    2,
    fixed(4).map((body) => Buffer.concat([tag(4, 5), body])),
  ),
);
const wireGroup = shuffled(
  several(
    0,
    3,
    wireLog.map((body) => withLength(1, body)),
  ),
  several(
    0,
    2,
    bytes.map((topic) => withLength(3, topic)),
  ),
  several(
    0,
    2,
    bytes.map((source) => withLength(4, source)),
  ),
  several(
    0,
    2,
    entry.map((body) => withLength(6, body)),
  ),
);

/**
 * A LogGroupList as no serializer writes it: fields in any order and more than once, unknown ones, known ones with
 * another wire type, deprecated groups, varints of 64 bits. About half are valid.
 */
export const unusualList: fc.Arbitrary<Uint8Array> = shuffled(
  several(
    0,
    3,
    wireGroup.map((body) => withLength(1, body)),
  ),
).map((body) => new Uint8Array(body));

/** What befalls bytes: single ones overwritten, inserted, dropped, the end cut off. */
export interface Damage {
  readonly edits: readonly { kind: 'set' | 'insert' | 'drop'; at: number; byte: number }[];
  readonly cut: number | null;
}

const interestingByte = fc.oneof(fc.constantFrom(0, 1, 0x08, 0x0a, 0x12, 0x25, 0x7f, 0x80, 0xff), fc.nat(255));

export const damage: fc.Arbitrary<Damage> = fc.record({
  edits: fc.array(
    fc.record({
      kind: fc.constantFrom('set' as const, 'insert' as const, 'drop' as const),
      at: fc.nat(2 ** 20),
      byte: interestingByte,
    }),
    { maxLength: 4 },
  ),
  cut: fc.option(fc.nat(2 ** 20)),
});

export function applyDamage(raw: Uint8Array, { edits, cut }: Damage): Uint8Array {
  const damaged = [...raw];
  for (const { kind, at, byte } of edits) {
    const position = at % (damaged.length + 1);
    if (kind === 'insert') damaged.splice(position, 0, byte);
    else if (position < damaged.length) damaged.splice(position, 1, ...(kind === 'set' ? [byte] : []));
  }
  return Uint8Array.from(cut === null ? damaged : damaged.slice(0, cut % (damaged.length + 1)));
}

const damagedList = fc.tuple(logGroups, damage).map(([groups, what]) => applyDamage(encodeLogGroupList(groups), what));

/** Raw bytes of every kind. */
export const anyRaw: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 3, arbitrary: logGroups.map((groups) => encodeLogGroupList(groups)) },
  { weight: 3, arbitrary: unusualList },
  { weight: 3, arbitrary: damagedList },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
);
