/**
 * The seam between deliveries and sockets: what `sink.ts` sees of TCP, TLS and UDP alike. Types only.
 */
import type { FrameChunk } from '../../../core/bytes.ts';
import type { AppError } from '../../../core/errors.ts';

export interface Transport {
  /** One attempt. Rejects with an AppError that says what to do, or with the signal's reason. */
  connect(signal: AbortSignal): Promise<Connection>;
  /** The receiver may have moved: its name is looked up now. Absent: each new connection does so by itself. */
  lookUpAgain?(): void;
}

/** Something to write frames to, until it is ended, or lost; it never comes back after that. */
export interface Connection {
  /** Where to, and how: for the log line. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** False: enough is queued; `room` will be called. */
  readonly hasRoom: boolean;
  /** The peer must have read from it: more went in than all buffers on the way can hold. */
  readonly wasRead: boolean;
  /** To be called once. A connection that was lost in the meantime says so here. */
  attach(events: ConnectionEvents): void;
  /**
   * Takes over the chunk: `release()` is called exactly once, before `written` or when the connection is over.
   * @param written the local kernel has every byte; never called after the connection is over
   * @param recall asked when the chunk's turn has come; default: the chunk is wanted
   */
  write(chunk: FrameChunk, written: (framesDropped: number) => void, recall?: Recall): void;
  /**
   * Ends our side behind everything queued, and waits for the peer's end; without a time limit, `destroy` is one.
   * @returns how the peer ended after us: it has read everything; undefined when the connection was lost
   */
  end(): Promise<PeerEnd | undefined>;
  /** At once. `lost` is called with this error, unless the connection is over already. */
  destroy(error: AppError): void;
}

/** A chunk that is queued may not be wanted any more when its turn comes. */
export interface Recall {
  isWanted(): boolean;
  /** The chunk was released, and was not sent; over UDP some of its frames may have been. */
  dropped(): void;
}

/** How the peer has ended its side, after ours. */
export interface PeerEnd {
  /**
   * TLS: it said so under the connection's keys (close_notify). Without that, anybody on the way can have forged the
   * end. False for TLS without it, and for plain TCP, which has nothing of the kind.
   */
  readonly isAuthentic: boolean;
}

export interface ConnectionEvents {
  /** There is room again. */
  room(): void;
  /** The connection is over, otherwise than by both ends; every chunk has been released. */
  lost(error: AppError): void;
}
