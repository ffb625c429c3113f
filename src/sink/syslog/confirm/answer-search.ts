/**
 * Finds out whether the receiver answers the end of a connection. What costs data is not decided on one answer: only
 * silence, for as long as `--confirm-patience`, turns confirmation off; a connection that is refused or reset says nothing.
 *
 *   asking     at start, before anything is delivered: an empty connection is ended.    Answered → answering
 *              Silence, or broken three times → unknown
 *   unknown    deliveries go out, and none is confirmed: checkpoints wait. Empty connections are ended, each
 *              with twice the time of the last.                                         Answered → answering
 *              Silence for the whole patience: the connection that carries deliveries is ended, too, for a
 *              receiver that takes one connection at a time looks at no other. Answered → answering; silence → off
 *              (with `--confirm on` → answering: what is not confirmed is sent again)
 *              Broken three times: that connection is ended as well, for a receiver that takes one at a time may
 *              drop every other. Silence decides nothing then: what the connection carried is sent again.
 *   off        what the local kernel has counts as confirmed. The receiver is asked seldom. Answered → answering
 *   answering  connections are confirmed by the peer's ends, for good.
 */
import { type Backoff, createBackoff } from '../../../core/backoff.ts';
import type { Log } from '../../../core/log.ts';
import type { Clock } from '../../../core/time/clock.ts';
import type { Probe, ProbeOutcome } from './half-close.ts';

export type AnswerState = 'asking' | 'unknown' | 'off' | 'answering';

export interface AnswerSearchOptions {
  readonly confirm: 'auto' | 'on' | 'off';
  readonly confirmIntervalMs: number;
  readonly confirmTimeoutMs: number;
  /** How long checkpoints wait for a receiver that is silent. */
  readonly confirmPatienceMs: number;
  readonly peer: string;
  readonly log: Log;
  readonly clock: Clock;
}

export interface AnswerSearchParts {
  readonly probe: Pick<Probe, 'whenUp' | 'once'>;
  /** Ends the connection that carries deliveries, once nothing is open on it. `conclude` is called before it is given up. */
  readonly askCurrent: (timeoutMs: number, conclude: (outcome: ProbeOutcome) => void) => Promise<void>;
  /** The state has changed. */
  readonly onChange: () => void;
  /** Ends all of it. */
  readonly signal: AbortSignal;
}

const breaksBeforeUnknown = 3;
/** Between two questions of which the first was not answered by silence. */
const pauses = { minMs: 500, maxMs: 30_000 };
/** Pause before a receiver that was found silent is asked again: a minute, by default. */
const intervalsToNextProbe = 6;
const longestWaitMs = 60 * 60_000;

export class AnswerSearch {
  readonly #options: AnswerSearchOptions;
  readonly #parts: AnswerSearchParts;
  readonly #backoff: Backoff;
  #state: AnswerState;
  #expectsAuthentic = false;
  /** In a row, and how long the next is waited for. */
  #silentMs = 0;
  /** In a row, since a connection that carries deliveries was ended. */
  #breaks = 0;
  #timeoutMs: number;
  readonly #logged = new Set<'silence' | 'broken'>();

  constructor(options: AnswerSearchOptions, parts: AnswerSearchParts) {
    this.#options = options;
    this.#parts = parts;
    this.#backoff = createBackoff(pauses, options.clock.random);
    this.#timeoutMs = options.confirmTimeoutMs;
    this.#state = options.confirm === 'off' ? 'off' : 'asking';
  }

  get state(): AnswerState {
    return this.#state;
  }

  /** The receiver sends a close_notify: its end counts only with one. */
  get expectsAuthentic(): boolean {
    return this.#expectsAuthentic;
  }

  /** Waits until there is a receiver, and deliveries may begin. Rejects with the signal's reason. */
  async atStart(): Promise<void> {
    for (let breaks = 0; breaks < breaksBeforeUnknown; breaks++) {
      const outcome = await this.#parts.probe.whenUp(this.#timeoutMs);
      this.#take(outcome);
      if (outcome !== 'broken') break;
    }
    if (this.#state === 'asking') this.#enter('unknown');
  }

  /** For as long as it is not known. Rejects with the signal's reason. */
  async untilAnswered(): Promise<void> {
    const { probe, askCurrent, signal } = this.#parts;
    const { confirmTimeoutMs, confirmPatienceMs, clock } = this.#options;
    this.#breaks = 0;
    while (this.#state === 'unknown') {
      if (this.#silentMs >= confirmPatienceMs) {
        await askCurrent(Math.max(confirmTimeoutMs, confirmPatienceMs / 2), (outcome) => this.#conclude(outcome));
        continue;
      }
      if (this.#breaks >= breaksBeforeUnknown) {
        this.#breaks = 0;
        await askCurrent(confirmTimeoutMs, (outcome) => this.#take(outcome));
        continue;
      }
      if (this.#silentMs === 0) await clock.sleep(this.#backoff.next(), { signal, unref: true });
      this.#take(await probe.once(this.#timeoutMs));
    }
    if (this.#state === 'off') await this.#untilAnsweredLate();
  }

  async #untilAnsweredLate(): Promise<void> {
    const { probe, signal } = this.#parts;
    const { confirmIntervalMs, confirmTimeoutMs, clock } = this.#options;
    let waitMs = intervalsToNextProbe * confirmIntervalMs;
    while (this.#state === 'off') {
      await clock.sleep(waitMs, { signal, unref: true });
      this.#take(await probe.once(confirmTimeoutMs));
      waitMs = Math.min(2 * waitMs, longestWaitMs);
    }
  }

  #take(outcome: ProbeOutcome): void {
    if (typeof outcome === 'object') this.#answered(outcome);
    else if (this.#state === 'off') return;
    else if (outcome === 'silence') {
      this.#breaks = 0;
      this.#silentMs += this.#timeoutMs;
      this.#timeoutMs = Math.max(this.#options.confirmTimeoutMs, Math.min(2 * this.#timeoutMs, this.#leftMs));
      if (this.#leftMs > 0) this.#logUnknown('silence');
    } else {
      this.#breaks += 1;
      this.#silentMs = 0;
      this.#timeoutMs = this.#options.confirmTimeoutMs;
      if (this.#state === 'unknown') this.#logUnknown('broken');
    }
  }

  /** The connection that carries deliveries was ended. */
  #conclude(outcome: ProbeOutcome): void {
    if (outcome !== 'silence') {
      this.#take(outcome);
      return;
    }
    const { confirm, peer, log } = this.#options;
    const isAuto = confirm === 'auto';
    log.warn(
      { peer, confirm, silentMs: this.#silentMs },
      `the receiver does not answer the end of a connection${
        isAuto
          ? ': what it has read cannot be confirmed. Checkpoints follow the local kernel; a receiver that dies loses what it had not read. It is asked again now and then'
          : '; with --confirm on everything is sent again until it does'
      }`,
    );
    this.#enter(isAuto ? 'off' : 'answering');
  }

  #answered({ end: { isAuthentic }, afterMs }: Exclude<ProbeOutcome, string>): void {
    const { log, peer } = this.#options;
    this.#expectsAuthentic = isAuthentic;
    log.info(
      { peer, confirms: isAuthentic ? 'close_notify' : 'FIN', afterMs },
      'the receiver answers the end of a connection: deliveries are confirmed',
    );
    this.#enter('answering');
  }

  #logUnknown(outcome: 'silence' | 'broken'): void {
    if (this.#logged.has(outcome)) return;
    this.#logged.add(outcome);
    const { confirm, confirmPatienceMs, peer, log } = this.#options;
    const seconds = confirmPatienceMs / 1000;
    const then =
      outcome === 'broken'
        ? 'Is it a receiver that resets every connection? Then only --confirm off lets checkpoints go on, without the promise'
        : confirm === 'auto'
          ? `After ${seconds}s of silence (--confirm-patience) they follow the local kernel`
          : 'With --confirm on they wait until it answers';
    const what =
      outcome === 'broken' ? 'breaks connections that are ended' : 'has not answered the end of a connection';
    log.warn({ peer, confirm }, `the receiver ${what}: it is asked again, and checkpoints wait meanwhile. ${then}`);
  }

  get #leftMs(): number {
    return this.#options.confirmPatienceMs - this.#silentMs;
  }

  #enter(state: AnswerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#parts.onChange();
  }
}
