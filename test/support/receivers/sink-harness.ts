/** A syslog sink under test: what it was told, what it told, and every chunk's release counted. */
import type { FrameChunk } from '../../../src/core/bytes.ts';
import type { AppError } from '../../../src/core/errors.ts';
import type { Log } from '../../../src/core/log.ts';
import type { Delivery, DeliveryRef, Sink, SinkEvents } from '../../../src/sink/sink.ts';
import { createSyslogSink } from '../../../src/sink/syslog/create.ts';
import type { SyslogSinkOptions } from '../../../src/sink/syslog/link/options.ts';

export interface TestMark extends DeliveryRef {
  readonly id: number;
}

export interface Loss {
  readonly marks: readonly TestMark[];
  readonly cause: AppError;
}

export class EventRecorder implements SinkEvents<TestMark> {
  /** `sent 1`, `confirmed 1`, `lost 2` in the order in which they came. */
  readonly history: string[] = [];
  readonly losses: Loss[] = [];

  sent(mark: TestMark): void {
    this.history.push(`sent ${mark.id}`);
  }

  confirmed(mark: TestMark): void {
    this.history.push(`confirmed ${mark.id}`);
  }

  lost(marks: readonly TestMark[], cause: AppError): void {
    for (const mark of marks) this.history.push(`lost ${mark.id}`);
    this.losses.push({ marks, cause });
  }

  count(what: 'sent' | 'confirmed' | 'lost'): number {
    return this.history.filter((each) => each.startsWith(`${what} `)).length;
  }
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export function createLogRecorder(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (fields: LogLine['fields'], message: string) => {
    lines.push({ level, fields, message });
  };
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines };
}

/** Chunks, and how often each was released: it has to be once. */
export class ChunkMaker {
  readonly releases: number[] = [];

  /** @param payload the whole bytes, or one string a frame */
  chunk(payload: Uint8Array | readonly string[]): FrameChunk {
    const index = this.releases.push(0) - 1;
    const parts = payload instanceof Uint8Array ? [payload] : payload.map((each) => Buffer.from(each));
    const frameEnds = new Uint32Array(parts.length);
    let end = 0;
    for (const [i, part] of parts.entries()) {
      end += part.length;
      frameEnds[i] = end;
    }
    return {
      bytes: Buffer.concat(parts),
      frameCount: parts.length,
      frameEnds,
      release: () => {
        this.releases[index] = (this.releases[index] ?? 0) + 1;
      },
    };
  }

  get isEachReleasedOnce(): boolean {
    return this.releases.every((count) => count === 1);
  }
}

export interface SinkUnderTest {
  readonly sink: Sink<TestMark>;
  readonly events: EventRecorder;
  readonly chunks: ChunkMaker;
  readonly lines: LogLine[];
  /** Opens a delivery in a stream of its own, writes the payloads as room permits, and ends it. */
  send(id: number, ...payloads: readonly (Uint8Array | readonly string[])[]): Promise<void>;
  /** Lines above debug. */
  told(): LogLine[];
}

/** Backs off for milliseconds, and confirms nothing unless the test says so; everything else as by default. */
export function createSinkUnderTest(options: SyslogSinkOptions): SinkUnderTest {
  const events = new EventRecorder();
  const chunks = new ChunkMaker();
  const { log, lines } = createLogRecorder();
  const sink = createSyslogSink(
    { confirm: 'off', ...options, tuning: { backoffMinMs: 5, backoffMaxMs: 20, ...options.tuning } },
    events,
    log,
  );
  return {
    sink,
    events,
    chunks,
    lines,
    async send(id, ...payloads) {
      const delivery: Delivery = sink.deliver({ stream: String(id), id });
      for (const payload of payloads) await delivery.write(chunks.chunk(payload));
      delivery.end();
    },
    told: () => lines.filter((line) => line.level !== 'debug'),
  };
}

export { eventually } from '../eventually.ts';
export { listen } from '../listen.ts';

export const never = new AbortController().signal;
