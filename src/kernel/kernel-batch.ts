/** One batch in the kernel; each chunk is copied out of the kernel's memory. */
import type { FrameChunk } from '../core/bytes.ts';
import {
  type BatchCounts,
  type BatchEncoder,
  type EncodedBatch,
  noCounts,
  type RejectedLog,
} from '../encode/frame/batch-encoder.ts';
import type { ChunkBuffer } from '../encode/frame/chunk-pool.ts';
import type { BatchIdentity } from '../encode/lead/lead.ts';
import type { BatchOrigin } from '../encode/wire/batch-origin.ts';
import { cutBefore, LogCutter } from '../encode/wire/log-cutter.ts';
import { damageOf } from './damage.ts';
import { Status } from './interface/enumerations.ts';
import { fieldsOf, type Job } from './interface/records.ts';
import { KNOWN_GROUP_BYTES } from './interface/sizes.ts';
import type { Kernel, Loaded } from './kernel.ts';
import type { Slot } from './memory.ts';

const NO_FRAMES: FrameChunk = { bytes: new Uint8Array(0), frameCount: 0, release: () => undefined };

/** A group with more tags, or with more bytes that its logs share, falls back to the reference. */
const MAX_TAGS = 1_024;
const MAX_SHARED_BYTES = 1 << 20;

/** The origin of a batch whose messages carry no identity: only the index matters. */
const NOWHERE: BatchOrigin = { project: '', logstore: '', shard: 0, cursor: '' };

export interface KernelBatchParts {
  readonly kernel: Kernel;
  /** Encodes what falls back. */
  readonly reference: BatchEncoder;
  /** Not 0, and not the id of another batch. */
  readonly id: number;
  /** Given back when the batch ends. */
  readonly loaded: Loaded;
  readonly rawBytes: number;
  readonly identity: BatchIdentity | undefined;
  readonly origin: BatchOrigin | undefined;
}

export class KernelBatch implements EncodedBatch {
  /** Counts without those of the present fallback. */
  readonly #counts: ReturnType<typeof noCounts>;
  readonly #kernel: Kernel;
  readonly #reference: BatchEncoder;
  readonly #job: Job;
  readonly #identity: Uint8Array | undefined;
  readonly #origin: BatchOrigin | undefined;
  readonly #cutter = new LogCutter();
  /** Undefined once the batch is at its end, broken or closed. */
  #loaded: Loaded | undefined;
  /** A `Status` that is handled after the chunk before it has been handed out. */
  #pending: number | undefined;
  /** Memory for a log that is larger than a chunk; given back when the log is written. */
  #larger: Slot | undefined;
  /** A fallback: the reference encodes a log that the kernel does not write, or the rest of the batch. */
  #fallback: EncodedBatch | undefined;
  #rejected: RejectedLog[] = [];
  #failure: unknown;

  constructor({ kernel, reference, id, loaded, rawBytes, identity, origin }: KernelBatchParts) {
    this.#kernel = kernel;
    this.#reference = reference;
    this.#loaded = loaded;
    this.#identity = identity?.start;
    this.#origin = origin;
    this.#job = Object.fromEntries(fieldsOf('job').map((field) => [field, 0])) as Job;
    const { raw, groups, groupCount } = loaded;
    const known = { known: groups.at, knownEnd: groups.at + groupCount * KNOWN_GROUP_BYTES };
    Object.assign(this.#job, { id, raw: raw.at, position: raw.at, rawEnd: raw.at + rawBytes, ...known });
    this.#job.index = origin?.firstIndex ?? 0;
    this.#counts = noCounts(rawBytes, kernel.parts.rules?.filters.length ?? 0);
  }

  get counts(): BatchCounts {
    const counts = { ...this.#counts, droppedBy: [...this.#counts.droppedBy] };
    if (this.#fallback) addCounts(counts, this.#fallback.counts);
    return counts;
  }

  next(): FrameChunk | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      while (this.#loaded !== undefined) {
        const chunk = this.#nextOfFallback();
        if (chunk !== undefined) return chunk;
        const pending = this.#pending;
        this.#pending = undefined;
        const status = pending ?? this.#encode(this.#loaded.raw);
        if (this.#job.outBytes > 0) {
          if (staysPending(status)) this.#pending = status;
          return this.#take();
        }
        if (status === Status.pause) return NO_FRAMES;
        if (status === Status.fallBack) this.#fallBackLog(this.#loaded.raw);
        else if (status === Status.damage) this.#fail();
        else if (status === Status.end) this.close();
      }
      return undefined;
    } finally {
      if (this.#larger) this.#kernel.memory.give(this.#larger);
      this.#larger = undefined;
    }
  }

  takeRejected(): readonly RejectedLog[] {
    const rejected = this.#rejected;
    this.#rejected = [];
    return rejected;
  }

  close(): void {
    this.#endFallback();
    if (this.#loaded) for (const slot of [this.#loaded.groups, this.#loaded.raw]) this.#kernel.memory.give(slot);
    this.#loaded = undefined;
  }

  /** @returns a `Status`; where it asks for memory, the memory has been provided */
  #encode(slot: Slot): number {
    const kernel = this.#kernel;
    const job = this.#job;
    try {
      // No larger than this log needs: the next chunk goes into the usual `out` again.
      const out = this.#larger && { at: this.#larger.at, capacity: job.need };
      const status = kernel.encode(job, this.#identity, out);
      this.#countDropped(kernel.dropped);
      if (job.outBytes > 0) return status;
      if (isLargeGroup(status, job.need)) {
        this.#fallBackRest(slot);
        return Status.chunk;
      }
      if (status === Status.growOut) this.#larger = kernel.memory.take(job.need);
      else if (isGrowth(status)) kernel.grow(status, job.need);
      return status;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#fallBackRest(slot);
      return Status.chunk;
    }
  }

  #countDropped(dropped: Uint32Array): void {
    for (const [filter, count] of dropped.entries()) {
      this.#counts.dropped += count;
      this.#counts.droppedBy[filter]! += count;
    }
  }

  /** Copies the frames that the kernel has written into a chunk. */
  #take(): FrameChunk {
    const { pool, framing } = this.#kernel.parts;
    const { bytes, words } = this.#kernel.memory;
    const job = this.#job;
    const { outBytes, frameCount } = job;
    const from = job.out;
    const buffer = pool.acquire(outBytes);
    buffer.bytes.set(bytes.subarray(from, from + outBytes));
    if (framing === 'datagram')
      copyFrameEnds(buffer, words.subarray(job.frameEnds / 4, job.frameEnds / 4 + frameCount));
    this.#counts.logs += frameCount;
    this.#counts.renamedFields += job.renamedFields;
    this.#counts.frameBytes += outBytes;
    job.outBytes = 0;
    return pool.chunk(buffer, outBytes, frameCount, framing === 'datagram');
  }

  #fail(): never {
    const { fault, faultAt, faultDetail } = this.#job;
    this.#failure = damageOf(fault, faultAt, faultDetail);
    this.close();
    throw this.#failure;
  }

  /** The present log falls back to the reference. */
  #fallBackLog(slot: Slot): void {
    const job = this.#job;
    const logGroupList = this.#cutter.cut(this.#raw(slot), {
      groupStart: job.group - slot.at,
      groupEnd: job.groupEnd - slot.at,
      logStart: job.log - slot.at,
      logEnd: job.logEnd - slot.at,
    });
    this.#beginFallback(logGroupList, job.log - slot.at - this.#cutter.logAt);
    job.position = job.logEnd;
    job.index++;
  }

  /** The rest of the batch falls back to the reference: there is no memory left, or a group is large. */
  #fallBackRest(slot: Slot): void {
    const job = this.#job;
    const group = job.group === 0 ? undefined : { start: job.group - slot.at, end: job.groupEnd - slot.at };
    const rest = cutBefore(this.#raw(slot), job.position - slot.at, group);
    this.#beginFallback(rest, this.#counts.rawBytes - rest.length);
    job.outBytes = 0;
    this.#pending = Status.end;
  }

  /** The raw bytes: a view that must not be kept, as the memory may grow. */
  #raw(slot: Slot): Uint8Array {
    return this.#kernel.memory.bytes.subarray(slot.at, slot.at + this.#counts.rawBytes);
  }

  /** @param byteShift added to an offset in `bytes`, gives the offset in the batch */
  #beginFallback(bytes: Uint8Array, byteShift: number): void {
    const origin = { ...(this.#origin ?? NOWHERE), firstIndex: this.#job.index, byteShift };
    this.#fallback = this.#reference.begin({ bytes, compression: 'none', rawSize: bytes.length }, origin);
  }

  #nextOfFallback(): FrameChunk | undefined {
    const fallback = this.#fallback;
    if (fallback === undefined) return undefined;
    let chunk: FrameChunk | undefined;
    try {
      chunk = fallback.next();
    } catch (error) {
      this.#failure = error;
      this.close();
      throw error;
    }
    this.#rejected.push(...fallback.takeRejected());
    if (chunk !== undefined) return chunk;
    this.#endFallback();
    return undefined;
  }

  #endFallback(): void {
    if (this.#fallback === undefined) return;
    addCounts(this.#counts, this.#fallback.counts);
    this.#fallback.close();
    this.#fallback = undefined;
  }
}

/** Whether a group is too large for the kernel, which reads and writes a group's fields at once. */
function isLargeGroup(status: number, need: number): boolean {
  if (status === Status.growTags) return need > MAX_TAGS;
  return status === Status.growShared && need > MAX_SHARED_BYTES;
}

function isGrowth(status: number): boolean {
  return status === Status.growShared || status === Status.growTags || status === Status.growContents;
}

/** Whether a status is kept until its chunk is handed out; after any other, the kernel is called again. */
function staysPending(status: number): boolean {
  return status === Status.end || status === Status.fallBack || status === Status.damage;
}

const addedCounts = ['logs', 'frameBytes', 'truncated', 'split', 'renamedFields', 'deadLettered', 'dropped'] as const;

/** Adds all counts but the raw bytes, which include those of a fallback already. */
function addCounts(sum: ReturnType<typeof noCounts>, more: BatchCounts): void {
  for (const count of addedCounts) {
    sum[count] += more[count];
  }
  for (const [filter, dropped] of more.droppedBy.entries()) sum.droppedBy[filter]! += dropped;
}

function copyFrameEnds(buffer: ChunkBuffer, ends: Uint32Array): void {
  if (buffer.frameEnds.length < ends.length) buffer.frameEnds = new Uint32Array(2 * ends.length);
  buffer.frameEnds.set(ends);
}
