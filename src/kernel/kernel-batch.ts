/** One batch in the kernel: chunk after chunk is copied out of its memory. */
import type { BatchCounts, BatchEncoder, EncodedBatch, RejectedLog } from '../encode/batch-encoder.ts';
import type { FrameChunk } from '../encode/bytes.ts';
import type { ChunkBuffer } from '../encode/chunk-pool.ts';
import type { BatchIdentity, BatchOrigin } from '../encode/identity.ts';
import { LogCutter } from '../encode/log-cutter.ts';
import { damageOf } from './damage.ts';
import { type Kernel, KNOWN_GROUP_BYTES, type Loaded } from './kernel.ts';
import { type Job, jobFields, Status } from './layout.ts';
import type { Slot } from './memory.ts';

const NO_FRAMES: FrameChunk = { bytes: new Uint8Array(0), frameCount: 0, release: () => undefined };

export interface KernelBatchParts {
  readonly kernel: Kernel;
  /** For logs over the limit. */
  readonly reference: BatchEncoder;
  /** Not 0, and no other batch's. */
  readonly id: number;
  /** Given back at the end. */
  readonly loaded: Loaded;
  readonly rawBytes: number;
  readonly identity: BatchIdentity | undefined;
  readonly origin: BatchOrigin | undefined;
}

export class KernelBatch implements EncodedBatch {
  readonly counts: BatchCounts;
  readonly #kernel: Kernel;
  readonly #reference: BatchEncoder;
  readonly #job: Job;
  readonly #identity: Uint8Array | undefined;
  readonly #origin: BatchOrigin | undefined;
  readonly #rawBytes: number;
  /** Undefined once the batch is at its end, broken or closed. */
  #loaded: Loaded | undefined;
  /** The last call's outcome, where it is still to be dealt with. */
  #pending: number | undefined;
  /** A log over the limit, on its way through the reference encoder. */
  #detour: EncodedBatch | undefined;
  #rejected: RejectedLog[] = [];
  #failure: unknown;

  constructor({ kernel, reference, id, loaded, rawBytes, identity, origin }: KernelBatchParts) {
    this.#kernel = kernel;
    this.#reference = reference;
    this.#loaded = loaded;
    this.#rawBytes = rawBytes;
    this.#identity = identity?.lead;
    this.#origin = origin;
    this.#job = Object.fromEntries(jobFields.map((field) => [field, 0])) as Job;
    const { raw, groups, groupCount } = loaded;
    const known = { known: groups.at, knownEnd: groups.at + groupCount * KNOWN_GROUP_BYTES };
    Object.assign(this.#job, { id, raw: raw.at, position: raw.at, rawEnd: raw.at + rawBytes, ...known });
    this.#job.index = origin?.firstIndex ?? 0;
    this.counts = { logs: 0, rawBytes, frameBytes: 0, truncated: 0, split: 0, deadLettered: 0 };
  }

  next(): FrameChunk | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    let larger: Slot | undefined;
    try {
      while (this.#loaded !== undefined) {
        const chunk = this.#nextOfDetour();
        if (chunk !== undefined) return chunk;
        const job = this.#job;
        const status = this.#pending ?? this.#kernel.encode(job, this.#identity, larger);
        this.#pending = undefined;
        if (job.outBytes > 0) {
          this.#pending = status === Status.chunk || status === Status.pause ? undefined : status;
          return this.#take(larger);
        }
        switch (status) {
          case Status.end:
            this.close();
            return undefined;
          case Status.damage:
            this.#failure = damageOf(job.fault, job.faultAt, job.faultDetail);
            this.close();
            throw this.#failure;
          case Status.pause:
            return NO_FRAMES;
          case Status.oversize:
            this.#beginDetour(this.#loaded.raw);
            break;
          case Status.growOut:
            larger = this.#kernel.memory.take(job.need);
            break;
          default:
            this.#kernel.grow(status, job.need);
        }
      }
      return undefined;
    } finally {
      if (larger) this.#kernel.memory.give(larger);
    }
  }

  takeRejected(): readonly RejectedLog[] {
    const rejected = this.#rejected;
    this.#rejected = [];
    return rejected;
  }

  close(): void {
    this.#detour?.close();
    this.#detour = undefined;
    if (this.#loaded) for (const slot of [this.#loaded.groups, this.#loaded.raw]) this.#kernel.memory.give(slot);
    this.#loaded = undefined;
  }

  /** Copies what the kernel has written. */
  #take(larger: Slot | undefined): FrameChunk {
    const { pool, framing } = this.#kernel.parts;
    const { bytes, words } = this.#kernel.memory;
    const job = this.#job;
    const { outBytes, frameCount } = job;
    const from = larger?.at ?? job.out;
    const buffer = pool.acquire(outBytes);
    buffer.bytes.set(bytes.subarray(from, from + outBytes));
    if (framing === 'datagram')
      copyFrameEnds(buffer, words.subarray(job.frameEnds / 4, job.frameEnds / 4 + frameCount));
    this.counts.logs += frameCount;
    this.counts.frameBytes += outBytes;
    job.outBytes = 0;
    return pool.chunk(buffer, outBytes, frameCount, framing === 'datagram');
  }

  #beginDetour(slot: Slot): void {
    const { memory } = this.#kernel;
    const job = this.#job;
    // Not kept: the memory may grow.
    const bytes = new LogCutter(memory.bytes.subarray(slot.at, slot.at + this.#rawBytes)).cut({
      groupStart: job.group - slot.at,
      groupEnd: job.groupEnd - slot.at,
      logStart: job.log - slot.at,
      logEnd: job.logEnd - slot.at,
    });
    const origin = this.#origin && { ...this.#origin, firstIndex: job.index };
    this.#detour = this.#reference.begin({ bytes, compression: 'none', rawSize: bytes.length }, origin);
    job.position = job.logEnd;
    job.index++;
  }

  #nextOfDetour(): FrameChunk | undefined {
    const detour = this.#detour;
    if (detour === undefined) return undefined;
    const chunk = detour.next();
    this.#rejected.push(...detour.takeRejected());
    if (chunk !== undefined) return chunk;
    for (const count of ['logs', 'frameBytes', 'truncated', 'split', 'deadLettered'] as const) {
      this.counts[count] += detour.counts[count];
    }
    detour.close();
    this.#detour = undefined;
    return undefined;
  }
}

function copyFrameEnds(buffer: ChunkBuffer, ends: Uint32Array): void {
  if (buffer.frameEnds.length < ends.length) buffer.frameEnds = new Uint32Array(2 * ends.length);
  buffer.frameEnds.set(ends);
}
