/**
 * Which connection is written to, and how one is confirmed: by ending our side and waiting for the peer's end
 * (half-close; docs/delivery.md). So that nobody waits for that, the next connection is opened first.
 *
 *   down      no connection; the dialer tries until there is one.    Connected → up
 *   up        `current` takes new deliveries.                        Due for confirmation → opening; lost → down
 *   opening   a successor is dialled, and watched for a moment: some receivers take one connection only, and drop
 *             the second. Current still takes everything.            It stands → replacing. It does not → replacing
 *                                                                    without one, and so from then on
 *   replacing nothing takes new deliveries; those that are open on the old connection go on to their end there, so
 *             that no stream is on two connections at a time.        Then the old one is ended: it is `retiring`, and
 *                                                                    the successor current → up; without one: the
 *                                                                    answer comes first, then another is opened
 *   finishing no more connections are made; all there are are ended.
 *
 * A retiring connection is confirmed by the peer's end, and lost with anything else: an error, silence for
 * `confirmTimeoutMs` (longer for one that is known to be slow: confirmation.ts), or, from a TLS receiver that is known
 * to send a close_notify, an end without one, which anybody on the way (or a proxy whose backend has died) can have made. Only one is retiring at a time.
 */
import { AppError } from '../../../core/errors.ts';
import { connectionError } from '../../network-errors.ts';
import type { Dialer } from '../link/dialer.ts';
import type { Connection } from '../link/transport.ts';
import { AnswerSearch } from './answer-search.ts';
import { AskedConnection } from './asked-connection.ts';
import { BreakWatch } from './break-watch.ts';
import { ConfirmationClock } from './confirmation.ts';
import { endOrSilence, Probe, type ProbeOutcome, silenceCode, silenceError } from './half-close.ts';
import type { Carried, RotationOptions } from './rotation-options.ts';
import { Successors } from './successor.ts';

interface Replacement {
  readonly old: Connection;
  successor: Connection | undefined;
}

export class Rotation {
  readonly #options: RotationOptions;
  readonly #dialer: Dialer;
  readonly #carried: Carried;
  readonly #clock: ConfirmationClock;
  readonly #stop = new AbortController();
  readonly #connections = new Set<Connection>();
  readonly #answers = new Set<Promise<boolean>>();
  /** What each has carried. */
  readonly #bytes = new WeakMap<Connection, number>();
  #current: Connection | undefined;
  #replacement: Replacement | undefined;
  #currentSinceMs = 0;
  #isFinishing = false;
  readonly #successors: Successors;
  readonly #breaks: BreakWatch;
  readonly #search: AnswerSearch;
  readonly #asked = new AskedConnection();

  constructor(options: RotationOptions, dialer: Dialer, carried: Carried) {
    this.#options = options;
    this.#dialer = dialer;
    this.#carried = carried;
    this.#breaks = new BreakWatch(options);
    this.#successors = new Successors(options, {
      dialer,
      attach: (connection) => this.#attach(connection),
      isUp: (connection) => this.#connections.has(connection),
      signal: this.#stop.signal,
    });
    const { confirmIntervalMs: intervalMs, confirmBytes: bytes, confirmTimeoutMs: timeoutMs, clock } = options;
    this.#clock = new ConfirmationClock({ intervalMs, bytes, timeoutMs, clock }, () => this.#rotateIfDue());
    this.#search = new AnswerSearch(options, {
      probe: new Probe(clock, dialer, this.#connections, this.#stop.signal),
      askCurrent: (askedMs, conclude) =>
        new Promise((resolve) =>
          this.#askCurrent(askedMs, (outcome) => {
            conclude(outcome);
            resolve();
          }),
        ),
      onChange: () => this.#carried.confirming(this.#search.state !== 'off'),
      signal: this.#stop.signal,
    });
  }

  /** Where new deliveries go. */
  get current(): Connection | undefined {
    return this.#current;
  }

  /** Resolves with the first connection that takes deliveries; rejects with the reason of `destroy`. */
  async start(): Promise<void> {
    if (this.#options.confirm === 'off') {
      this.#carried.confirming(false);
      await this.#open();
    } else {
      await this.#search.atStart();
      // The receiver is known to be up: nothing new to tell.
      await this.#openNext();
      void this.#searchOn();
    }
    this.#stop.signal.throwIfAborted();
  }

  wrote(connection: Connection, bytes: number): void {
    this.#bytes.set(connection, (this.#bytes.get(connection) ?? 0) + bytes);
    if (this.#isConfirming && connection === this.#current) this.#clock.wrote(bytes);
  }

  /** A delivery came to its end, one way or another. */
  deliveryOver(): void {
    this.#replaceIfFree();
    this.#rotateIfDue();
  }

  /** What was delivered is wanted confirmed, without waiting for the interval. */
  confirmSoon(): void {
    if (this.#isConfirming) this.#clock.ask();
  }

  /**
   * Ends every connection, and waits for the peer's ends. Nothing is open on them any more.
   * @returns false when one of them was lost
   */
  async finish(): Promise<boolean> {
    this.#isFinishing = true;
    this.#asked.forget();
    this.#stop.abort(finished);
    this.#clock.reset();
    const replacement = this.#replacement;
    this.#replacement = undefined;
    for (const connection of [replacement?.old, replacement?.successor, this.#current])
      if (connection) this.#retire(connection);
    this.#current = undefined;
    const answers = await Promise.all(this.#answers);
    return answers.every((answered) => answered);
  }

  destroy(cause: AppError): void {
    this.#stop.abort(cause);
    this.#clock.reset();
    this.#current = undefined;
    this.#replacement = undefined;
    for (const connection of [...this.#connections]) connection.destroy(cause);
  }

  /** What is open on the present connection is to be confirmed as well. Only the end of the sink fails it. */
  async #searchOn(): Promise<void> {
    try {
      await this.#search.untilAnswered();
      this.#clock.ask();
    } catch {
      return;
    }
  }

  get #isConfirming(): boolean {
    return this.#search.state === 'answering';
  }

  /** Ends the current connection, whatever is on it, to see whether the receiver answers. */
  #askCurrent(timeoutMs: number, conclude: (outcome: ProbeOutcome) => void): void {
    const connection = this.#current;
    if (connection) {
      this.#asked.ask(connection, timeoutMs, conclude);
      this.#clock.ask();
    } else conclude('broken');
  }

  /** A connection that takes deliveries, however long it takes. */
  async #open(): Promise<void> {
    try {
      while (!this.#adopt(await this.#dialer.dial(this.#stop.signal)));
    } catch {
      return; // only the end of the sink ends the dialling
    }
  }

  /** A connection that takes deliveries, where the receiver was up a moment ago. */
  async #openNext(): Promise<void> {
    const connection = await this.#dialer.tryOnce(this.#stop.signal);
    if (!connection || !this.#adopt(connection)) await this.#open();
  }

  /** @returns false when it was lost already: another is due */
  #adopt(connection: Connection): boolean {
    this.#attach(connection);
    const isThere = this.#connections.has(connection);
    if (isThere) this.#become(connection);
    return isThere;
  }

  #attach(connection: Connection): void {
    if (this.#stop.signal.aborted) {
      connection.destroy(connectionError('closed', 'the sink is closed'));
      return;
    }
    this.#connections.add(connection);
    connection.attach({ room: () => this.#carried.room(), lost: (error) => this.#onLost(connection, error) });
  }

  #become(connection: Connection): void {
    this.#current = connection;
    this.#currentSinceMs = this.#options.clock.monotonic();
    this.#clock.reset();
    this.#carried.room();
  }

  #rotateIfDue(): void {
    const old = this.#current;
    if (!this.#clock.isDue || this.#successors.isOpening || this.#replacement || this.#answers.size > 0 || !old) return;
    const isWanted = this.#carried.isUnconfirmedOn(old) || this.#carried.wantsRotation(old);
    if (!isWanted && !this.#asked.is(old)) {
      this.#clock.reset();
      return;
    }
    void this.#rotate(old);
  }

  async #rotate(old: Connection): Promise<void> {
    // At once where there is to be none: nothing more goes to the old one then.
    const successor = this.#successors.oneAtATime ? undefined : await this.#successors.open();
    if (this.#stop.signal.aborted || this.#current !== old) {
      if (successor) this.#dismiss(successor);
      // Another connection became current meanwhile; whether it is due is asked here only.
      this.#rotateIfDue();
      return;
    }
    this.#current = undefined;
    this.#replacement = { old, successor };
    this.#replaceIfFree();
  }

  /** Ends a connection that has carried nothing; nobody is told of its end. */
  #dismiss(connection: Connection): void {
    this.#connections.delete(connection);
    connection.destroy(connectionError('not-needed', 'it is not needed any more'));
  }

  #replaceIfFree(): void {
    const replacement = this.#replacement;
    if (!replacement || this.#carried.isOpenOn(replacement.old)) return;
    this.#replacement = undefined;
    const answer = this.#retire(replacement.old);
    if (replacement.successor) this.#become(replacement.successor);
    // A receiver that breaks one connection after the other gets the next after a pause.
    else void answer.then((confirmed) => (confirmed ? this.#openNext() : this.#open()));
  }

  /** Ends our side and waits. @returns whether the peer confirmed */
  #retire(connection: Connection): Promise<boolean> {
    const answer = this.#awaitEnd(connection).finally(() => {
      this.#answers.delete(answer);
      this.#rotateIfDue();
    });
    this.#answers.add(answer);
    return answer;
  }

  async #awaitEnd(connection: Connection): Promise<boolean> {
    const { clock } = this.#options;
    const lingerMs = this.#lingerMs(connection);
    if (lingerMs > 0) {
      // In a drain as well; what is destroyed meanwhile is not waited for.
      await clock.sleep(lingerMs, { unref: true });
      if (!this.#connections.has(connection)) return false; // reported by its `lost`
    }
    const startMs = clock.monotonic();
    const bytes = this.#bytes.get(connection) ?? 0;
    const timeoutMs = this.#asked.timeoutMs(connection) ?? this.#clock.timeoutMs(bytes);
    const end = await endOrSilence(connection, timeoutMs, clock);
    const afterMs = clock.monotonic() - startMs;
    this.#clock.answered(afterMs, end && { bytes, stoodMs: lingerMs });
    if (end === 'silence') {
      // Where that turns confirmation off, what the kernel has counts as confirmed, and only the rest is lost.
      this.#asked.conclude(connection, 'silence');
      connection.destroy(silenceError(timeoutMs));
      return false;
    }
    if (!end) return false; // reported by its `lost`
    this.#connections.delete(connection);
    this.#asked.conclude(connection, { end, afterMs: Math.round(afterMs) });
    if (this.#search.expectsAuthentic && !end.isAuthentic) {
      const message =
        'the connection was ended without the close_notify that this receiver sent at start; if it was replaced by one that sends none, restart';
      this.#report(connection, connectionError('unauthentic-end', message));
      return false;
    }
    const wasFull = this.#carried.isUnconfirmedOn(connection);
    // What is confirmed in parts does not show that a connection of the usual length would be.
    if (wasFull) this.#breaks.confirmed();
    if (wasFull || this.#carried.isTrial(connection)) this.#dialer.confirmed();
    this.#carried.confirmed(connection);
    return true;
  }

  #lingerMs(connection: Connection): number {
    const leastMs = this.#carried.lingerMs(connection);
    const isDoubtful = leastMs !== undefined || (this.#breaks.isBreaking && this.#carried.isUnconfirmedOn(connection));
    return isDoubtful ? Math.max(leastMs ?? 0, this.#clock.lingerMs) : 0;
  }

  #onLost(connection: Connection, error: AppError): void {
    if (!this.#connections.delete(connection)) return;
    this.#asked.conclude(connection, 'broken');
    const replacement = this.#replacement;
    if (replacement?.successor === connection) {
      replacement.successor = undefined; // empty: nothing is lost with it
      return;
    }
    if (this.#current === connection) {
      this.#current = undefined;
      this.#clock.reset();
      const isTrial = this.#carried.isTrial(connection);
      if (!isTrial) this.#dialer.lost(connection, error);
      this.#carried.lost(connection, error, this.#noteBroken(connection, error));
      if (!this.#stop.signal.aborted) void (isTrial ? this.#openNext() : this.#open());
      return;
    }
    // Over before it is told of: what was open on it has its end then, and would turn away from it once more.
    if (replacement?.old === connection) this.#replacement = undefined;
    this.#report(connection, error);
    if (replacement?.old !== connection) return;
    if (replacement.successor) this.#become(replacement.successor);
    else void this.#open();
  }

  /** A connection is lost that another has replaced already. */
  #report(connection: Connection, error: AppError): void {
    const { log, peer } = this.#options;
    const facts = { peer, code: error.code, reason: error.message };
    if (this.#carried.isUnconfirmedOn(connection)) {
      log.warn(facts, 'not confirmed: what the last connection carried is sent again');
    } else if (this.#isFinishing) log.warn(facts, 'the connection broke while it was closed');
    this.#carried.lost(connection, error, this.#noteBroken(connection, error));
  }

  /** @returns how many in a row, where that says something */
  #noteBroken(connection: Connection, { code }: AppError): number {
    if (!this.#isConfirming || code === silenceCode || !this.#carried.isUnconfirmedOn(connection)) return 0;
    return this.#breaks.broke(this.#options.clock.monotonic() - this.#currentSinceMs);
  }
}

const finished = new AppError('the sink is drained', { code: 'drained', action: 'retry' });
