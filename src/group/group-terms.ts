/**
 * The terms of a consumer group: the timeout and the order that the service has for it. A consumer whose own settings are
 * others follows the group's, and says so.
 *
 * A timeout that is shorter than ours is followed at once. One that is longer only when it was read twice: until then
 * nobody relies on a lease that may not be there.
 */
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time/clock.ts';
import type { FoundConsumerGroup, LogService } from './service/log-service.ts';

export interface GroupTermsOptions {
  readonly service: Pick<LogService, 'findConsumerGroup'>;
  /** This and the next three: this copy's own settings. */
  readonly heartbeatIntervalMs: number;
  readonly timeoutMs: number;
  readonly inOrder: boolean;
  readonly log: Log;
  readonly clock: Clock;
}

/** How often they are read again; oftener where the timeout is shorter. */
const readMs = 30_000;

/** Two beats may get lost. */
const beatsInTimeout = 3;

export class GroupTerms {
  readonly #options: GroupTermsOptions;
  #timeoutMs: number;
  #longerMs: number | undefined;
  #toldTimeoutMs: number | undefined;
  #toldOrder: boolean | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: GroupTermsOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  get heartbeatIntervalMs(): number {
    return Math.min(this.#options.heartbeatIntervalMs, this.#timeoutMs / beatsInTimeout);
  }

  /** Something is odd: they are read with the next heartbeat. */
  readSoon(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Reads them again, where that is due. Never rejects.
   * @returns whether anything is other than before
   */
  async read(signal: AbortSignal): Promise<boolean> {
    const { service, log, clock } = this.#options;
    const nowMs = clock.monotonic();
    if (nowMs - this.#readAtMs < Math.min(readMs, this.#timeoutMs)) return false;
    this.#readAtMs = nowMs;
    try {
      const group = await service.findConsumerGroup(signal);
      return group !== undefined && this.found(group);
    } catch (error) {
      if (!signal.aborted) log.debug({ err: error }, 'the group’s settings are not read; trying again later');
      return false;
    }
  }

  /** @returns whether anything is other than before */
  found({ timeoutMs, inOrder }: FoundConsumerGroup): boolean {
    if (inOrder !== undefined) this.#tellOrder(inOrder);
    if (timeoutMs === undefined || timeoutMs <= 0 || timeoutMs === this.#timeoutMs) {
      this.#longerMs = undefined;
      return false;
    }
    const isSure = timeoutMs < this.#timeoutMs || timeoutMs === this.#longerMs;
    this.#longerMs = isSure ? undefined : timeoutMs;
    if (!isSure) return false;
    this.#timeoutMs = timeoutMs;
    this.#tellTimeout();
    return true;
  }

  #tellTimeout(): void {
    const { timeoutMs: own, log } = this.#options;
    if (this.#timeoutMs === (this.#toldTimeoutMs ?? own)) return;
    this.#toldTimeoutMs = this.#timeoutMs;
    const facts = { groupTimeoutMs: this.#timeoutMs, ownTimeoutMs: own, heartbeatIntervalMs: this.heartbeatIntervalMs };
    if (this.#timeoutMs === own) {
      log.info(facts, `the consumer group's timeout is ${seconds(own)} again, as it is set here`);
      return;
    }
    log.warn(
      facts,
      `the consumer group's timeout is ${seconds(this.#timeoutMs)}, and the settings here make it ${seconds(own)} (three times --heartbeat-interval): the group's counts, with a heartbeat every ${seconds(this.heartbeatIntervalMs)}. Ask who set it, or start with --update-group to set it to ${seconds(own)} for all of its consumers`,
    );
  }

  #tellOrder(inOrder: boolean): void {
    const { inOrder: own, log } = this.#options;
    if (inOrder === (this.#toldOrder ?? own)) return;
    this.#toldOrder = inOrder;
    log.warn(
      { groupInOrder: inOrder, ownInOrder: own },
      `the consumer group has order ${inOrder}, and the settings here say ${own} (--in-order): the group's counts. Ask who set it, or start with --update-group`,
    );
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10}s`;
}
