/**
 * A consumer group's timeout and order, as the service has them. A consumer with other settings follows the group's,
 * and logs the difference.
 *
 * A shorter timeout is followed at once; a longer one only when it was read twice: until then the lease may be shorter.
 */
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time/clock.ts';
import type { FoundConsumerGroup, LogService } from './service/log-service.ts';

export interface LiveGroupSettingsOptions {
  readonly service: Pick<LogService, 'findConsumerGroup'>;
  /** This process's own settings, as the next two are. */
  readonly heartbeatIntervalMs: number;
  readonly timeoutMs: number;
  readonly inOrder: boolean;
  readonly log: Log;
  readonly clock: Clock;
}

/** How often the group's settings are read again; more often where the timeout is shorter. */
const readMs = 30_000;

/** Two heartbeats may get lost. */
const heartbeatsInTimeout = 3;

export class LiveGroupSettings {
  readonly #options: LiveGroupSettingsOptions;
  #timeoutMs: number;
  #longerMs: number | undefined;
  #loggedTimeoutMs: number | undefined;
  #loggedOrder: boolean | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: LiveGroupSettingsOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  get heartbeatIntervalMs(): number {
    return Math.min(this.#options.heartbeatIntervalMs, this.#timeoutMs / heartbeatsInTimeout);
  }

  /** Something is odd: the group's settings are read again after the next heartbeat. */
  readSoon(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Reads the group's settings again, when that is due. Never rejects.
   * @returns whether the timeout has changed
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

  /** @returns whether the timeout has changed */
  found({ timeoutMs, inOrder }: FoundConsumerGroup): boolean {
    if (inOrder !== undefined) this.#logOrder(inOrder);
    if (timeoutMs === undefined || timeoutMs <= 0 || timeoutMs === this.#timeoutMs) {
      this.#longerMs = undefined;
      return false;
    }
    const isSure = timeoutMs < this.#timeoutMs || timeoutMs === this.#longerMs;
    this.#longerMs = isSure ? undefined : timeoutMs;
    if (!isSure) return false;
    this.#timeoutMs = timeoutMs;
    this.#logTimeout();
    return true;
  }

  #logTimeout(): void {
    const { timeoutMs: own, log } = this.#options;
    if (this.#timeoutMs === (this.#loggedTimeoutMs ?? own)) return;
    this.#loggedTimeoutMs = this.#timeoutMs;
    const facts = { groupTimeoutMs: this.#timeoutMs, ownTimeoutMs: own, heartbeatIntervalMs: this.heartbeatIntervalMs };
    if (this.#timeoutMs === own) {
      log.info(facts, `the consumer group's timeout is ${seconds(own)} again, as in the settings of this instance`);
      return;
    }
    log.warn(
      facts,
      `the consumer group's timeout is ${seconds(this.#timeoutMs)}, but the settings of this instance say ${seconds(own)} (three times --heartbeat-interval): the instance follows the group, with a heartbeat every ${seconds(this.heartbeatIntervalMs)}. Ask who set the group's timeout, or start with --update-group to set it to ${seconds(own)} for all consumers of the group`,
    );
  }

  #logOrder(inOrder: boolean): void {
    const { inOrder: own, log } = this.#options;
    if (inOrder === (this.#loggedOrder ?? own)) return;
    this.#loggedOrder = inOrder;
    log.warn(
      { groupInOrder: inOrder, ownInOrder: own },
      `the consumer group has order ${inOrder}, but the settings of this instance say ${own} (--in-order): the instance follows the group. Ask who set the group's order, or start with --update-group to set it to ${own} for all consumers of the group`,
    );
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10}s`;
}
