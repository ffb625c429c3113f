/**
 * What flows have in common: a sink for each receiver, an encoder for each way to make messages, and the dead-letter
 * files. Each is made with the first flow that needs it, and closed behind the last.
 */
import type { Config, Flow } from '../../config/model/config.ts';
import { createDeferred } from '../../core/deferred.ts';
import { type Log, withFields } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import { DeadLetters } from '../../dead-letter/dead-letters.ts';
import { DeadLetterFile } from '../../dead-letter/file.ts';
import type { BatchEncoder } from '../../encode/frame/batch-encoder.ts';
import type { Sink, SinkStatus } from '../../sink/sink.ts';
import { buildEncoder, buildSink, type EncoderConfig, encoderKey } from '../build.ts';
import { EncodeLimiter } from '../deliver/encode-limiter.ts';
import { createPace, type Pace, type PaceLimits } from '../deliver/pacer.ts';
import type { Machine } from '../machine.ts';
import type { BatchPart } from './fan-out.ts';
import { receiverNames } from './plan.ts';
import { RefCountedPool } from './ref-counted-pool.ts';

/** One receiver, or several that stand in for each other: where all flows to it end. */
export interface Destination {
  readonly names: Readonly<Record<string, string>>;
  readonly sink: Sink<BatchPart>;
  /** Its limits, and its queue for turns, are its own: a receiver that is stuck holds up nobody but its own flows. */
  readonly pace: Pace | undefined;
  readonly encodeLimiter: EncodeLimiter | undefined;
  /** Idempotent. Resolves when the first connection is up. */
  start(): Promise<void>;
}

export interface DeadLetterParts {
  readonly file: DeadLetterFile;
  readonly letters: DeadLetters;
}

/** What one flow has of all that. */
export interface FlowParts {
  readonly destination: Destination;
  readonly encoder: BatchEncoder;
  readonly deadLetter: DeadLetterParts | undefined;
}

type DestinationKey = Pick<Config, 'receiver' | 'delivery'> & { readonly names: Readonly<Record<string, string>> };
type DeadLetterKey = NonNullable<Config['delivery']['deadLetter']>;

export class FlowResources {
  readonly #log: Log;
  readonly #ended: AbortSignal;
  readonly #machine: Machine;
  readonly #destinations = new RefCountedPool((key: DestinationKey) => this.#open(key));
  readonly #encoders = new RefCountedPool((key: EncoderConfig) => this.#createEncoder(key), encoderKey);
  readonly #deadLetters = new RefCountedPool((key: DeadLetterKey) => this.#createDeadLetter(key));
  /** Sums over the sinks that are closed. */
  readonly #closed = { framesDropped: 0, reconnects: 0, confirms: true };
  /** Whether a closed sink was sent anything, and whether all such sinks confirmed. */
  readonly #sent = { any: false, confirms: true };

  /** @param ended aborts when the process is about to end: no connection is waited for any more */
  constructor(log: Log, ended: AbortSignal, machine: Machine) {
    this.#log = log;
    this.#ended = ended;
    this.#machine = machine;
  }

  get all(): readonly Destination[] {
    return this.#destinations.all;
  }

  get framesDropped(): number {
    return this.all.reduce((sum, { sink }) => sum + sink.status.framesDropped, this.#closed.framesDropped);
  }

  get reconnects(): number {
    return this.all.reduce((sum, { sink }) => sum + sink.status.reconnects, this.#closed.reconnects);
  }

  /** Every receiver says what it has read. One that was sent nothing, as it was never there, does not count beside others. */
  get confirm(): boolean {
    const statuses = this.all.map(({ sink }) => sink.status);
    const sentTo = statuses.filter(hasSent);
    if (sentTo.length === 0 && !this.#sent.any) return [this.#closed, ...statuses].every(({ confirms }) => confirms);
    return [this.#sent, ...sentTo].every(({ confirms }) => confirms);
  }

  /** Unix milliseconds since which a dead-letter file cannot be written; undefined while all can. */
  get deadLettersFailSinceMs(): number | undefined {
    const since = this.#deadLetters.all.flatMap(({ letters }) => letters.troubleSinceMs ?? []);
    return since.length > 0 ? Math.min(...since) : undefined;
  }

  /**
   * `giveBack` is due once for each call.
   * @throws ConfigError when a certificate, a key or a message's options cannot be used
   */
  take(flow: Flow): FlowParts {
    const { message, receiver, delivery, operation } = flow.config;
    const destination = this.#destinations.take({ names: receiverNames(flow), receiver, delivery });
    try {
      const encoder = this.#encoders.take({
        message,
        receiver,
        delivery: pacing(delivery),
        operation: { encoder: operation.encoder },
      });
      return { destination, encoder, deadLetter: delivery.deadLetter && this.#deadLetters.take(delivery.deadLetter) };
    } catch (error) {
      if (this.#destinations.release(destination)) destination.sink.destroy();
      throw error;
    }
  }

  /**
   * Ends connections in an orderly way behind the last flow that had them.
   * @returns whether all that was sent has been read, as far as that can be told: where nothing is confirmed, the
   * receiver's end of the last connection is the only sign
   */
  async giveBack({ destination, encoder, deadLetter }: FlowParts, deadlineMs: number): Promise<boolean> {
    this.#encoders.release(encoder);
    const closing = deadLetter && this.#deadLetters.release(deadLetter) ? deadLetter.file.close() : undefined;
    const [isClosed] = await Promise.all([
      this.#releaseDestination(destination, deadlineMs),
      within(deadlineMs, closing, this.#machine.clock),
    ]);
    return isClosed;
  }

  async #releaseDestination(destination: Destination, deadlineMs: number): Promise<boolean> {
    if (!this.#destinations.release(destination)) return true;
    const isClosed = await destination.sink.drain(deadlineMs);
    const { status } = destination.sink;
    this.#closed.framesDropped += status.framesDropped;
    this.#closed.reconnects += status.reconnects;
    this.#closed.confirms &&= status.confirms;
    if (hasSent(status)) {
      this.#sent.any = true;
      this.#sent.confirms &&= status.confirms;
    }
    destination.sink.destroy();
    return isClosed || status.confirms;
  }

  /** Receivers may have moved: their names are looked up now. */
  lookUpAgain(): void {
    for (const { sink } of this.all) sink.lookUpAgain();
  }

  /** Drops every connection. */
  destroy(): void {
    for (const { sink } of this.all) sink.destroy();
    for (const { file } of this.#deadLetters.all) void file.close();
  }

  #open({ names, receiver, delivery }: DestinationKey): Destination {
    const log = withFields(this.#log, names);
    const pace = createPace(delivery, this.#machine.clock);
    const sink = buildSink<BatchPart>(
      { receiver, delivery },
      {
        sent: (part) => part.sent(),
        confirmed: (part) => part.confirmed(),
        lost: (parts) => {
          for (const part of parts) part.lost();
        },
      },
      log,
      this.#machine,
    );
    const count = sink.status.members?.length ?? 1;
    const encodeLimiter = pace ? undefined : new EncodeLimiter({ count, clock: this.#machine.clock });
    return { names, sink, pace, encodeLimiter, start: () => sink.start(this.#ended) };
  }

  #createEncoder(config: EncoderConfig): BatchEncoder {
    const encoder = buildEncoder(config);
    this.#log.info({ encoder: encoder.kind }, `logs become messages by the ${encoder.kind} encoder`);
    return encoder;
  }

  #createDeadLetter(options: DeadLetterKey): DeadLetterParts {
    const { clock, files } = this.#machine;
    const file = new DeadLetterFile({ ...options, log: this.#log, files, clock });
    return { file, letters: new DeadLetters({ file, log: this.#log, clock }) };
  }
}

/** The file waits for a write that is under way, and a disk that hangs must not hold up a shutdown, or a reload. */
async function within(deadlineMs: number, closing: Promise<void> | undefined, clock: Clock): Promise<void> {
  const deadline = createDeferred<void>();
  const timer = clock.timer(deadlineMs, deadline.resolve);
  await Promise.race([closing, deadline.promise]);
  clock.cancel(timer);
}

/** What of a receiver's delivery an encoder is made with. */
function pacing({ maxMessagesPerSecond, maxBytesPerSecond }: PaceLimits): PaceLimits {
  return {
    ...(maxMessagesPerSecond !== undefined && { maxMessagesPerSecond }),
    ...(maxBytesPerSecond !== undefined && { maxBytesPerSecond }),
  };
}

function hasSent({ framesWritten }: SinkStatus): boolean {
  return framesWritten > 0;
}
