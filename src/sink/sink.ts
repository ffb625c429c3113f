/**
 * The interface that every sink implements. A sink takes deliveries (the frames of one batch) and reports, for
 * each, how far it got. It knows nothing of shards, cursors, groups or formats.
 *
 * A delivery goes, in this order, through
 *   open → sent (the local kernel has every byte) → confirmed (the peer has read every byte)
 * or ends in `lost`, from any state before `confirmed`. `lost` says nothing about whether the peer has it.
 * A sink whose protocol cannot confirm reports `confirmed` together with `sent`, and says so at start.
 */
import type { FrameChunk } from '../core/bytes.ts';
import type { AppError } from '../core/errors.ts';

/** Names a delivery in the sink's reports: the sink hands the same object back, and uses nothing of it but what is here. */
export interface DeliveryRef {
  /** Deliveries of one stream arrive in the order in which they were opened. */
  readonly stream: string;
  /**
   * Whether the delivery must not be sent any more, for another consumer may send it by now. The sink asks before bytes
   * go to the kernel, and reports a delivery that it has held back as lost. Default: never.
   */
  readonly isWithdrawn?: (() => boolean) | undefined;
  /** Where the batch is from, for a sink that names what it writes by that. */
  readonly origin?: DeliveryOrigin | undefined;
}

export interface DeliveryOrigin {
  readonly project: string;
  readonly logstore: string;
  readonly shard: number;
  /** The cursor that the batch was pulled with, and the one behind it. */
  readonly from: string;
  readonly to: string;
}

/** A message that the receiver does not take, whenever it is sent. */
export interface Refusal {
  /** The message's place among the delivery's frames, from 0. */
  readonly frame: number;
  /** The message, framing included; not to be kept. */
  readonly bytes: Uint8Array;
  /** Milliseconds since that was found. */
  readonly forMs: number;
  /** What the receiver says about it; undefined: nothing, but it breaks each connection over the message. */
  readonly reason?: string;
}

/**
 * Asked each time that the receiver has refused the message once more, and only while its delivery is open: the batch is
 * let go after that. `skip`: its log is on record, and is not sent.
 */
export type OnRefused = (refusal: Refusal) => Promise<'again' | 'skip'>;

export interface SinkEvents<M extends DeliveryRef> {
  sent(ref: M): void;
  confirmed(ref: M): void;
  /** Several at once: everything unconfirmed that a broken connection carried, open deliveries included. */
  lost(refs: readonly M[], cause: AppError): void;
  /** `status.state` is another one now. */
  stateChanged?(): void;
}

export interface Sink<M extends DeliveryRef> {
  /**
   * Begins to connect, and resolves when the first connection is up. It keeps trying until the signal aborts
   * (then it rejects with the signal's reason): a receiver that is down is not an error, it is backpressure.
   */
  start(signal: AbortSignal): Promise<void>;
  /**
   * Opens a delivery. One at a time for each stream. Never fails: a sink without a connection makes `write` wait.
   * @param onRefused default: a message that is refused is sent again for as long as it takes
   */
  deliver(ref: M, onRefused?: OnRefused): Delivery;
  /** Asks that what was delivered be confirmed soon, and not at the sink's own leisure. */
  confirmSoon(): void;
  /** The receiver may have moved: its name is looked up again now, where that is not done for each connection anyway. */
  lookUpAgain(): void;
  /**
   * Waits until all that was delivered is confirmed or lost, then closes in an orderly way (ends its side, waits
   * for the peer's end). Nothing may be delivered any more. Idempotent.
   * @returns false when the deadline came first; `destroy` is then due
   */
  drain(deadlineMs: number): Promise<boolean>;
  /** Drops everything at once; what was unconfirmed is reported as lost. Idempotent. */
  destroy(cause?: AppError): void;
  readonly status: SinkStatus;
}

export interface Delivery {
  /**
   * Takes over a chunk, and its `release()`.
   * @returns undefined when the next may follow at once, else a promise of when. It rejects with
   * DeliveryLostError when the connection is lost; the delivery is over then, and was reported as lost.
   */
  write(chunk: FrameChunk): Promise<void> | undefined;
  /** The batch is complete: `sent` and `confirmed` follow, or `lost`. */
  end(): void;
  /**
   * Gives the delivery up: nothing more of it is written or reported (frames already written stay written), and a
   * `write` that waits rejects with DeliveryLostError. No effect after `end()`, and none the second time.
   */
  abandon(): void;
}

export interface SinkStatus {
  readonly state: 'connecting' | 'up' | 'down' | 'closed';
  /** `tls://siem.corp:6514` */
  readonly peer: string;
  /** Unix milliseconds of the last change of state. */
  readonly sinceMs: number;
  readonly bytesWritten: number;
  readonly framesWritten: number;
  /** Datagrams that the kernel or the path refused. */
  readonly framesDropped: number;
  /** `confirmed` means that the peer has read it; otherwise it comes together with `sent`. */
  readonly confirms: boolean;
  /** Since the process started; the first one is not counted. */
  readonly reconnects: number;
  /** Why it is down; undefined when it is up. */
  readonly lastError: string | undefined;
  /** Unix milliseconds at which something was last confirmed; undefined before. */
  readonly lastConfirmedAtMs?: number | undefined;
  /** Set while nothing that waits was confirmed, or taken, for too long, connection or not (watched.ts). */
  readonly stalled?: Stalled | undefined;
  /** The status of each receiver, where there are several; `peer` joins their names. */
  readonly members?: readonly SinkStatus[];
}

export interface Stalled {
  /** Unix milliseconds. */
  readonly sinceMs: number;
  readonly reason: string;
}
