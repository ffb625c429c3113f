/**
 * Sends what dead-letter files hold, through the same encoder and sink as a run, and with the same confirmation.
 *
 * The records are gathered into portions, each of them one delivery. What is not confirmed is kept, a few MiB of it at
 * the most, and sent again from there when the connection that carried it is lost. The files are only read.
 */
import type { ReplayConfig } from '../config/model/config.ts';
import type { BatchBody } from '../core/bytes.ts';
import { AppError, DeliveryLostError, toAppError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { systemClock } from '../core/time/clock.ts';
import { type ReadRecord, readRecords } from '../dead-letter/read.ts';
import type { RangeRecord } from '../dead-letter/record.ts';
import type { BatchCounts, BatchEncoder, RejectedLog, RejectReason } from '../encode/frame/batch-encoder.ts';
import type { BatchOrigin } from '../encode/wire/batch-origin.ts';
import type { Delivery, DeliveryRef, OnRefused, Sink } from '../sink/sink.ts';
import type { SlsLogService } from '../sls/sls-log-service.ts';
import { buildEncoder, buildService, buildSink } from './build.ts';
import { unpaced, writeBatch } from './deliver/deliver.ts';
import { createPace, type Pace } from './deliver/pacer.ts';

export interface ReplayOptions {
  readonly files: readonly string[];
  readonly config: ReplayConfig;
  readonly log: Log;
}

export interface ReplaySummary {
  /** Every record was sent, and everything sent is confirmed. */
  readonly complete: boolean;
  /** Confirmed means that the receiver has read it; otherwise, that the local kernel has taken it. */
  readonly confirms: boolean;
  /** Logs that were sent, once or more, and those of them that are confirmed. */
  readonly replayed: number;
  readonly confirmed: number;
  /** Logs that were sent cut, or in several messages, as `--oversize` says. */
  readonly truncated: number;
  readonly split: number;
  /** Records that were not sent, or not all of them; each was logged. */
  readonly notReplayable: number;
}

/** A log, or a batch that was pulled again. */
interface Item {
  readonly place: string;
  readonly body: BatchBody;
  readonly origin: BatchOrigin;
}

interface Portion extends DeliveryRef {
  readonly items: readonly Item[];
  readonly bytes: number;
  /** Logs that were written the last time it was sent; undefined before the first. */
  logs: number | undefined;
}

type SentCounts = Pick<BatchCounts, 'logs' | 'truncated' | 'split' | 'deadLettered'>;

const portionBytes = 1 << 20;
const portionItems = 1_000;
const maxUnconfirmedBytes = 8 << 20;

/**
 * Resolves when all is confirmed, or soon after the signal has aborted.
 * @throws Error when a file cannot be read any further, AppError when an option is wrong
 */
export async function replay(options: ReplayOptions, signal: AbortSignal): Promise<ReplaySummary> {
  return new Replay(options, signal).run();
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #signal: AbortSignal;
  readonly #sink: Sink<Portion>;
  readonly #pace: Pace;
  readonly #encoder: BatchEncoder;
  readonly #problems = new Map<string, string>();
  /** What is not confirmed, oldest first. */
  readonly #portions: Portion[] = [];
  /** The index of the first portion that is to be sent. */
  #next = 0;
  #service: SlsLogService | undefined;
  #replayed = 0;
  #confirmed = 0;
  #truncated = 0;
  #split = 0;
  #wake: (() => void) | undefined;

  constructor(options: ReplayOptions, signal: AbortSignal) {
    const { config, log } = options;
    this.#options = options;
    this.#signal = signal;
    this.#encoder = buildEncoder(config);
    this.#pace = createPace(config.delivery) ?? unpaced(systemClock);
    const confirmed = (portion: Portion) => this.#onConfirmed(portion);
    const lost = (portions: readonly Portion[]) => {
      for (const portion of portions) this.#rewind(portion);
    };
    this.#sink = buildSink(config, { sent: () => undefined, confirmed, lost }, log);
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  async run(): Promise<ReplaySummary> {
    const { drainTimeoutMs } = this.#options.config.operation;
    let isWhole = false;
    let isClosed = false;
    try {
      await this.#sink.start(this.#signal);
      for await (const portion of this.#gather()) {
        this.#portions.push(portion);
        await this.#pump(maxUnconfirmedBytes);
      }
      await this.#pump(0);
      isWhole = true;
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    } finally {
      isClosed = await this.#sink.drain(drainTimeoutMs);
      this.#sink.destroy();
      await this.#service?.close();
    }
    const { confirms } = this.#sink.status;
    return {
      complete: isWhole && this.#problems.size === 0 && (isClosed || confirms),
      confirms,
      replayed: this.#replayed,
      truncated: this.#truncated,
      split: this.#split,
      confirmed: this.#confirmed,
      notReplayable: this.#problems.size,
    };
  }

  /** Sends what is to be sent, until no more than so many bytes are unconfirmed. */
  async #pump(maxBytes: number): Promise<void> {
    for (;;) {
      this.#signal.throwIfAborted();
      const portion = this.#portions[this.#next];
      if (portion) {
        this.#next++;
        await this.#send(portion);
      } else if (this.#portions.reduce((sum, { bytes }) => sum + bytes, 0) <= maxBytes) {
        return;
      } else {
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#sink.confirmSoon();
        await woken;
      }
    }
  }

  async #send(portion: Portion): Promise<void> {
    const present = { place: '', notTaken: 0 };
    // What is written is taken, or skipped, before the next item is begun.
    const onRefused: OnRefused = async ({ bytes, reason }) => {
      const how = reason === undefined ? 'breaks the connection over' : 'refuses';
      const why = `the receiver ${how} its message, of ${bytes.length} bytes with its frame${reason === undefined ? '' : `: ${reason}`}`;
      this.#notReplayable(present.place, why);
      present.notTaken++;
      return 'skip';
    };
    const delivery = this.#sink.deliver(portion, onRefused);
    const onAbort = () => delivery.abandon();
    this.#signal.addEventListener('abort', onAbort, { once: true });
    try {
      const counts = { logs: 0, truncated: 0, split: 0 };
      for (const item of portion.items) {
        present.place = item.place;
        present.notTaken = 0;
        const { logs, truncated, split } = await this.#sendItem(item, delivery);
        // A log that is split may have several such messages.
        counts.logs += Math.max(0, logs - present.notTaken);
        counts.truncated += truncated;
        counts.split += split;
      }
      if (portion.logs === undefined) {
        this.#replayed += counts.logs;
        this.#truncated += counts.truncated;
        this.#split += counts.split;
      }
      portion.logs = counts.logs;
      delivery.end();
    } catch (error) {
      delivery.abandon();
      if (!(error instanceof DeliveryLostError)) throw error;
      this.#rewind(portion);
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
    }
  }

  async #sendItem(item: Item, delivery: Delivery): Promise<SentCounts> {
    const { place, body, origin } = item;
    const reasons = new Set<RejectReason>();
    let counts: SentCounts = { logs: 0, truncated: 0, split: 0, deadLettered: 0 };
    try {
      const batch = this.#encoder.begin(body, origin);
      try {
        const add = ({ reason }: RejectedLog) => reasons.add(reason);
        const rejectedLogs = { add, isFull: () => false, store: async () => undefined };
        await writeBatch(batch, delivery, this.#pace, this.#signal, rejectedLogs);
      } finally {
        batch.close();
        counts = batch.counts;
      }
      const { maxMessageBytes } = this.#options.config.message;
      const tooLong = `its message would have more than ${maxMessageBytes} bytes (--max-message-bytes, --oversize)`;
      if (reasons.has('oversize')) this.#notReplayable(place, tooLong);
      if (reasons.has('format')) this.#notReplayable(place, 'its format makes no text of it');
    } catch (error) {
      if (!(error instanceof AppError) || (error.code !== 'corrupt-batch' && error.code !== 'encoder-options'))
        throw error;
      this.#notReplayable(place, error.message);
    }
    return counts;
  }

  #onConfirmed(portion: Portion): void {
    const at = this.#portions.indexOf(portion);
    if (at < 0) return;
    this.#portions.splice(at, 1);
    this.#next--;
    this.#confirmed += portion.logs ?? 0;
    this.#wake?.();
  }

  /** The portion, and all after it, are to be sent again. */
  #rewind(portion: Portion): void {
    const at = this.#portions.indexOf(portion);
    if (at >= 0) this.#next = Math.min(this.#next, at);
    this.#wake?.();
  }

  #notReplayable(place: string, why: string): void {
    if (this.#problems.has(place)) return;
    this.#problems.set(place, why);
    this.#options.log.warn({ place, reason: why }, `not replayed: ${place}: ${why}`);
  }

  async *#gather(): AsyncGenerator<Portion> {
    let items: Item[] = [];
    let bytes = 0;
    for await (const record of readRecords(this.#options.files)) {
      for await (const item of this.#itemsOf(record)) {
        items.push(item);
        bytes += item.body.bytes.length;
        if (bytes < portionBytes && items.length < portionItems) continue;
        yield { stream: 'replay', items, bytes, logs: undefined };
        items = [];
        bytes = 0;
      }
    }
    if (items.length > 0) yield { stream: 'replay', items, bytes, logs: undefined };
  }

  async *#itemsOf(record: ReadRecord): AsyncGenerator<Item> {
    const { place } = record;
    if ('problem' in record) this.#notReplayable(place, record.problem);
    else if ('range' in record) yield* this.#pull(place, record.range);
    else {
      const { project, logstore, shard, cursor, index } = record.log;
      const bytes = record.logGroupList;
      const body: BatchBody = { bytes, compression: 'none', rawSize: bytes.length };
      yield { place, body, origin: { project, logstore, shard, cursor, firstIndex: index } };
    }
  }

  /** What could not be read, once more from the log service, as long as that still has it. */
  async *#pull(place: string, { project, logstore, shard, cursor, nextCursor }: RangeRecord): AsyncGenerator<Item> {
    const { service: given } = this.#options.config;
    const from = `project ${project}, logstore ${logstore}, shard ${shard}, cursor ${cursor} to ${nextCursor}`;
    if (!given) {
      this.#notReplayable(
        place,
        `a batch that could not be read: pulling it again (${from}) needs the service's settings`,
      );
      return;
    }
    if (given.project !== project || given.logstore !== logstore) {
      this.#notReplayable(place, `a batch of another logstore than the one that is configured: ${from}`);
      return;
    }
    this.#service ??= buildService(
      { service: given, group: { name: 'dead-letter-replay', consumerName: 'replay' } },
      { log: this.#options.log },
    );
    try {
      for (let at = cursor; at !== nextCursor; ) {
        const pulled = await this.#service.pull(shard, at, {
          maxLogGroups: 1_000,
          endCursor: nextCursor,
          signal: this.#signal,
        });
        if (pulled.nextCursor === at) throw new Error('the log service has nothing more there');
        if (pulled.body) yield { place, body: pulled.body, origin: { project, logstore, shard, cursor: at } };
        at = pulled.nextCursor;
      }
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#notReplayable(place, `${from}: ${toAppError(error).message}`);
    }
  }
}
