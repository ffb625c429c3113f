/**
 * Section 1: the step from a batch's raw bytes to frames. The reference encoder against decoding with protobufjs
 * and concatenating strings, on the same bytes, in the same run, by turns. Both write the same output: that is
 * checked first.
 */
import { createGenerator } from '../src/emulator/generate/generator.ts';
import type { BatchEncoder } from '../src/encode/batch-encoder.ts';
import { createReferenceEncoder } from '../src/encode/reference-encoder.ts';
import { createFormat } from '../src/format/registry.ts';
import { createBaseline } from './baseline.ts';
import { type Comparison, compare, type Spread } from './measure.ts';
import type { Section } from './section.ts';

/** The floor: the reference is at least so many times faster. */
const MIN_RATIO = 3;
/** A full pull. */
const BATCH_BYTES = 5_000_000;
const SEED = 1;
const TIME_S = 1_790_000_000;
const PROFILES = ['access', 'audit'] as const;

interface Figures extends Comparison {
  profile: string;
  logs: number;
  rawBytes: number;
}

export const walkAndFormat: Section = ({ quick }) => {
  const encoder = createReferenceEncoder({
    format: createFormat('kv'),
    header: { rfc: '5424', facility: 1, severity: 6, hostname: 'bench', appName: 'sls' },
    framing: 'octet-counting',
  });
  const baseline = createBaseline('bench', 'sls');
  const figures = PROFILES.map((profile): Figures => {
    const raw = generateBatch(profile);
    const logs = checkSameOutput(encoder, baseline, raw, profile);
    const comparison = compare({
      inputBytes: raw.length,
      subject: () => encode(encoder, raw),
      baseline: () => baseline(raw),
      pairs: quick ? 3 : 9,
      measureMs: quick ? 100 : 500,
    });
    return { profile, logs, rawBytes: raw.length, ...comparison };
  });
  return {
    title: 'Walk and format: raw bytes → frames (MB/s of raw logs: median, lowest to highest)',
    columns: [
      'logs',
      'bytes a log',
      'reference',
      'protobufjs + strings',
      'times faster',
      'pairs',
      `at least ${MIN_RATIO} ×`,
    ],
    rows: figures.map((row) => [
      row.profile,
      (row.rawBytes / row.logs).toFixed(0),
      spreadText(row.subject, 0),
      spreadText(row.baseline, 0),
      spreadText(row.ratio, 1),
      String(row.pairs),
      row.ratio.median >= MIN_RATIO ? 'yes' : 'NO',
    ]),
    passed: figures.every((row) => row.ratio.median >= MIN_RATIO),
    figures,
  };
};

function generateBatch(profile: (typeof PROFILES)[number]): Uint8Array {
  const generator = createGenerator(profile, SEED);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (let sequence = 0; bytes < BATCH_BYTES; sequence += generator.logsPerGroup) {
    const group = generator.createGroup(0, sequence, generator.logsPerGroup, TIME_S + Math.floor(sequence / 500));
    parts.push(Uint8Array.of(0x0a, ...lengthVarint(group.length)), group);
    bytes += group.length;
  }
  return new Uint8Array(Buffer.concat(parts));
}

function lengthVarint(length: number): number[] {
  return length < 0x80 ? [length] : [(length & 0x7f) | 0x80, ...lengthVarint(length >>> 7)];
}

function encode(encoder: BatchEncoder, raw: Uint8Array, take?: (bytes: Uint8Array) => void): number {
  const batch = encoder.begin({ bytes: raw, compression: 'none', rawSize: raw.length });
  for (let chunk = batch.next(); chunk !== undefined; chunk = batch.next()) {
    take?.(chunk.bytes);
    chunk.release();
  }
  batch.close();
  return batch.counts.logs;
}

/** @returns the number of logs */
function checkSameOutput(
  encoder: BatchEncoder,
  baseline: (raw: Uint8Array) => Buffer,
  raw: Uint8Array,
  profile: string,
): number {
  const chunks: Buffer[] = [];
  const logs = encode(encoder, raw, (bytes) => chunks.push(Buffer.from(bytes)));
  if (!Buffer.concat(chunks).equals(baseline(raw))) {
    throw new Error(`The two ways of formatting ${profile} logs write different bytes: there is nothing to compare.`);
  }
  return logs;
}

function spreadText({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}
