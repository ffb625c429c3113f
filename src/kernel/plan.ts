/** The plan: an encoder's options as the kernel reads them, a record of numbers with its texts and tables. */
import type { EncoderParts } from '../encode/encoder-parts.ts';
import type { Leads } from '../encode/lead/lead.ts';
import type { CompiledRow } from '../encode/text/compiled-row.ts';
import { SOURCE_NAME, TIME_NS_NAME, TOPIC_NAME } from '../rules/field-selection.ts';
import { escapeBytes, escapesDigits, isShort } from './escape-bytes.ts';
import { Framing, OwnField } from './interface/enumerations.ts';
import { AUTO_DIGITS, MAX_KEPT_HEAD_BYTES, NO_COLUMN } from './interface/numbers.ts';
import { bytesOf, type Plan, wordsOf } from './interface/records.ts';
import { COLUMN_BYTES, LEAD_VALUES_BYTES } from './interface/sizes.ts';
import { isMappedPossible, type MappedProgram } from './mapped-program.ts';
import type { KernelMemory } from './memory.ts';
import type { OwnStamps } from './name-records.ts';
import { decisionOf, type Program } from './program.ts';

const framings = { 'octet-counting': Framing.octetCounting, lf: Framing.lf, datagram: Framing.datagram } as const;
const NO_TEXT = new Uint8Array(0);
const UINT32_MAX = 2 ** 32 - 1;
const VECTOR_BYTES = 16;
/** Slots for leads: powers of two. Some hundred hosts may send within a second. */
const LEAD_SLOTS = 64;
const LEAD_SLOTS_WITH_VALUES = 512;
/** A content has at least six bytes beside its key and value: three tags and three lengths. */
const MIN_CONTENT_BYTES = 6;
/** Bytes of octet count, lead's fraction, TimeNs, identity's index and end, and line feed, at most. */
const MAX_NUMBERS_BYTES = 64;
/** Bytes that the written names of a regular log may have, all together, beyond what `fastExpansion` allows for. */
const NAMES_SLACK_BYTES = 1024;

/** Encoder parts that the kernel can use. */
export interface KernelParts extends EncoderParts {
  readonly row: CompiledRow;
}

/** Whether the kernel can encode with these parts, as the reference always can. */
export function isPossible(parts: EncoderParts): parts is KernelParts {
  const { row: compiled } = parts;
  if (compiled === undefined) return false;
  const { row, keyEscape, valueEscape } = compiled;
  if (row.mapped && !isMappedPossible(row.mapped, valueEscape)) return false;
  return isShort(keyEscape) && isShort(valueEscape);
}

/** Parts of the plan that are made elsewhere. */
export interface PlanParts {
  readonly namesBytes: number;
  readonly shapeBytes: number;
  readonly nameSetBytes: number;
  readonly stamps: OwnStamps;
  readonly program: Program | undefined;
  readonly mapped: MappedProgram | undefined;
}

/** @returns the address of the plan */
export function writePlan(memory: KernelMemory, parts: KernelParts, made: PlanParts): number {
  const { row, columns, framing, limits } = parts;
  const { stamps, program, mapped } = made;
  const text = (name: string, bytes: Uint8Array) => ({ [name]: memory.store(bytes), [`${name}Length`]: bytes.length });
  const plan: Plan = {
    ...(text('prefix', row.row.prefix) as Plan),
    ...text('firstSeparator', row.row.firstSeparator),
    ...text('separator', row.row.separator),
    ...text('sign', row.row.keyValueSign),
    ...text('suffix', row.row.suffix),
    ...text('tail', concat(row.row.trail ?? NO_TEXT, row.row.suffix)),
    ...identityEnd(parts.leads),
    ...text('topicKey', row.topic?.key ?? NO_TEXT),
    ...text('sourceKey', row.source?.key ?? NO_TEXT),
    ...text('timeNsKey', row.timeNs?.key ?? NO_TEXT),
    ...text('tagPrefix', row.tagKeyPrefix),
    keyEscape: memory.store(escapeBytes(row.keyEscape)),
    valueEscape: memory.store(escapeBytes(row.valueEscape)),
    keyExpansion: row.keyExpansion,
    valueExpansion: row.valueExpansion,
    fastExpansion: fastExpansion(row),
    fastMaxConstants: constantBytes(row) + MAX_NUMBERS_BYTES + (isNamed(parts) ? NAMES_SLACK_BYTES : 0),
    namesSlack: NAMES_SLACK_BYTES,
    framing: framings[framing],
    maxMessageBytes: limits.maxMessageBytes,
    maxChunkFrames: Math.min(limits.maxChunkFrames, UINT32_MAX),
    maxChunkBytes: Math.min(limits.maxChunkBytes, UINT32_MAX),
    ...leadSlots(memory, parts.leads),
    ownFields: ownFields(row),
    named: isNamed(parts) ? 1 : 0,
    names: memory.allocate(made.namesBytes),
    uniqueNames: row.row.keepsNames ? 0 : 1,
    nameSet: memory.allocate(made.nameSetBytes),
    topicStamp: stamps.topic,
    sourceStamp: stamps.source,
    timeNsStamp: stamps.timeNs,
    checksUtf8: row.row.invalidUtf8 === 'replace' ? 1 : 0,
    timeNsFallsBack: row.timeNs && escapesDigits(row.valueEscape) ? 1 : 0,
    readsFirst: readsFirst(parts) ? 1 : 0,
    shape: memory.allocate(made.shapeBytes),
    columnCount: columns.count,
    columns: memory.allocate(columns.count * COLUMN_BYTES),
    groupColumns: memory.allocate(columns.count * COLUMN_BYTES),
    topicColumn: columns.find(TOPIC_NAME) ?? NO_COLUMN,
    sourceColumn: columns.find(SOURCE_NAME) ?? NO_COLUMN,
    timeNsColumn: columns.find(TIME_NS_NAME) ?? NO_COLUMN,
    timeNsText: memory.allocate(MAX_NUMBERS_BYTES),
    rules: program?.start ?? 0,
    dropped: program?.dropped ?? 0,
    severityColumn: program?.severityColumn ?? NO_COLUMN,
    severityQuestion: program?.severityQuestion ?? 0,
    severityAnswers: program?.severityAnswers ?? 0,
    severities: memory.store(severitiesOf(parts, program)),
    mapped: mapped ? 1 : 0,
    mappedHead: mapped?.head ?? 0,
    mappedHeadCount: mapped?.headCount ?? 0,
    mappedFields: mapped?.fields ?? 0,
    mappedFieldCount: mapped?.fieldCount ?? 0,
    mappedConstants: mapped?.constants ?? 0,
    mappedGrowth: mapped?.growth ?? 0,
    headColumns: mapped?.headColumns ?? 0,
    headColumnCount: mapped?.headColumnCount ?? 0,
    headText: memory.allocate(MAX_KEPT_HEAD_BYTES),
    secondText: memory.allocate(MAX_NUMBERS_BYTES),
    timeText: memory.allocate(MAX_NUMBERS_BYTES),
  };
  const at = memory.allocate(bytesOf('plan'));
  memory.words.set(wordsOf('plan', plan), at / 4);
  return at;
}

function ownFields({ row, topic, source, timeNs }: CompiledRow): number {
  if (row.mapped?.rest === false) return 0;
  return (topic ? OwnField.topic : 0) | (source ? OwnField.source : 0) | (timeNs ? OwnField.timeNs : 0);
}

/** Whether the names of contents and tags have records. */
function isNamed(parts: KernelParts): boolean {
  const { row, names } = parts.row;
  return names.natural !== undefined || row.invalidUtf8 === 'replace' || readsFirst(parts);
}

function readsFirst({ row: { row }, rules, columns }: KernelParts): boolean {
  return rules !== undefined || row.mapped !== undefined || columns.count > 0;
}

/** The severity of each variant of the lead, a byte each. */
function severitiesOf({ rules, leads }: EncoderParts, program: Program | undefined): Uint8Array {
  const severityOf = (variant: number) => (rules && decisionOf(rules, variant).severity) ?? leads.defaultLead.severity;
  return Uint8Array.from({ length: program?.variants ?? 1 }, (_, variant) => severityOf(variant));
}

function leadSlots(memory: KernelMemory, { columns, maxBytes, fractionDigits }: Leads) {
  const leadValuesAt = Math.ceil((bytesOf('leadSlot') + maxBytes) / 4) * 4;
  const valuesBytes = columns.length === 0 ? 0 : LEAD_VALUES_BYTES;
  const leadStride = Math.ceil((leadValuesAt + valuesBytes) / 64) * 64;
  const slots = columns.length === 0 ? LEAD_SLOTS : LEAD_SLOTS_WITH_VALUES;
  return {
    leads: memory.allocate(slots * leadStride),
    leadMask: slots - 1,
    leadStride,
    leadValuesAt,
    leadColumns: memory.store(new Uint8Array(Uint32Array.from(columns).buffer)),
    leadColumnCount: columns.length,
    fractionDigits: fractionDigits === 'auto' ? AUTO_DIGITS : fractionDigits,
  };
}

function identityEnd({ identity }: Leads): Pick<Plan, 'identityEnd' | 'identityEndLength'> {
  const end = Buffer.alloc(4);
  end.set(identity?.end ?? NO_TEXT);
  return { identityEnd: end.readUInt32LE(), identityEndLength: identity?.end.length ?? 0 };
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  return Uint8Array.from([...first, ...second]);
}

/** Bytes of text for a byte of a regular log: separator and sign are in place of at least six bytes of a content. */
function fastExpansion({ row, keyExpansion, valueExpansion }: CompiledRow): number {
  const { length: separator } = row.separator;
  const { length: sign } = row.keyValueSign;
  if (separator > VECTOR_BYTES || sign > VECTOR_BYTES) return 0;
  return Math.max(keyExpansion, valueExpansion, Math.ceil((separator + sign) / MIN_CONTENT_BYTES));
}

function constantBytes({ row, timeNs }: CompiledRow): number {
  const { prefix, firstSeparator, separator, keyValueSign, suffix, trail } = row;
  const betweens = 3 * Math.max(firstSeparator.length, separator.length);
  return (
    prefix.length + betweens + (timeNs?.key.length ?? 0) + keyValueSign.length + (trail?.length ?? 0) + suffix.length
  );
}
