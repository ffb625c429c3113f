import { DeliveryLostError } from '../../core/errors.ts';

/** A sequence of pulls and deliveries from one cursor on. A rewind aborts both; a drain aborts the pulls only. */
export class Pass {
  readonly pulls = new AbortController();
  readonly deliveries = new AbortController();

  abort(reason: DeliveryLostError): void {
    this.pulls.abort(reason);
    this.deliveries.abort(reason);
  }
}

export const stopReason = new DeliveryLostError('the shard was stopped');
export const rewindReason = new DeliveryLostError('the shard is pulled again from an earlier cursor');
export const drainReason = new DeliveryLostError('the shard is given up');
