/** What `Suspects` is made from, and what it is given. Types only. */
import type { FrameChunk } from '../../../core/bytes.ts';
import type { Deferred } from '../../../core/deferred.ts';
import type { Clock } from '../../../core/time/clock.ts';
import type { Framing } from '../../../encode/frame/framing.ts';
import type { DeliveryRef, OnRefused } from '../../sink.ts';
import type { Entry } from '../link/entry.ts';
import type { Connection } from '../link/transport.ts';

export interface SuspectsOptions {
  readonly framing: Framing;
  readonly clock: Clock;
}

/** The parts of the sink that trials need. */
export interface SuspectsParts<M extends DeliveryRef> {
  readonly current: () => Connection | undefined;
  /** Somebody has written to the connection. */
  readonly isUsed: (connection: Connection) => boolean;
  /** Asks that the current connection be ended, and another become current. */
  readonly confirmSoon: () => void;
  /** So many bytes went to the connection. */
  readonly wrote: (connection: Connection, bytes: number) => void;
  /** Deliveries that wait for the current connection may write to it again. */
  readonly room: () => void;
  /** So much was confirmed. */
  readonly confirmed: (frames: number, bytes: number) => void;
  /** The delivery's chunk is confirmed to its end, but for what was skipped. */
  readonly done: (entry: Entry<M>) => void;
  /** Another consumer may own the stream by now. */
  readonly withdrawn: (entry: Entry<M>) => void;
}

/** A chunk that waits to be tried, or is. */
export interface WaitingChunk<M extends DeliveryRef> {
  readonly entry: Entry<M>;
  readonly chunk: FrameChunk;
  readonly taken: Deferred<void>;
  readonly onRefused: OnRefused | undefined;
}
