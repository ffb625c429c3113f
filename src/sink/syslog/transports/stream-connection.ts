/**
 * One connection over a byte stream, TCP or TLS, from the moment it is up.
 *
 *   open      chunks are written, one after the other, and the peer's bytes read and thrown away.
 *             `end()` → flushing; anything that breaks it, the peer's end included → lost.
 *   flushing  nothing more is taken; what is queued goes out, then our end (TLS: when that has arrived, or a little
 *             later; close_notify, then FIN).
 *             Our end is out (`finish`) → ended; the peer's end or a failure before that → lost.
 *   ended     only the peer's end is awaited, and its bytes are still read: to close with unread bytes (TLS 1.3
 *             session tickets, say) makes the kernel answer with a reset, which throws away what the peer has not
 *             read yet. The peer's end → answered; a failure → lost.
 *   answered  the kernel is asked how that ended (kernel-ending.ts): acknowledged, or nobody can be asked → closed;
 *             anything else → lost.
 *   closed    both sides have ended, ours first: the peer has read every byte.
 *   lost      the connection is gone. Every chunk that was queued is released, and nothing is reported any more.
 *
 * One chunk at a time is with the socket: each has its own callback then, so that progress is seen as finely as the
 * kernel shows it. (Node would join queued chunks into one write, and call back once for all of them.) And it is one
 * chunk a turn of the event loop: while the peer keeps up, writes are done within `write()`, and their callbacks,
 * room, and the next chunks would follow each other without ever letting a timer, a heartbeat, have its turn.
 */
import type { Socket } from 'node:net';
import type { FrameChunk } from '../../../core/bytes.ts';
import { createDeferred } from '../../../core/deferred.ts';
import type { AppError } from '../../../core/errors.ts';
import type { Clock, Soon } from '../../../core/time/clock.ts';
import { connectionError } from '../../network-errors.ts';
import type { KernelEnding } from '../confirm/kernel-ending.ts';
import type { Connection, ConnectionEvents, PeerEnd, Recall } from '../link/transport.ts';
import { takeUnwanted } from './recall.ts';
import { Watchdog } from './watchdog.ts';

export interface StreamConnectionOptions {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly maxQueuedBytes: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** TLS: bytes read from the wire up to now. What arrives between our end and the peer's is its close_notify. */
  readonly wireBytesRead?: () => number;
  /** Asked when the peer has ended its side. */
  readonly ending: KernelEnding;
  /** What an error of the socket means. */
  readonly explain: (thrown: unknown) => AppError;
}

/** More than both kernels' buffers hold: Linux lets one connection's grow to 4 MiB here and 6 MiB there. */
const BEYOND_ALL_BUFFERS = 16 * 1024 * 1024;

const endings = {
  lost: { code: 'unread', message: 'the receiver closed the connection before it had read everything' },
  'not-kept': {
    code: 'not-kept',
    message:
      'the kernel of this machine keeps no more connections that are over, so it cannot say whether the receiver has read everything: raise net.ipv4.tcp_max_tw_buckets, or end fewer connections on this machine',
  },
} as const;

interface Entry {
  readonly chunk: FrameChunk;
  readonly written: (framesDropped: number) => void;
  readonly recall: Recall | undefined;
}

export class StreamConnection implements Connection {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly #socket: Socket;
  readonly #options: StreamConnectionOptions;
  readonly #watchdog: Watchdog;
  readonly #ended = createDeferred<PeerEnd | undefined>();
  readonly #queue: Entry[] = [];
  #state: 'open' | 'flushing' | 'ended' | 'answered' | 'closed' | 'lost' = 'open';
  #events: ConnectionEvents | undefined;
  #lostBecause: AppError | undefined;
  /** A chunk is with the socket, or was in this turn of the event loop. */
  #isWriting = false;
  #nextTurn: Soon | undefined;
  #isFull = false;
  #queuedBytes = 0;
  #bytesWritten = 0;
  #wireBytesAtOurEnd = 0;
  readonly #over = new AbortController();

  /** @param socket connected (TLS: and verified), with `allowHalfOpen`; the caller's listeners are off it. */
  constructor(socket: Socket, options: StreamConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.facts = options.facts;
    this.#watchdog = new Watchdog(options.clock, options.timeoutMs, () => this.#onStalled());
    socket.on('finish', () => this.#onFinish());
    socket.on('end', () => this.#onPeerEnd());
    socket.on('error', (error) => this.#lose(options.explain(error)));
    socket.on('close', () => {
      // With both ends there the socket has done its part.
      if (this.#state !== 'answered') this.#lose(connectionError('closed', 'the connection was closed'));
    });
    if (socket.destroyed) this.#lose(connectionError('closed', 'the connection was closed as soon as it was there'));
    else socket.resume();
  }

  get hasRoom(): boolean {
    return this.#queuedBytes < this.#options.maxQueuedBytes;
  }

  get wasRead(): boolean {
    return this.#bytesWritten > BEYOND_ALL_BUFFERS;
  }

  attach(events: ConnectionEvents): void {
    this.#events = events;
    if (this.#lostBecause !== undefined) events.lost(this.#lostBecause);
  }

  write(chunk: FrameChunk, written: (framesDropped: number) => void, recall?: Recall): void {
    if (this.#state !== 'open') {
      chunk.release();
      return;
    }
    this.#queue.push({ chunk, written, recall });
    this.#queuedBytes += chunk.bytes.length;
    this.#isFull = !this.hasRoom;
    if (!this.#isWriting) this.#writeNext();
  }

  end(): Promise<PeerEnd | undefined> {
    if (this.#state === 'open') {
      this.#state = 'flushing';
      if (!this.#isWriting) this.#endSocket();
    }
    return this.#ended.promise;
  }

  destroy(error: AppError): void {
    this.#lose(error);
  }

  #writeNext(): void {
    const unwanted = takeUnwanted(this.#queue);
    for (const { chunk } of unwanted) this.#queuedBytes -= chunk.bytes.length;
    const entry = this.#queue[0];
    this.#isWriting = entry !== undefined;
    if (entry) this.#give(entry);
    else {
      this.#watchdog.idle();
      if (this.#state === 'flushing') this.#endSocket();
    }
    for (const { recall } of unwanted) recall?.dropped();
    if (unwanted.length > 0) this.#noteRoom();
  }

  #give(entry: Entry): void {
    this.#watchdog.busy();
    // A callback without an error says nothing once the socket is destroyed: Node calls it then, too.
    this.#socket.write(entry.chunk.bytes, (error) => {
      if (error) this.#lose(this.#options.explain(error));
      else if (this.#state !== 'lost') this.#onWritten(entry);
    });
  }

  #onWritten(entry: Entry): void {
    this.#queue.shift();
    this.#queuedBytes -= entry.chunk.bytes.length;
    this.#bytesWritten += entry.chunk.bytes.length;
    if (this.#queue.length > 0) this.#watchdog.progress();
    else this.#watchdog.idle();
    this.#nextTurn = this.#options.clock.soon(() => this.#writeNext());
    entry.chunk.release();
    entry.written(0);
    this.#noteRoom();
  }

  #noteRoom(): void {
    if (this.#isFull && this.hasRoom && this.#state === 'open') {
      this.#isFull = false;
      this.#events?.room();
    }
  }

  #endSocket(): void {
    // `waitForAcknowledgement` rejects where the connection was lost meanwhile.
    this.#options.ending.waitForAcknowledgement(this.#over.signal).then(
      () => this.#sendEnd(),
      () => undefined,
    );
  }

  #sendEnd(): void {
    if (this.#state !== 'flushing') return;
    this.#options.ending.weEnd();
    this.#wireBytesAtOurEnd = this.#options.wireBytesRead?.() ?? 0;
    this.#socket.end();
  }

  #onFinish(): void {
    if (this.#state !== 'flushing') return;
    this.#state = 'ended';
    this.#options.ending.weEnded();
  }

  #onPeerEnd(): void {
    if (this.#state === 'answered') return;
    if (this.#state !== 'ended') {
      this.#lose(connectionError('closed-by-peer', 'the receiver closed the connection'));
      return;
    }
    this.#state = 'answered';
    const wireBytesRead = this.#options.wireBytesRead?.() ?? 0;
    void this.#conclude({ isAuthentic: wireBytesRead > this.#wireBytesAtOurEnd });
  }

  async #conclude(end: PeerEnd): Promise<void> {
    const outcome = await this.#options.ending.outcome(this.#over.signal).catch(() => 'aborted' as const);
    if (this.#state !== 'answered' || outcome === 'aborted') return;
    if (outcome === 'lost' || outcome === 'not-kept') {
      const { code, message } = endings[outcome];
      this.#lose(connectionError(code, message));
      return;
    }
    this.#state = 'closed';
    this.#socket.destroy();
    this.#ended.resolve(end);
  }

  #onStalled(): void {
    const seconds = this.#options.timeoutMs / 1000;
    this.#lose(connectionError('stalled', `the receiver took no data for ${seconds} s (--timeout)`));
  }

  #lose(error: AppError): void {
    if (this.#state === 'lost' || this.#state === 'closed') return;
    this.#state = 'lost';
    this.#lostBecause = error;
    this.#watchdog.idle();
    this.#options.clock.cancelSoon(this.#nextTurn);
    this.#over.abort();
    // Closes the file descriptor before it returns: from here on nobody reads the chunks' bytes.
    this.#socket.destroy();
    for (const { chunk } of this.#queue.splice(0)) chunk.release();
    this.#queuedBytes = 0;
    this.#ended.resolve(undefined);
    this.#events?.lost(error);
  }
}
