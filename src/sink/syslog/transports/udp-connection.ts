/**
 * A connection of syslog over UDP (RFC 5426): one message a datagram, on a connected socket, so that the kernel tells us when the
 * peer's port is closed (an ICMP message comes back, and the next call fails with ECONNREFUSED).
 *
 *   open     frames are sent, a window of them a turn of the event loop: a datagram is usually gone when `send()`
 *            returns, and without the pause between two windows nothing else would have its turn.
 *            The kernel is out of buffers → paused. Refused, or no route → lost.
 *   paused   the frames that it did not take wait a little, and then go first → open.
 *   A receiver that has moved (its name stands for other addresses): the next window goes to the new address.
 *   ended    everything that was queued is sent, the socket is closed. There is no peer's end to wait for.
 *   lost     the connection is given up; every chunk is released.
 *
 * A datagram that is larger than the socket, or the path, takes (EMSGSIZE) is dropped and counted.
 */
import type { Socket } from 'node:dgram';
import type { FrameChunk } from '../../../core/bytes.ts';
import { createDeferred } from '../../../core/deferred.ts';
import { AppError } from '../../../core/errors.ts';
import type { Soon, Timer } from '../../../core/time/clock.ts';
import { connectionError, errorCode, networkError } from '../../network-errors.ts';
import type { ResolvedOptions } from '../link/options.ts';
import type { Connection, ConnectionEvents, PeerEnd, Recall } from '../link/transport.ts';
import { takeUnwanted } from './recall.ts';
import { Watchdog } from './watchdog.ts';

const WINDOW_FRAMES = 64;
const PAUSE_MIN_MS = 5;
const PAUSE_MAX_MS = 200;

interface Entry {
  readonly chunk: FrameChunk;
  readonly frameEnds: Uint32Array;
  readonly written: (framesDropped: number) => void;
  readonly recall: Recall | undefined;
  /** The next frame that was never given to the kernel. */
  next: number;
  framesDropped: number;
}

export interface UdpTarget {
  /** Connected. */
  readonly socket: Socket;
  /** The address that the name was looked up to. */
  readonly address: string;
}

export class UdpConnection implements Connection {
  readonly facts: Readonly<Record<string, unknown>>;
  /** A datagram sent says nothing of a datagram received. */
  readonly wasRead = false;
  #present: UdpTarget;
  /** Where the receiver is now, until nothing is on its way through the old socket. */
  #next: UdpTarget | undefined;
  readonly #options: ResolvedOptions;
  readonly #onTooLarge: (bytes: number) => void;
  readonly #watchdog: Watchdog;
  readonly #ended = createDeferred<PeerEnd | undefined>();
  readonly #queue: Entry[] = [];
  /** Frames of the first entry that the kernel had no buffer for. */
  #refused: number[] = [];
  #windowFrames = 0;
  #inFlight = 0;
  #state: 'open' | 'ending' | 'ended' | 'lost' = 'open';
  #events: ConnectionEvents | undefined;
  #lostBecause: AppError | undefined;
  #queuedBytes = 0;
  #isFull = false;
  #isSending = false;
  #nextTurn: Soon | undefined;
  #pause: Timer | undefined;
  #pauseMs = PAUSE_MIN_MS;

  constructor(target: UdpTarget, options: ResolvedOptions, onTooLarge: (bytes: number) => void) {
    this.#present = target;
    this.#options = options;
    this.#onTooLarge = onTooLarge;
    this.#watchdog = new Watchdog(options.clock, options.timeoutMs, () => {
      this.#lose(connectionError('stalled', `the network took no data for ${options.timeoutMs / 1000} s (--timeout)`));
    });
    const { address, port, family } = target.socket.remoteAddress();
    this.facts = { address: family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}` };
    this.#listen(target);
  }

  /** Where everything from now on goes. */
  get address(): string {
    return (this.#next ?? this.#present).address;
  }

  get isOver(): boolean {
    return this.#state === 'ended' || this.#state === 'lost';
  }

  /** Resolves when it is. */
  get over(): Promise<unknown> {
    return this.#ended.promise;
  }

  get hasRoom(): boolean {
    return this.#queuedBytes < this.#options.maxQueuedBytes;
  }

  attach(events: ConnectionEvents): void {
    this.#events = events;
    if (this.#lostBecause !== undefined) events.lost(this.#lostBecause);
  }

  /** Takes over the socket. What is queued goes out through it, and everything later. */
  moveTo(target: UdpTarget): void {
    if (this.isOver) {
      target.socket.close();
      return;
    }
    this.#listen(target);
    this.#next?.socket.close();
    this.#next = target;
    if (this.#inFlight === 0) this.#turnToNext();
  }

  write(chunk: FrameChunk, written: (framesDropped: number) => void, recall?: Recall): void {
    const { frameEnds } = chunk;
    if (this.#state !== 'open' || frameEnds === undefined) {
      chunk.release();
      if (this.#state !== 'open') return;
      throw new AppError('a chunk for UDP came without the ends of its frames', {
        code: 'no-frame-ends',
        action: 'fatal',
      });
    }
    this.#queue.push({ chunk, frameEnds, written, recall, next: 0, framesDropped: 0 });
    this.#queuedBytes += chunk.bytes.length;
    this.#isFull = !this.hasRoom;
    if (!this.#isSending) this.#schedule();
  }

  end(): Promise<PeerEnd | undefined> {
    if (this.#state === 'open') {
      this.#state = 'ending';
      if (!this.#isSending) this.#close();
    }
    return this.#ended.promise;
  }

  destroy(error: AppError): void {
    this.#lose(error);
  }

  /** What the old address says does not matter any more. */
  #listen(target: UdpTarget): void {
    target.socket.on('error', (error) => {
      if (target === (this.#next ?? this.#present)) this.#lose(networkError(error));
    });
  }

  #turnToNext(): void {
    const next = this.#next;
    if (!next) return;
    this.#next = undefined;
    this.#present.socket.close();
    this.#present = next;
  }

  #schedule(): void {
    this.#isSending = true;
    this.#watchdog.busy();
    this.#nextTurn = this.#options.clock.soon(() => this.#sendWindow());
  }

  #sendWindow(): void {
    const unwanted = takeUnwanted(this.#queue);
    for (const { chunk } of unwanted) this.#queuedBytes -= chunk.bytes.length;
    if (unwanted.length > 0) this.#refused = [];
    this.#sendNext();
    for (const { recall } of unwanted) recall?.dropped();
    if (unwanted.length > 0) this.#noteRoom();
  }

  #sendNext(): void {
    const entry = this.#queue[0];
    if (entry === undefined) {
      this.#isSending = false;
      this.#watchdog.idle();
      if (this.#state === 'ending') this.#close();
      return;
    }
    const again = this.#refused.splice(0, WINDOW_FRAMES);
    const until = Math.min(entry.chunk.frameCount, entry.next + WINDOW_FRAMES - again.length);
    this.#windowFrames = again.length + until - entry.next;
    this.#inFlight = this.#windowFrames;
    if (this.#inFlight === 0) {
      this.#onWindowDone(entry);
      return;
    }
    for (const frame of again) this.#send(entry, frame);
    while (entry.next < until) this.#send(entry, entry.next++);
  }

  #send(entry: Entry, frame: number): void {
    const start = frame === 0 ? 0 : (entry.frameEnds[frame - 1] ?? 0);
    const end = entry.frameEnds[frame] ?? start;
    if (this.#state === 'lost') return;
    this.#present.socket.send(entry.chunk.bytes, start, end - start, (error) => {
      if (this.#state === 'lost') return;
      if (error) this.#onSendError(error, entry, frame, end - start);
      this.#inFlight -= 1;
      if (this.#inFlight === 0) this.#onWindowDone(entry);
    });
  }

  #onSendError(error: Error, entry: Entry, frame: number, bytes: number): void {
    switch (errorCode(error)) {
      case 'EMSGSIZE':
        entry.framesDropped += 1;
        this.#onTooLarge(bytes);
        return;
      case 'ENOBUFS':
      case 'ENOMEM':
      case 'EAGAIN':
        this.#refused.push(frame);
        return;
      default:
        this.#lose(networkError(error));
    }
  }

  #onWindowDone(entry: Entry): void {
    if (this.#state === 'lost') return;
    this.#turnToNext();
    if (this.#refused.length < this.#windowFrames) this.#watchdog.progress();
    if (this.#refused.length > 0) {
      this.#pause = this.#options.clock.timer(this.#pauseMs, () => this.#sendWindow());
      this.#pauseMs = Math.min(PAUSE_MAX_MS, this.#pauseMs * 2);
      return;
    }
    this.#pauseMs = PAUSE_MIN_MS;
    this.#nextTurn = this.#options.clock.soon(() => this.#sendWindow());
    if (entry.next < entry.chunk.frameCount) return;
    this.#queue.shift();
    this.#queuedBytes -= entry.chunk.bytes.length;
    entry.chunk.release();
    entry.written(entry.framesDropped);
    this.#noteRoom();
  }

  #noteRoom(): void {
    if (!this.#isFull || !this.hasRoom) return;
    this.#isFull = false;
    this.#events?.room();
  }

  #close(): void {
    this.#state = 'ended';
    this.#closeSockets();
    this.#ended.resolve({ isAuthentic: false });
  }

  #lose(error: AppError): void {
    if (this.#state === 'lost' || this.#state === 'ended') return;
    this.#state = 'lost';
    this.#lostBecause = error;
    this.#watchdog.idle();
    this.#options.clock.cancelSoon(this.#nextTurn);
    this.#options.clock.cancel(this.#pause);
    this.#closeSockets();
    for (const { chunk } of this.#queue.splice(0)) chunk.release();
    this.#queuedBytes = 0;
    this.#ended.resolve(undefined);
    this.#events?.lost(error);
  }

  #closeSockets(): void {
    this.#next?.socket.close();
    this.#present.socket.close();
  }
}
