/** What a kind of receiver has to bring: the configuration of one receiver → its sinks, and what stands around its texts. */
import type { DeliveryConfig, MessageConfig } from '../../config/model/config.ts';
import type { ReceiverConfig } from '../../config/model/receivers.ts';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { EncoderOptions } from '../../encode/frame/encoder-options.ts';
import type { Network } from '../../sink/network.ts';
import type { DeliveryRef, Sink, SinkEvents } from '../../sink/sink.ts';

export interface ReceiverKind<Receiver extends { readonly kind: string }> {
  /** @returns a sink for each receiver that stands in for the others; at least one, the first of the configuration first */
  sinks(receiver: Receiver, delivery: DeliveryConfig, around: SinkSurroundings): readonly NewSink[];
  /** What stands before and after the text of each log. */
  encoding(receiver: Receiver, message: MessageConfig): Pick<EncoderOptions, 'lead' | 'framing'>;
  /** What `encoding` takes of the receiver: receivers where this is equal share an encoder. */
  encodingKey(receiver: Receiver): unknown;
}

export interface SinkSurroundings {
  readonly log: Log;
  readonly clock: Clock;
  readonly network: Network;
}

export interface NewSink {
  /**
   * The longest that a confirmation takes where nothing is wrong: until the receiver is asked, and until its silence counts
   * as a loss.
   */
  readonly overdueMs: number;
  /** @throws ConfigError when a certificate, a key or a fingerprint cannot be used */
  create<M extends DeliveryRef>(events: SinkEvents<M>): Sink<M>;
}

/** Any kind: each gets only configurations of its own kind. */
export type AnyReceiverKind = ReceiverKind<ReceiverConfig>;
