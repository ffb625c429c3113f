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
import { createPace, type Pace, type PaceLimits } from '../deliver/pacer.ts';
import { Turns } from '../deliver/turns.ts';
import type { Machine } from '../machine.ts';
import type { Part } from './fan-out.ts';
import { receiverNames } from './plan.ts';
import { Shared } from './shared.ts';

/** One receiver, or several that stand in for each other: where all flows to it end. */
export interface Outlet {
  readonly names: Readonly<Record<string, string>>;
  readonly sink: Sink<Part>;
  /** Its limits, and its queue for turns, are its own: a receiver that is stuck holds up nobody but its own flows. */
  readonly pace: Pace | undefined;
  readonly turns: Turns | undefined;
  /** Idempotent. Resolves when the first connection is up. */
  start(): Promise<void>;
}

export interface DeadLetterOutlet {
  readonly file: DeadLetterFile;
  readonly letters: DeadLetters;
}

/** What one flow has of all that. */
export interface FlowParts {
  readonly outlet: Outlet;
  readonly encoder: BatchEncoder;
  readonly deadLetter: DeadLetterOutlet | undefined;
}

type OutletKey = Pick<Config, 'receiver' | 'delivery'> & { readonly names: Readonly<Record<string, string>> };
type DeadLetterKey = NonNullable<Config['delivery']['deadLetter']>;

export class Outlets {
  readonly #log: Log;
  readonly #ended: AbortSignal;
  readonly #machine: Machine;
  readonly #outlets = new Shared((key: OutletKey) => this.#open(key));
  readonly #encoders = new Shared((key: EncoderConfig) => this.#createEncoder(key), encoderKey);
  readonly #deadLetters = new Shared((key: DeadLetterKey) => this.#createDeadLetter(key));
  /** Of sinks that are closed. */
  readonly #closed = { framesDropped: 0, reconnects: 0, confirms: true };
  /** Of those of them that were sent something. */
  readonly #sent = { any: false, confirms: true };

  /** @param ended aborts when the process is about to end: no connection is waited for any more */
  constructor(log: Log, ended: AbortSignal, machine: Machine) {
    this.#log = log;
    this.#ended = ended;
    this.#machine = machine;
  }

  get all(): readonly Outlet[] {
    return this.#outlets.all;
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
    const outlet = this.#outlets.take({ names: receiverNames(flow), receiver, delivery });
    try {
      const encoder = this.#encoders.take({
        message,
        receiver,
        delivery: pacing(delivery),
        operation: { encoder: operation.encoder },
      });
      return { outlet, encoder, deadLetter: delivery.deadLetter && this.#deadLetters.take(delivery.deadLetter) };
    } catch (error) {
      if (this.#outlets.release(outlet)) outlet.sink.destroy();
      throw error;
    }
  }

  /**
   * Ends connections in an orderly way behind the last flow that had them.
   * @returns whether all that was sent has been read, as far as that can be told: where nothing is confirmed, the
   * receiver's end of the last connection is the only sign
   */
  async giveBack({ outlet, encoder, deadLetter }: FlowParts, deadlineMs: number): Promise<boolean> {
    this.#encoders.release(encoder);
    const closing = deadLetter && this.#deadLetters.release(deadLetter) ? deadLetter.file.close() : undefined;
    const [isClosed] = await Promise.all([
      this.#giveBackOutlet(outlet, deadlineMs),
      within(deadlineMs, closing, this.#machine.clock),
    ]);
    return isClosed;
  }

  async #giveBackOutlet(outlet: Outlet, deadlineMs: number): Promise<boolean> {
    if (!this.#outlets.release(outlet)) return true;
    const isClosed = await outlet.sink.drain(deadlineMs);
    const { status } = outlet.sink;
    this.#closed.framesDropped += status.framesDropped;
    this.#closed.reconnects += status.reconnects;
    this.#closed.confirms &&= status.confirms;
    if (hasSent(status)) {
      this.#sent.any = true;
      this.#sent.confirms &&= status.confirms;
    }
    outlet.sink.destroy();
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

  #open({ names, receiver, delivery }: OutletKey): Outlet {
    const log = withFields(this.#log, names);
    const pace = createPace(delivery, this.#machine.clock);
    const sink = buildSink<Part>(
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
    const turns = pace ? undefined : new Turns({ count, clock: this.#machine.clock });
    return { names, sink, pace, turns, start: () => sink.start(this.#ended) };
  }

  #createEncoder(config: EncoderConfig): BatchEncoder {
    const encoder = buildEncoder(config);
    this.#log.info({ encoder: encoder.kind }, `logs become messages by the ${encoder.kind} encoder`);
    return encoder;
  }

  #createDeadLetter(options: DeadLetterKey): DeadLetterOutlet {
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
