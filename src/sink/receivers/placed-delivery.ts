/**
 * One delivery to one of several receivers.
 *
 *   held      it has no receiver yet; what was written waits.      Placed → given on; abandoned or lost → over
 *   given on  the receiver's own delivery takes everything.        Confirmed, abandoned or lost → over
 *   over      nothing of it is written or reported any more.
 */
import type { FrameChunk } from '../../core/bytes.ts';
import { createDeferred, type Deferred } from '../../core/deferred.ts';
import { DeliveryLostError } from '../../core/errors.ts';
import type { Delivery, DeliveryOrigin, DeliveryRef, OnRefused } from '../sink.ts';

interface BufferedChunk {
  readonly chunk: FrameChunk;
  readonly taken: Deferred<void>;
}

/** Also the reference by which the receiver's sink reports the delivery. */
export class PlacedDelivery<M extends DeliveryRef, Receiver> implements DeliveryRef {
  readonly ref: M;
  readonly stream: string;
  readonly onRefused: OnRefused | undefined;
  #receiver: Receiver | undefined;
  #delivery: Delivery | undefined;
  #buffered: BufferedChunk[] = [];
  #isEnded = false;
  #isOver = false;

  constructor(ref: M, onRefused: OnRefused | undefined) {
    this.ref = ref;
    this.onRefused = onRefused;
    this.stream = ref.stream;
  }

  isWithdrawn(): boolean {
    return this.ref.isWithdrawn?.() === true;
  }

  get origin(): DeliveryOrigin | undefined {
    return this.ref.origin;
  }

  get receiver(): Receiver | undefined {
    return this.#receiver;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  write(chunk: FrameChunk): Promise<void> | undefined {
    if (this.#isOver || this.#isEnded) {
      chunk.release();
      const refused = Promise.reject<void>(new DeliveryLostError('this delivery is over'));
      refused.catch(() => undefined);
      return refused;
    }
    if (this.#delivery) return this.#delivery.write(chunk);
    const taken = createDeferred<void>();
    // A writer that gave up, and does not look at its promise any more, must not end the process.
    taken.promise.catch(() => undefined);
    this.#buffered.push({ chunk, taken });
    return taken.promise;
  }

  end(): void {
    if (this.#isEnded || this.#isOver) return;
    this.#isEnded = true;
    this.#delivery?.end();
  }

  place(receiver: Receiver, delivery: Delivery): void {
    this.#receiver = receiver;
    this.#delivery = delivery;
    for (const { chunk, taken } of this.#buffered.splice(0)) {
      const wait = delivery.write(chunk);
      if (wait) wait.then(taken.resolve, taken.reject);
      else taken.resolve();
    }
    if (this.#isEnded) delivery.end();
  }

  /** The receiver's report of its end: nothing is left to be given up. */
  finish(): void {
    this.#isOver = true;
  }

  /** Nothing more of it is wanted. */
  discard(error: DeliveryLostError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#isEnded) this.#delivery?.abandon();
    for (const { chunk, taken } of this.#buffered.splice(0)) {
      chunk.release();
      taken.reject(error);
    }
  }
}
