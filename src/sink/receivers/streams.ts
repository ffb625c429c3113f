/** Deliveries by their streams, each stream's oldest first. Pure. */
import type { DeliveryRef } from '../sink.ts';

export class Streams<D extends DeliveryRef> {
  readonly #streams = new Map<string, D[]>();

  add(delivery: D): void {
    const stream = this.#streams.get(delivery.stream);
    if (stream) stream.push(delivery);
    else this.#streams.set(delivery.stream, [delivery]);
  }

  /** Each stream's deliveries; the list of streams does not change while a caller goes through it. */
  each(): readonly (readonly D[])[] {
    return [...this.#streams.values()];
  }

  all(): readonly D[] {
    return this.each().flat();
  }

  remove(delivery: D): void {
    this.#splice(delivery, 1);
  }

  /** @returns the delivery and what came after it in its stream; nothing where it is not there (any more) */
  removeFrom(delivery: D): readonly D[] {
    return this.#splice(delivery, Number.POSITIVE_INFINITY);
  }

  #splice(delivery: D, count: number): D[] {
    const stream = this.#streams.get(delivery.stream) ?? [];
    const at = stream.indexOf(delivery);
    if (at < 0) return [];
    const removed = stream.splice(at, count);
    if (stream.length === 0) this.#streams.delete(delivery.stream);
    return removed;
  }
}
