/**
 * Lets chunks go out no faster than the limits of `--max-rate` and `--max-bandwidth`, which all shards share.
 *
 * All sends stand in one queue; the first goes when every limit has room, is counted, and stands
 * at the end with its next chunk. Chunks are all of about one size (`chunkSizes`), so the shards share evenly. A
 * chunk is made only when the limits allow it: nothing is held meanwhile, and the sink, which has been given nothing,
 * sees an idle connection and not a stalled one.
 *
 * A chunk that the sink makes wait (no connection, a slow receiver) counts when it is taken, and holds nobody else
 * up: a shard that has to finish on a connection which is about to be replaced may stand behind one that waits for
 * the next. After an outage each shard has one such chunk, and they go out together.
 */
import { type Clock, systemClock } from '../../core/time/clock.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';

export interface PaceLimits {
  readonly maxMessagesPerSecond?: number;
  /** Bytes of frames, as they are handed to the connection: without what TLS, TCP and IP add. */
  readonly maxBytesPerSecond?: number;
}

/** A chunk that was handed to the sink. */
export interface Sent {
  readonly frames: number;
  readonly bytes: number;
  /** What the sink said: undefined when it has taken the chunk, else a promise of when. */
  readonly taken: Promise<void> | undefined;
}

/**
 * Calls `send` when a chunk may go out. Resolves, when the next may be asked for, with whether there was one.
 * Rejects with what `send` threw, with the sink's refusal, or with the signal's reason while it waits.
 */
export type Pace = (send: () => Sent | undefined, signal: AbortSignal) => Promise<boolean>;

/** Hints for the encoder; absent where nothing limits. */
export interface ChunkSizes {
  readonly maxChunkFrames?: number;
  readonly maxChunkBytes?: number;
}

/** What goes out at once is the limit's share of this time. */
const chunkMs = 20;
/** What the event loop may be late by without the rate falling behind: on a busy machine it is, by some 60 ms. */
const burstMs = 80;

interface QueuedSend {
  proceed(): void;
}

/** @returns undefined where nothing is limited */
export function createPace(limits: PaceLimits, clock: Clock = systemClock): Pace | undefined {
  const rate = optionalLimit(limits.maxMessagesPerSecond);
  const bandwidth = optionalLimit(limits.maxBytesPerSecond);
  if (!rate && !bandwidth) return undefined;
  const queue: QueuedSend[] = [];
  let cancelWake: (() => void) | undefined;

  const waitMs = () => Math.max(rate?.waitMs(clock.monotonic()) ?? 0, bandwidth?.waitMs(clock.monotonic()) ?? 0);

  const count = ({ frames, bytes }: Sent): void => {
    rate?.spend(frames, clock.monotonic());
    bandwidth?.spend(bytes, clock.monotonic());
  };

  /** One send at a time, with the event loop free in between, also where the limits are far away. */
  function wakeLater(): void {
    if (cancelWake || queue.length === 0) return;
    const delayMs = Math.ceil(waitMs());
    if (delayMs > 0) {
      const timer = clock.timer(delayMs, wake);
      cancelWake = () => clock.cancel(timer);
    } else {
      const soon = clock.soon(wake);
      cancelWake = () => clock.cancelSoon(soon);
    }
  }

  function wake(): void {
    cancelWake = undefined;
    // What waited for the sink may have been counted meanwhile.
    if (waitMs() <= 0) queue.shift()?.proceed();
    wakeLater();
  }

  function dequeue(queued: QueuedSend): void {
    const index = queue.indexOf(queued);
    if (index >= 0) queue.splice(index, 1);
    if (queue.length > 0) return;
    cancelWake?.();
    cancelWake = undefined;
  }

  function sendWhenDue(send: () => Sent | undefined, signal: AbortSignal): Promise<Sent | undefined> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const queued: QueuedSend = {
        proceed() {
          signal.removeEventListener('abort', onAbort);
          try {
            const sent = send();
            if (sent && !sent.taken) count(sent);
            resolve(sent);
          } catch (error) {
            reject(error);
          }
        },
      };
      const onAbort = () => {
        dequeue(queued);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      queue.push(queued);
      wakeLater();
    });
  }

  return async (send, signal) => {
    const sent = await sendWhenDue(send, signal);
    if (sent?.taken) {
      await sent.taken;
      count(sent);
    }
    return sent !== undefined;
  };
}

/** How large chunks may be for the flow to be smooth; a message that is larger alone goes out whole, and is paid off. */
export function chunkSizes({ maxMessagesPerSecond, maxBytesPerSecond }: PaceLimits): ChunkSizes {
  return {
    ...(maxMessagesPerSecond !== undefined && { maxChunkFrames: share(maxMessagesPerSecond) }),
    ...(maxBytesPerSecond !== undefined && { maxChunkBytes: share(maxBytesPerSecond) }),
  };
}

function share(perSecond: number): number {
  return Math.max(1, Math.floor((perSecond * chunkMs) / 1000));
}

function optionalLimit(perSecond: number | undefined): RateLimit | undefined {
  return perSecond === undefined ? undefined : createRateLimit({ perSecond, burstMs });
}
