/** Opens the connection that is to follow another, beside that: some receivers take one at a time. */

import type { Log } from '../../../core/log.ts';
import type { Clock } from '../../../core/time/clock.ts';
import type { Dialer } from '../link/dialer.ts';
import type { Connection } from '../link/transport.ts';

export interface SuccessorOptions {
  readonly strictOrder: boolean;
  readonly peer: string;
  readonly log: Log;
  readonly clock: Clock;
}

export interface SuccessorParts {
  readonly dialer: Dialer;
  readonly attach: (connection: Connection) => void;
  /** The connection was attached, and has not been lost. */
  readonly isUp: (connection: Connection) => boolean;
  readonly signal: AbortSignal;
}

/**
 * A successor that is dropped within this time is one too many; of a receiver that is far away we hear that later: within
 * twice the time that it took to connect.
 */
const trialMs = 50;
const refusalsBeforeOneAtATime = 2;

export class Successors {
  readonly #options: SuccessorOptions;
  readonly #parts: SuccessorParts;
  #oneAtATime: boolean;
  /** Rotations in a row without a second connection. */
  #refusals = 0;
  #isOpening = false;

  constructor(options: SuccessorOptions, parts: SuccessorParts) {
    this.#options = options;
    this.#parts = parts;
    this.#oneAtATime = options.strictOrder;
  }

  /** There is to be no successor before a connection has ended. */
  get oneAtATime(): boolean {
    return this.#oneAtATime;
  }

  get isOpening(): boolean {
    return this.#isOpening;
  }

  /** @returns undefined where there is to be none, for now or for good */
  async open(): Promise<Connection | undefined> {
    const { log, peer, clock } = this.#options;
    const { dialer, attach, isUp, signal } = this.#parts;
    this.#isOpening = true;
    const startMs = clock.monotonic();
    const successor = await dialer.tryOnce(signal);
    if (successor) {
      attach(successor);
      await clock.sleep(Math.max(trialMs, 2 * (clock.monotonic() - startMs)));
    }
    this.#isOpening = false;
    if (successor && isUp(successor)) {
      this.#refusals = 0;
      return successor;
    }
    // Once may be a receiver that is just going away.
    if (++this.#refusals < refusalsBeforeOneAtATime) return undefined;
    this.#oneAtATime = true;
    log.info({ peer }, 'the receiver takes one connection at a time: from now on each is ended before the next');
    return undefined;
  }
}
