/**
 * A kind of receiver that is no syslog, as an example of the seam: it writes JSON lines into files, and each file is
 * acknowledged later, as a whole. What `sink/` and `pipeline/receivers/` ask of a kind is all here.
 *
 *   a file    takes deliveries until it has `fileLines` lines, or is half a second old, and no delivery is open on it; then
 *             it is whole, and is acknowledged after `acknowledgedAfterMs`. Lost before that → all that it carried is lost with it.
 */
import { appendFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ReceiverConfig } from '../../../src/config/model/receivers.ts';
import type { FrameChunk } from '../../../src/core/bytes.ts';
import { AppError, DeliveryLostError } from '../../../src/core/errors.ts';
import type { Clock } from '../../../src/core/time/clock.ts';
import type { ReceiverKind } from '../../../src/pipeline/receivers/kind.ts';
import { Ledger, type LedgerEntry } from '../../../src/sink/ledger.ts';
import type {
  Delivery,
  DeliveryOrigin,
  DeliveryRef,
  OnRefused,
  Sink,
  SinkEvents,
  SinkStatus,
} from '../../../src/sink/sink.ts';
import { noLead } from '../oracles/no-lead.ts';

export interface JsonLinesReceiver {
  readonly kind: 'json-lines';
  readonly directory: string;
  readonly fileLines: number;
  readonly acknowledgedAfterMs: number;
  /** A line with this text is refused. */
  readonly refused?: string;
}

/** As a flow has it. */
export function jsonLinesReceiver(receiver: JsonLinesReceiver): ReceiverConfig {
  return receiver as unknown as ReceiverConfig;
}

export const jsonLinesKind: ReceiverKind<JsonLinesReceiver> = {
  sinks: (receiver, _, { clock }) => [
    {
      overdueMs: 10_000 + receiver.acknowledgedAfterMs,
      create: (events) => {
        const sink = new JsonLinesSink(receiver, clock, events);
        made.push(sink as JsonLinesSink<DeliveryRef>);
        return sink;
      },
    },
  ],
  encoding: () => ({ lead: noLead, framing: 'lf' }),
  encodingKey: () => undefined,
};

/** For tests: the sinks that daemons have made, the latest last. */
export const made: JsonLinesSink<DeliveryRef>[] = [];

interface LinesFile {
  readonly path: string;
  lines: number;
  isOld: boolean;
  isWhole: boolean;
}

const fileAgeMs = 500;

export class JsonLinesSink<M extends DeliveryRef> implements Sink<M> {
  /** By file: where its lines are from. */
  readonly origins = new Map<string, DeliveryOrigin | undefined>();
  /** Paths of the files that were acknowledged. */
  readonly acknowledged: string[] = [];
  readonly #receiver: JsonLinesReceiver;
  readonly #clock: Clock;
  readonly #events: SinkEvents<M>;
  readonly #ledger: Ledger<M, LinesFile>;
  readonly #opened = new Set<LinesFile>();
  #writing: Promise<unknown> = Promise.resolve();
  #files = 0;
  #lines = 0;
  #bytes = 0;
  #isClosed = false;
  #lastError: string | undefined;

  constructor(receiver: JsonLinesReceiver, clock: Clock, events: SinkEvents<M>) {
    this.#receiver = receiver;
    this.#clock = clock;
    this.#events = events;
    this.#ledger = new Ledger(events);
    this.#ledger.confirming(true);
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
  }

  deliver(mark: M, onRefused?: OnRefused): Delivery {
    const entry = this.#ledger.open(mark);
    let frame = 0;
    return {
      write: (chunk) => {
        entry.unwritten++;
        const first = frame;
        frame += chunk.frameCount;
        const written = this.#writing.then(() => this.#write(entry, chunk, first, onRefused));
        this.#writing = written.catch(() => undefined);
        return written;
      },
      end: () => {
        entry.isEnded = true;
        this.#ledger.advance(entry);
        this.#sealFull();
      },
      abandon: () => {
        if (!entry.isOver) this.#ledger.abandon(entry);
      },
    };
  }

  async #write(
    entry: LedgerEntry<M, LinesFile>,
    chunk: FrameChunk,
    firstFrame: number,
    onRefused: OnRefused | undefined,
  ): Promise<void> {
    const lines = Buffer.from(chunk.bytes).toString().split('\n').slice(0, -1);
    chunk.release();
    const taken: string[] = [];
    for (const [at, line] of lines.entries()) {
      if (entry.isOver) throw new DeliveryLostError('this delivery is over');
      if (!(await this.#isRefused(line, firstFrame + at, onRefused))) taken.push(`${line}\n`);
    }
    if (entry.isOver) throw new DeliveryLostError('this delivery is over');
    const file = entry.carrier ?? this.#openFile(entry.ref);
    entry.carrier = file;
    file.lines += taken.length;
    this.#lines += taken.length;
    await appendFile(file.path, taken.join(''));
    this.#bytes += chunk.bytes.length;
    entry.unwritten--;
    if (!entry.isOver) this.#ledger.advance(entry);
    this.#sealFull();
  }

  async #isRefused(line: string, frame: number, onRefused: OnRefused | undefined): Promise<boolean> {
    const { refused } = this.#receiver;
    const sinceMs = this.#clock.monotonic();
    while (refused !== undefined && line.includes(refused) && !this.#isClosed) {
      const forMs = this.#clock.monotonic() - sinceMs;
      const refusal = { frame, bytes: Buffer.from(line), forMs, reason: `it says ${refused}` };
      if ((await onRefused?.(refusal)) === 'skip') return true;
      await this.#clock.sleep(20);
    }
    return false;
  }

  /** A file for each stream. */
  #openFile({ stream, origin }: DeliveryRef): LinesFile {
    const open = [...this.#opened].find(
      (file) => !file.isWhole && file.path.includes(`${stream.replaceAll('/', '-')}.`),
    );
    if (open) return open;
    const name = `${stream.replaceAll('/', '-')}.${this.#files++}.jsonl`;
    const file = { path: path.join(this.#receiver.directory, name), lines: 0, isOld: false, isWhole: false };
    this.#opened.add(file);
    this.#clock.timer(fileAgeMs, () => {
      file.isOld = true;
      this.#sealFull();
    });
    this.origins.set(file.path, origin);
    return file;
  }

  #sealFull(minLines = this.#receiver.fileLines): void {
    for (const file of this.#opened) {
      if (file.isWhole || (file.lines < minLines && !file.isOld) || this.#ledger.isOpenOn(file)) continue;
      file.isWhole = true;
      this.#clock.timer(this.#receiver.acknowledgedAfterMs, () => {
        if (!this.#opened.delete(file)) return;
        this.acknowledged.push(file.path);
        this.#ledger.confirm(file);
      });
    }
  }

  /** For tests: every file that is not acknowledged is gone. @returns how many */
  async loseFiles(): Promise<number> {
    const files = [...this.#opened];
    const error = new AppError('the files are gone', { code: 'files-gone', action: 'retry' });
    this.#lastError = error.message;
    this.#opened.clear();
    const lost = files.flatMap((file) => this.#ledger.lose(file));
    await Promise.all(files.map((file) => rm(file.path, { force: true })));
    if (lost.length > 0)
      this.#events.lost(
        lost.map(({ ref: mark }) => mark),
        error,
      );
    return files.length;
  }

  confirmSoon(): void {
    this.#sealFull(0);
  }

  lookUpAgain(): void {
    // A directory does not move.
  }

  async drain(deadlineMs: number): Promise<boolean> {
    const untilMs = this.#clock.monotonic() + deadlineMs;
    while (!this.#ledger.isEmpty && this.#clock.monotonic() < untilMs) {
      this.#sealFull(0);
      await this.#clock.sleep(5);
    }
    this.#isClosed = true;
    return this.#ledger.isEmpty;
  }

  destroy(cause = new AppError('the sink was destroyed', { code: 'destroyed', action: 'retry' })): void {
    this.#isClosed = true;
    const lost = this.#ledger.loseAll();
    if (lost.length > 0)
      this.#events.lost(
        lost.map(({ ref: mark }) => mark),
        cause,
      );
  }

  get status(): SinkStatus {
    return {
      state: this.#isClosed ? 'closed' : 'up',
      peer: `json-lines://${this.#receiver.directory}`,
      sinceMs: 0,
      bytesWritten: this.#bytes,
      framesWritten: this.#lines,
      framesDropped: 0,
      confirms: true,
      reconnects: 0,
      lastError: this.#lastError,
    };
  }
}
