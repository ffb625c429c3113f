/** Steps of the byte path alone, in this process: the same bytes both ways, by turns. */
import { uncompressSync } from 'lz4-napi';
import type { BatchBody } from '../../src/core/bytes.ts';
import { compress } from '../../src/emulator/protocol/compression.ts';
import { createEncoderParts } from '../../src/encode/encoder-parts.ts';
import type { BatchEncoder } from '../../src/encode/frame/batch-encoder.ts';
import type { EncoderOptions } from '../../src/encode/frame/encoder-options.ts';
import { syslogLead } from '../../src/encode/header/syslog-lead.ts';
import { createReferenceEncoder } from '../../src/encode/reference-encoder.ts';
import { createKeyValueFormat } from '../../src/format/formats/key-value.ts';
import { Kernel, type Loaded } from '../../src/kernel/kernel.ts';
import { createKernelEncoder } from '../../src/kernel/kernel-encoder.ts';
import { isPossible } from '../../src/kernel/plan.ts';
import { utf8 } from '../../src/rules/field-name.ts';
import { type BenchProfile, generateBatches } from '../harness/batches.ts';
import { megabytesPerSecond, ratioOfPairs, timed } from '../harness/pairs.ts';
import { createProtobufFormatter } from '../harness/protobuf-formatter.ts';
import type { Measured, Row, RunOptions } from '../harness/row.ts';

/** So that no cache of the processor holds all of them. */
const BATCHES = 8;

const encoderOptions = {
  format: createKeyValueFormat(),
  lead: syslogLead({ rfc: '5424', facility: 1, severity: 6, hostname: 'bench', appName: 'sls' }),
  framing: 'octet-counting',
} as const;

/** Some hosts, and a method and a status that change from log to log. */
const fieldsInLead: EncoderOptions = {
  ...encoderOptions,
  lead: syslogLead({
    rfc: '5424',
    facility: 1,
    severity: 6,
    hostname: [{ field: utf8('host') }],
    appName: [{ field: utf8('request_method') }, '-', { field: utf8('status') }],
  }),
};

const profiles: readonly BenchProfile[] = ['access', 'audit'];

export const speedRows: readonly Row[] = [
  ...profiles.map(
    (profile): Row => ({
      what: `lz4 of the kernel ÷ lz4-napi, speed, ${profile} logs`,
      target: { atLeast: 1.5 },
      unit: '',
      digits: 2,
      measure: (options) => compareUnpacking(profile, options),
    }),
  ),
  ...profiles.map(
    (profile): Row => ({
      what: `kernel ÷ reference (walk, format, frame), speed, ${profile} logs`,
      target: { atLeast: 6 },
      unit: '',
      digits: 1,
      measure: (options) => compareKernel(profile, options),
    }),
  ),
  {
    what: 'kernel ÷ reference, host name and tag from fields, speed, access logs',
    target: { atLeast: 3 },
    unit: '',
    digits: 1,
    measure: (options) => compareKernel('access', options, fieldsInLead),
  },
  ...profiles.map(
    (profile): Row => ({
      what: `reference ÷ protobufjs and strings, speed, ${profile} logs`,
      target: { atLeast: 3 },
      unit: '',
      digits: 1,
      measure: (options) => compareReference(profile, options),
    }),
  ),
];

/** The kernel's copy of the body into its memory is counted; of lz4-napi only the call, without the size's prefix. */
function compareUnpacking(profile: BenchProfile, options: RunOptions): Promise<Measured> {
  const bodies = generateBatches(profile, BATCHES).map(({ raw }) => {
    const bytes = compress(raw, 'lz4');
    const prefixed = Buffer.alloc(4 + bytes.length);
    prefixed.writeUInt32LE(raw.length);
    prefixed.set(bytes, 4);
    return { prefixed, body: { bytes, compression: 'lz4', rawSize: raw.length } satisfies BatchBody };
  });
  const parts = createEncoderParts(encoderOptions);
  if (!isPossible(parts)) throw new Error('the kernel cannot write the format');
  const kernel = new Kernel(parts);
  const give = ({ raw, groups }: Loaded) => {
    kernel.memory.give(groups);
    kernel.memory.give(raw);
  };
  for (const { body, prefixed } of bodies) {
    const loaded = kernel.load(body);
    const unpacked = kernel.memory.bytes.subarray(loaded.raw.at, loaded.raw.at + body.rawSize);
    if (!uncompressSync(prefixed).equals(unpacked)) throw new Error('the two ways of unpacking give different bytes');
    give(loaded);
  }
  const rawBytes = bodies.reduce((sum, { body }) => sum + body.rawSize, 0);
  return compareWork(rawBytes, options, {
    subject: () =>
      timed(() => {
        for (const { body } of bodies) give(kernel.load(body));
      }),
    floor: () =>
      timed(() => {
        for (const { prefixed } of bodies) uncompressSync(prefixed);
      }),
  });
}

/** What `next()` takes; the copy of the raw bytes into the kernel's memory, a part of unpacking, is in neither. */
function compareKernel(
  profile: BenchProfile,
  options: RunOptions,
  encoding: EncoderOptions = encoderOptions,
): Promise<Measured> {
  const raws = generateBatches(profile, BATCHES).map(({ raw }) => raw);
  const kernel = createKernelEncoder(encoding);
  const reference = createReferenceEncoder(encoding);
  if (kernel.kind !== 'kernel') throw new Error('the kernel cannot write this');
  for (const raw of raws) {
    if (!framesOf(kernel, raw).equals(framesOf(reference, raw))) throw new Error('kernel and reference differ');
  }
  return compareWork(totalBytes(raws), options, {
    subject: () => raws.reduce((ms, raw) => ms + encodeMs(kernel, raw), 0),
    floor: () => raws.reduce((ms, raw) => ms + encodeMs(reference, raw), 0),
  });
}

function compareReference(profile: BenchProfile, options: RunOptions): Promise<Measured> {
  const raws = generateBatches(profile, 1).map(({ raw }) => raw);
  const reference = createReferenceEncoder(encoderOptions);
  const formatter = createProtobufFormatter('bench', 'sls');
  for (const raw of raws) {
    if (!framesOf(reference, raw).equals(formatter(raw))) throw new Error('reference and protobufjs differ');
  }
  return compareWork(totalBytes(raws), options, {
    subject: () => raws.reduce((ms, raw) => ms + encodeMs(reference, raw), 0),
    floor: () => raws.reduce((ms, raw) => ms + timed(() => formatter(raw)), 0),
  });
}

/** @param work returns the milliseconds that count */
async function compareWork(
  rawBytes: number,
  { quick }: RunOptions,
  work: { readonly subject: () => number; readonly floor: () => number },
): Promise<Measured> {
  const measureMs = quick ? 50 : 500;
  const rate = (one: () => number) => megabytesPerSecond(one, rawBytes, measureMs);
  // Node compiles what is hot.
  rate(work.subject);
  rate(work.floor);
  const measured = await ratioOfPairs(
    quick ? 2 : 9,
    () => rate(work.subject),
    () => rate(work.floor),
  );
  return { ...measured, figures: { ...measured.figures, unit: 'MB/s of raw logs' } };
}

function encodeMs(encoder: BatchEncoder, raw: Uint8Array): number {
  const batch = encoder.begin({ bytes: raw, compression: 'none', rawSize: raw.length });
  const elapsedMs = timed(() => {
    for (let chunk = batch.next(); chunk !== undefined; chunk = batch.next()) chunk.release();
  });
  batch.close();
  return elapsedMs;
}

function framesOf(encoder: BatchEncoder, raw: Uint8Array): Buffer {
  const batch = encoder.begin({ bytes: raw, compression: 'none', rawSize: raw.length });
  const chunks: Buffer[] = [];
  for (let chunk = batch.next(); chunk !== undefined; chunk = batch.next()) {
    chunks.push(Buffer.from(chunk.bytes));
    chunk.release();
  }
  batch.close();
  return Buffer.concat(chunks);
}

function totalBytes(raws: readonly Uint8Array[]): number {
  return raws.reduce((sum, { length }) => sum + length, 0);
}
