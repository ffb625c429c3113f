/**
 * An instance of the kernel (assembly/, compiled to WebAssembly), and everything in its memory that batches share. No
 * view of that memory is kept over a call, as the memory may grow.
 */
import { readFileSync } from 'node:fs';
import type { BatchBody } from '../core/bytes.ts';
import { checkGroupCount } from '../encode/wire/group-count.ts';
import { checkSize, corrupt, unpack } from '../encode/wire/unpack.ts';
import { epochMs } from '../format/parts/value-types.ts';
import { latin1 } from '../rules/field-selection.ts';
import { interfaceChecksum } from './interface/checksum.ts';
import { Status } from './interface/enumerations.ts';
import { NO_FRACTION } from './interface/numbers.ts';
import { bytesOf, fieldsOf, type Job } from './interface/records.ts';
import { COLUMN_BYTES, KNOWN_GROUP_BYTES, SPAN_BYTES } from './interface/sizes.ts';
import { writeMappedProgram } from './mapped-program.ts';
import { KernelMemory, type Slot } from './memory.ts';
import { NameRecords, NamesFullError } from './name-records.ts';
import { type KernelParts, writePlan } from './plan.ts';
import { decisionOf, type Program, writeProgram } from './program.ts';

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly INTERFACE_CHECKSUM: WebAssembly.Global;
  readonly NAMES_BYTES: WebAssembly.Global;
  readonly SHAPE_BYTES: WebAssembly.Global;
  readonly NAME_SET_BYTES: WebAssembly.Global;
  encode(plan: number, job: number): number;
  loadPacked(from: number, length: number, to: number, rawBytes: number, groups: number, capacity: number): number;
  loadRaw(raw: number, rawBytes: number, groups: number, capacity: number): void;
  loadedGroups(): number;
  forgetNames(plan: number): void;
  hashOf(from: number, length: number): number;
}

const jobFields = fieldsOf('job');
const planFields = fieldsOf('plan');
const COLUMNS_WORD = planFields.indexOf('columns');
const leadSlotFields = fieldsOf('leadSlot');
const LEAD_SLOT_BYTES = bytesOf('leadSlot');
const LEAD_LENGTH_WORD = leadSlotFields.indexOf('length');
const LEAD_FRACTION_WORD = leadSlotFields.indexOf('fractionAt');
const INITIAL_SPANS = 1024;
const INITIAL_SHARED_BYTES = 16 * 1024;
const FRAME_ENDS = 16 * 1024;

/** Entries in the table of groups (assembly/base/load.ts): a pull has at most so many groups. */
const MAX_KNOWN_GROUPS = 1000;

let compiled: WebAssembly.Module | undefined;

function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
  return compiled;
}

/** @throws Error: the kernel is from another build than the code around it, and would read wrong numbers */
export function checkInterface(checksum: number): void {
  if (checksum >>> 0 === interfaceChecksum) return;
  throw new Error(
    'kernel.wasm is of another build than the code around it: run `npm run build`, or install the package anew',
  );
}

/** A region of memory that is replaced by a larger one where needed. */
interface Region {
  at: number;
  capacity: number;
}

/** An unpacked body in the kernel's memory; the caller gives both slots back. */
export interface Loaded {
  readonly raw: Slot;
  /** The table of the body's groups (assembly/base/load.ts), as far as they are known. */
  readonly groups: Slot;
  readonly groupCount: number;
}

export class Kernel {
  readonly parts: KernelParts;
  readonly memory: KernelMemory;
  readonly #exports: Exports;
  readonly #plan: number;
  readonly #job: number;
  readonly #out: Slot;
  readonly #frameEnds: number;
  readonly #tags: Region;
  readonly #contents: Region;
  readonly #shared: Region;
  readonly #identity: Region;
  readonly #names: NameRecords;
  readonly #program: Program | undefined;
  #identityOf = 0;

  constructor(parts: KernelParts) {
    this.parts = parts;
    const instance = new WebAssembly.Instance(kernelModule(), {
      host: {
        makeLead: (time: number, variant: number, slot: number) => this.#makeLead(time >>> 0, variant, slot),
        chooseName: (from: number, end: number, isTag: number) => this.#names.choose(from, end, isTag !== 0),
        ask: (question: number, from: number, end: number) =>
          this.#program?.questions[question]?.(this.memory.bytes.subarray(from, end)) ?? -1,
        readTime: (from: number, end: number, output: number) => {
          const { bytes } = this.memory;
          const time = Buffer.from(epochMs(latin1(bytes.subarray(from, end))) ?? '', 'latin1');
          bytes.set(time, output);
          return time.length;
        },
      },
    });
    this.#exports = instance.exports as unknown as Exports;
    checkInterface(this.#exports.INTERFACE_CHECKSUM.value);
    const { memory, NAMES_BYTES, SHAPE_BYTES, NAME_SET_BYTES } = this.#exports;
    this.memory = new KernelMemory(memory);
    const { row, columns, rules } = parts;
    this.#program = rules && writeProgram(this.memory, rules, (field) => columns.add(field), this.#exports.hashOf);
    this.#names = new NameRecords({ memory: this.memory, row, columns });
    this.#plan = writePlan(this.memory, parts, {
      namesBytes: NAMES_BYTES.value,
      shapeBytes: SHAPE_BYTES.value,
      nameSetBytes: NAME_SET_BYTES.value,
      stamps: this.#names.ownStamps,
      program: this.#program,
      mapped: row.row.mapped && writeMappedProgram(this.memory, row.row.mapped, row, columns),
    });
    this.#job = this.memory.allocate(bytesOf('job'));
    this.#out = { at: this.memory.allocate(parts.pool.chunkBytes), capacity: parts.pool.chunkBytes };
    this.#frameEnds = this.memory.allocate(FRAME_ENDS * 4);
    this.#tags = this.#region(INITIAL_SPANS * SPAN_BYTES);
    this.#contents = this.#region(INITIAL_SPANS * SPAN_BYTES);
    this.#shared = this.#region(INITIAL_SHARED_BYTES);
    this.#identity = this.#region(1024);
  }

  /**
   * Loads a body into the kernel's memory, unpacked.
   * @throws CorruptBatchError; RangeError when there is no memory left
   */
  load(body: BatchBody): Loaded {
    const { memory } = this;
    const raw = memory.take(body.rawSize);
    const groups = memory.take(MAX_KNOWN_GROUPS * KNOWN_GROUP_BYTES);
    try {
      this.#load(body, raw.at, groups.at);
      const groupCount = this.#exports.loadedGroups();
      checkGroupCount(body, () => memory.bytes.subarray(raw.at, raw.at + body.rawSize), groupCount);
      return { raw, groups, groupCount };
    } catch (error) {
      memory.give(raw);
      memory.give(groups);
      throw error;
    }
  }

  /**
   * Goes on with a batch.
   * @returns a `Status`; the results are in `job`
   * @throws RangeError when there is no memory left; the job's position is unchanged
   */
  encode(job: Job, identity: Uint8Array | undefined, out: Slot | undefined): number {
    if (identity && this.#identityOf !== job.id) {
      this.#reserve(this.#identity, identity.length);
      this.memory.bytes.set(identity, this.#identity.at);
      this.#identityOf = job.id;
    }
    const { at, capacity } = out ?? this.#out;
    job.identity = this.#identity.at;
    job.identityLength = identity?.length ?? 0;
    job.out = at;
    job.outCapacity = capacity;
    job.frameEnds = this.#frameEnds;
    job.frameCapacity = FRAME_ENDS;
    job.tags = this.#tags.at;
    job.tagCapacity = this.#tags.capacity / SPAN_BYTES;
    job.contents = this.#contents.at;
    job.contentCapacity = this.#contents.capacity / SPAN_BYTES;
    job.shared = this.#shared.at;
    job.sharedCapacity = this.#shared.capacity;
    try {
      return this.#encode(job);
    } catch (error) {
      if (!(error instanceof NamesFullError)) throw error;
      this.#names.forget();
      this.#exports.forgetNames(this.#plan);
      return this.#encode(job);
    }
  }

  /** Logs dropped in the last call, by filter. */
  get dropped(): Uint32Array {
    const { dropped = 0, filterCount = 0 } = this.#program ?? {};
    return this.memory.words.subarray(dropped / 4, dropped / 4 + filterCount);
  }

  /** Enlarges what the status asks for. */
  grow(status: number, need: number): void {
    if (status === Status.growShared) this.#reserve(this.#shared, need);
    else if (status === Status.growTags) this.#reserve(this.#tags, need * SPAN_BYTES);
    else this.#reserve(this.#contents, need * SPAN_BYTES);
  }

  #encode(job: Job): number {
    const base = this.#job / 4;
    for (let i = 0; i < jobFields.length; i++) this.memory.words[base + i] = job[jobFields[i]!];
    this.dropped.fill(0);
    const status = this.#exports.encode(this.#plan, this.#job);
    for (let i = 0; i < jobFields.length; i++) job[jobFields[i]!] = this.memory.words[base + i]!;
    return status;
  }

  #region(capacity: number): Region {
    return { at: this.memory.allocate(capacity), capacity };
  }

  #reserve(region: Region, byteLength: number): void {
    if (byteLength <= region.capacity) return;
    const capacity = 2 ** Math.ceil(Math.log2(byteLength));
    region.at = this.memory.allocate(capacity);
    region.capacity = capacity;
  }

  #load(body: BatchBody, rawAt: number, groupsAt: number): void {
    const { memory } = this;
    if (body.compression !== 'lz4' || body.bytes.length === 0) {
      const raw = unpack(body, this.parts.limits.maxRawBytes);
      memory.bytes.set(raw, rawAt);
      this.#exports.loadRaw(rawAt, raw.length, groupsAt, MAX_KNOWN_GROUPS);
      return;
    }
    const { length } = body.bytes;
    const packed = memory.take(length);
    try {
      memory.bytes.set(body.bytes, packed.at);
      const rawBytes = this.#exports.loadPacked(packed.at, length, rawAt, body.rawSize, groupsAt, MAX_KNOWN_GROUPS);
      if (rawBytes < 0) throw corrupt(body, 'it is not an lz4 block of this size');
      checkSize(body, rawBytes);
    } finally {
      memory.give(packed);
    }
  }

  #makeLead(time: number, variant: number, slot: number): void {
    const { bytes, words } = this.memory;
    const { leads, rules } = this.parts;
    const lead = leads.of(rules && decisionOf(rules, variant), (column) => this.#valueOf(column));
    const { length, fractionAt } = lead.copySecond(bytes.subarray(slot + LEAD_SLOT_BYTES), time);
    words[slot / 4 + LEAD_LENGTH_WORD] = length;
    words[slot / 4 + LEAD_FRACTION_WORD] = fractionAt ?? NO_FRACTION;
  }

  /** A column's value in the present log. */
  #valueOf(column: number): Uint8Array | undefined {
    const { bytes, words } = this.memory;
    const at = (words[this.#plan / 4 + COLUMNS_WORD]! + column * COLUMN_BYTES) / 4;
    const from = words[at]!;
    return from === 0 ? undefined : bytes.subarray(from, words[at + 1]!);
  }
}
