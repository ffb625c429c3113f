/** The consumer group itself, and its settings: makes sure that it is there as it should be. */
import { ServiceError } from '../errors.ts';
import type { ConsumerGroupSettings } from '../group/log-service.ts';
import { consumerGroupList, json, nothing } from './answers.ts';
import type { Caller, RetryPolicy } from './caller.ts';
import { withAdvice } from './failures.ts';
import { percentEncode } from './signable-request.ts';

export interface GroupPlace {
  readonly logstore: string;
  readonly consumerGroup: string;
  /** Encoded, from the service's root. */
  readonly logstorePath: string;
}

export class GroupSettings {
  readonly #caller: Caller;
  readonly #place: GroupPlace;
  readonly #path: string;

  constructor(caller: Caller, place: GroupPlace) {
    this.#caller = caller;
    this.#place = place;
    this.#path = `${place.logstorePath}/consumergroups`;
  }

  /** @throws ServiceError for what somebody has to set right */
  async ensure({ timeoutMs, inOrder: order }: ConsumerGroupSettings, signal: AbortSignal): Promise<void> {
    // Decided once for all its requests: that the first one works does not make the second one's refusal transient.
    const atStart = !this.#caller.hasWorked;
    const timeout = Math.ceil(timeoutMs / 1000);
    const { consumerGroup } = this.#place;
    try {
      const json = { consumerGroup, timeout, order };
      await this.#caller.call(
        { operation: 'createConsumerGroup', method: 'POST', path: this.#path, json, read: nothing, atStart },
        'starting',
        signal,
      );
    } catch (thrown) {
      if (!(thrown instanceof ServiceError)) throw thrown;
      if (thrown.code === 'consumer-group-quota') throw await this.#explainQuota(thrown, signal);
      if (thrown.code !== 'consumer-group-already-exist') throw thrown;
      const groups = await this.#list(atStart, 'starting', signal);
      const existing = groups.find(({ name }) => name === consumerGroup);
      if (existing?.timeout === timeout && existing.order === order) return;
      const path = `${this.#path}/${percentEncode(consumerGroup)}`;
      const json = { timeout, order };
      await this.#caller.call(
        { operation: 'updateConsumerGroup', method: 'PUT', path, json, read: nothing, atStart },
        'starting',
        signal,
      );
    }
  }

  #list(atStart: boolean, policy: RetryPolicy, signal: AbortSignal) {
    return this.#caller.call(
      { operation: 'listConsumerGroups', method: 'GET', path: this.#path, read: json(consumerGroupList), atStart },
      policy,
      signal,
    );
  }

  async #explainQuota(error: ServiceError, signal: AbortSignal): Promise<ServiceError> {
    // Best effort: the quota is what has to be told, not why the groups cannot be listed.
    const groups = await this.#list(false, 'once', signal).catch(() => undefined);
    signal.throwIfAborted();
    const names = groups?.map(({ name }) => `"${name}"`).join(', ');
    const existing = names ? `; there are: ${names}` : '';
    return withAdvice(
      error,
      `the logstore "${this.#place.logstore}" has as many consumer groups as the service allows; delete those that are not used any more${existing}`,
    );
  }
}
