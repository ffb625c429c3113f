/** The chunks that wait for a connection, or for room on one, in the order in which they came. */
import type { FrameChunk } from '../../../core/bytes.ts';
import type { DeliveryLostError } from '../../../core/errors.ts';
import type { DeliveryRef } from '../../sink.ts';
import type { Entry } from '../link/entry.ts';
import type { Connection } from '../link/transport.ts';
import type { WaitingChunk } from './suspects-parts.ts';

export class WaitingChunks<M extends DeliveryRef> {
  readonly #target: (entry: Entry<M>) => Connection | undefined;
  readonly #hand: (entry: Entry<M>, chunk: FrameChunk) => boolean;
  #waiting: WaitingChunk<M>[] = [];

  /**
   * @param target the connection that a delivery's chunks go to
   * @param hand gives a chunk to that; false: there is none, or no room on it
   */
  constructor(
    target: (entry: Entry<M>) => Connection | undefined,
    hand: (entry: Entry<M>, chunk: FrameChunk) => boolean,
  ) {
    this.#target = target;
    this.#hand = hand;
  }

  push(waiting: WaitingChunk<M>): void {
    this.#waiting.push(waiting);
  }

  /** Whether somebody waits for the same connection. */
  isSomebodyBefore(entry: Entry<M>): boolean {
    const target = this.#target(entry);
    return this.#waiting.some((waiting) => this.#target(waiting.entry) === target);
  }

  /** A delivery on a connection that is being replaced must not wait behind deliveries that wait for the next one. */
  pump(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) {
      if (each.entry.isOver || this.isSomebodyBefore(each.entry) || !this.#hand(each.entry, each.chunk)) {
        this.#waiting.push(each);
      } else each.taken.resolve();
    }
  }

  takeOut(isWanted: (entry: Entry<M>) => boolean): readonly WaitingChunk<M>[] {
    const taken = this.#waiting.filter(({ entry }) => isWanted(entry));
    this.#waiting = this.#waiting.filter(({ entry }) => !isWanted(entry));
    return taken;
  }

  /** Drops the chunks of deliveries that are over. */
  dropOver(error: DeliveryLostError): void {
    const dropped = this.takeOut((entry) => entry.isOver);
    if (dropped.length === 0) return;
    for (const { chunk, taken } of dropped) {
      chunk.release();
      taken.reject(error);
    }
    this.pump();
  }
}
