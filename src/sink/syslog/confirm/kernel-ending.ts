/**
 * How a connection ended, by the kernel's list of TCP connections. Node tells the peer's end, and nothing that comes
 * behind it; and it cannot tell an end that answers ours from one that has met it on the way. What the list says of our
 * end, when the peer's has arrived behind ours:
 *
 *   FIN_WAIT1, FIN_WAIT2, CLOSING   the peer has not acknowledged our end, or its own is not here yet  → asked again
 *   TIME_WAIT                       both sides have ended, ours first, and the peer has acknowledged
 *                                   everything: its process had read it when it closed, for a kernel
 *                                   that has unread bytes, or gets some for a process that has closed,
 *                                   sends a reset, which takes TIME_WAIT away: looked at twice        → acknowledged
 *   anything else, or not listed    reset, or the peer was the first to end, by its own will; or
 *                                   another connection has the same port                              → lost
 *
 * Over TLS the peer answers our close_notify, and that leaves before our FIN: Node sends the two in different turns of
 * its event loop. A peer that is near is often the first to send a FIN then, and our end is never in TIME_WAIT:
 *
 *   CLOSE_WAIT, LAST_ACK            the peer's FIN is here, and no reset. It has acknowledged all of
 *                                   ours but our FIN: looked at twice                                 → acknowledged
 *                                   not all                                                           → asked again
 *   not listed; the peer runs here  the peer's end is listed instead, in TIME_WAIT                    → acknowledged
 *                                   not so, twice                                                     → lost
 *   not listed; the peer is remote  our end was the first: it was seen so                             → lost
 *                                   nothing was on its way to the peer for `acknowledgedMs` before our
 *                                   end, and the answer was here within `promptMs` of it, but no
 *                                   sooner than an answer can be                                      → acknowledged
 *                                   otherwise                                                         → lost
 *
 * The last but one is the only one that rests on time: it would be wrong of a peer that leaves bytes unread for that long
 * and then ends by its own will within `promptMs` of our end. A busy event loop makes the answer late, and so a loss.
 *
 * A peer that calls shutdown(2) with bytes unread, and close(2) behind it, sends a FIN, and a reset as soon as it closes;
 * on the same machine its FIN is acknowledged in between, and no reset is sent: nothing shows that it has not read.
 */
import type { Clock } from '../../../core/time/clock.ts';
import { type ConnectionEnds, type ConnectionList, type Look, tcpStates } from './connection-list.ts';

/** `not-kept`: as lost, but the kernel keeps no more connections that are over. `unknown`: it cannot be asked. */
export type EndingOutcome = 'acknowledged' | 'lost' | 'not-kept' | 'unknown';

type Verdict = 'acknowledged' | 'lost' | 'wait' | 'twice';

/** A look costs the kernel a walk over its whole table, a millisecond or two: mostly two are to be enough. */
const firstPauseMs = 5;
const longestPauseMs = 250;
/** Between two looks at what is to stay: a reset follows a FIN within a millisecond, but for what the way adds. */
const stayMs = 20;
const acknowledgedMs = 20;
/** An end is put off for so long at most. */
const maxAcknowledgeMs = 200;
const promptMs = 20;
/** A handshake takes a bit longer than the way: this process is told of its end by its event loop. */
const shareOfRoundTrip = 0.5;

export interface KernelEndingOptions {
  readonly ends: ConnectionEnds;
  readonly clock: Clock;
  readonly list: ConnectionList;
  /** The connection is still up, as far as Node knows. */
  readonly isUp: () => boolean;
  /** A close_notify leaves before our FIN. */
  readonly isTls: boolean;
  /** TLS: there and back, at least. What comes sooner behind our end is no answer to that. Default 0. */
  readonly roundTripMs?: number;
}

export class KernelEnding {
  readonly #clock: Clock;
  readonly #list: ConnectionList;
  readonly #isTls: boolean;
  readonly #roundTripMs: number;
  readonly #ends: ConnectionEnds;
  readonly #isUsable: Promise<boolean>;
  #firstLook: Promise<Look | undefined> | undefined;
  #firstLookAtMs = Number.POSITIVE_INFINITY;
  #endedAtMs = Number.NEGATIVE_INFINITY;
  #answeredAtMs = Number.POSITIVE_INFINITY;
  /** We were seen to be the first to end. */
  #wasFirst = false;
  #isPeerHere = false;
  /** Everything was acknowledged for a while, and the connection up, when we ended. */
  #wasAcknowledged = false;

  constructor({ ends, clock, list, isUp, isTls, roundTripMs = 0 }: KernelEndingOptions) {
    const { localAddress, localPort, remoteAddress, remotePort } = ends;
    this.#ends = { localAddress, localPort, remoteAddress, remotePort };
    this.#clock = clock;
    this.#list = list;
    this.#isTls = isTls;
    this.#roundTripMs = roundTripMs;
    this.#isUsable = list.isUsable(this.#ends, isUp);
  }

  /**
   * To be waited for before our end: the connection must have been looked for while it was up. Over TLS a little more, until
   * what was written has arrived. Rejects when the signal aborts.
   */
  async waitForAcknowledgement(signal: AbortSignal): Promise<void> {
    if (!(await this.#isUsable) || !this.#isTls) return;
    const startMs = this.#clock.monotonic();
    let acknowledgedAtMs: number | undefined;
    for (;;) {
      const look = await this.#look();
      signal.throwIfAborted();
      const nowMs = this.#clock.monotonic();
      if (look?.theirs) this.#isPeerHere = true;
      if (this.#isPeerHere || look?.ours?.state !== tcpStates.established) return;
      if (look.ours.unacknowledgedBytes > 0) acknowledgedAtMs = undefined;
      else acknowledgedAtMs ??= nowMs;
      this.#wasAcknowledged = acknowledgedAtMs !== undefined && nowMs - acknowledgedAtMs >= acknowledgedMs;
      if (this.#wasAcknowledged || nowMs - startMs > maxAcknowledgeMs) return;
      await this.#clock.sleep(acknowledgedAtMs === undefined ? firstPauseMs : acknowledgedMs, { signal });
    }
  }

  /** We end our side now: over TLS the close_notify leaves. */
  weEnd(): void {
    this.#endedAtMs = this.#clock.monotonic();
  }

  /** Our FIN is out. */
  weEnded(): void {
    this.#firstLook = this.#look().finally(() => (this.#firstLookAtMs = this.#clock.monotonic()));
  }

  /** The peer has ended its side, after ours. Rejects when the signal aborts. */
  async outcome(signal: AbortSignal): Promise<EndingOutcome> {
    this.#answeredAtMs = this.#clock.monotonic();
    if (!(await this.#isUsable)) return 'unknown';
    let look = await this.#firstLook;
    let before: Verdict | undefined;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      signal.throwIfAborted();
      // What could not be read is asked for again.
      const verdict = look ? this.#verdict(look) : 'wait';
      if (verdict === 'acknowledged') return verdict;
      if (verdict === 'lost') return this.#lost();
      if (verdict === 'twice' && before === 'twice') {
        return look?.ours === undefined ? this.#lost() : 'acknowledged';
      }
      before = verdict;
      await this.#clock.sleep(verdict === 'twice' ? stayMs : pauseMs, { signal });
      look = await this.#look();
    }
  }

  #verdict({ ours, theirs }: Look): Verdict {
    switch (ours?.state) {
      case tcpStates.finWait1:
      case tcpStates.finWait2:
      case tcpStates.closing:
        this.#wasFirst = true;
        return 'wait';
      case tcpStates.timeWait:
        this.#wasFirst = true;
        return 'twice';
      case tcpStates.closeWait:
        return this.#verdictIfPeerFirst(ours.unacknowledgedBytes === 0);
      case tcpStates.lastAck:
        return this.#verdictIfPeerFirst(ours.unacknowledgedBytes <= 1);
      case undefined:
        return this.#verdictIfUnlisted(theirs?.state);
      default:
        return 'lost';
    }
  }

  #verdictIfPeerFirst(hasAll: boolean): Verdict {
    if (!this.#isTls) return 'lost';
    if (this.#isPeerHere) return 'wait';
    return hasAll ? 'twice' : 'wait';
  }

  #verdictIfUnlisted(theirs: string | undefined): Verdict {
    if (!this.#isTls || this.#wasFirst) return 'lost';
    if (theirs === tcpStates.timeWait) return 'acknowledged';
    if (this.#isPeerHere) return theirs === undefined ? 'twice' : 'wait';
    const wasPrompt = this.#firstLookAtMs - this.#endedAtMs <= promptMs;
    const isAnswer = this.#answeredAtMs - this.#endedAtMs >= shareOfRoundTrip * this.#roundTripMs;
    return this.#wasAcknowledged && wasPrompt && isAnswer ? 'acknowledged' : 'lost';
  }

  async #lost(): Promise<EndingOutcome> {
    return (await this.#list.isFull().catch(() => false)) ? 'not-kept' : 'lost';
  }

  /** undefined where the list cannot be read now. */
  #look(): Promise<Look | undefined> {
    return this.#list.look(this.#ends).catch(() => undefined);
  }
}
