/**
 * Finds or creates the consumer group, and reads its settings: list, then create or adopt, then list again to be sure.
 *
 * Another process may create or delete the group between two requests. An access key that may only list, or only
 * create, is enough. An existing group keeps its settings, since other consumers use them.
 */
import { createBackoff } from '../core/backoff.ts';
import { ServiceError } from '../core/errors.ts';
import type { Clock } from '../core/time/clock.ts';
import type { ConsumerGroupSettings, FoundConsumerGroup } from '../group/service/log-service.ts';
import { consumerGroupList, json, nothing } from './answers.ts';
import type { Caller } from './caller.ts';
import type { Phase } from './error-table.ts';
import { withAdvice } from './failures.ts';
import { pause } from './pause.ts';
import type { RetryPolicy } from './service-call.ts';
import { percentEncode } from './signing/signable-request.ts';

export interface GroupPlace {
  readonly logstore: string;
  readonly consumerGroup: string;
  /** The logstore's URL path, encoded. */
  readonly logstorePath: string;
}

interface Manner {
  readonly phase: Phase;
  readonly policy: RetryPolicy;
}

/**
 * How often creating the group may say that it exists while the list lacks it: after that it counts as existing, with
 * unknown settings. A heartbeat shows whether it does.
 */
const mostRounds = 3;
const betweenRounds = { minMs: 200, maxMs: 5_000 };
const unknownSettings = { timeoutMs: undefined, inOrder: undefined };

export class GroupSetup {
  readonly #caller: Caller;
  readonly #place: GroupPlace;
  readonly #clock: Clock;
  readonly #path: string;

  constructor(caller: Caller, place: GroupPlace, clock: Clock) {
    this.#caller = caller;
    this.#place = place;
    this.#clock = clock;
    this.#path = `${place.logstorePath}/consumergroups`;
  }

  /** @throws ServiceError: at start only an error that an operator has to fix */
  async ensure(
    wanted: ConsumerGroupSettings & { readonly mayUpdate?: boolean },
    phase: Phase,
    signal: AbortSignal,
  ): Promise<FoundConsumerGroup> {
    const manner: Manner = { phase, policy: phase === 'start' ? 'patient' : 'once' };
    const backoff = createBackoff(betweenRounds, this.#clock.random);
    let isNew = false;
    for (let round = 1; ; round++) {
      const found = await this.#findIfAllowed(manner, signal);
      if (found === 'not allowed') return { ...unknownSettings, isNew: await this.#create(wanted, manner, signal) };
      if (found && wanted.mayUpdate && differs(found, wanted)) return this.#update(wanted, manner, signal);
      if (found) return { ...found, isNew };
      if (round > mostRounds) return { ...unknownSettings, isNew };
      isNew = (await this.#create(wanted, manner, signal)) || isNew;
      // The list may lag behind the creation.
      if (round > 1) await pause(backoff.next(), [signal], this.#clock);
    }
  }

  async find(manner: Manner, signal: AbortSignal): Promise<FoundConsumerGroup | undefined> {
    const groups = await this.#list(manner, signal);
    const row = groups.find(({ name }) => name === this.#place.consumerGroup);
    if (!row) return undefined;
    const { timeout, order } = row;
    return { timeoutMs: timeout ? timeout * 1000 : undefined, inOrder: order ?? undefined, isNew: false };
  }

  async #findIfAllowed(manner: Manner, signal: AbortSignal): Promise<FoundConsumerGroup | undefined | 'not allowed'> {
    try {
      return await this.find(manner, signal);
    } catch (thrown) {
      if (isRefused(thrown)) return 'not allowed';
      throw thrown;
    }
  }

  /** @returns false when the group exists already */
  async #create({ timeoutMs, inOrder }: ConsumerGroupSettings, manner: Manner, signal: AbortSignal): Promise<boolean> {
    const { consumerGroup, logstore } = this.#place;
    const { phase, policy } = manner;
    const body = { consumerGroup, timeout: inSeconds(timeoutMs), order: inOrder };
    try {
      await this.#caller.call(
        { operation: 'createConsumerGroup', method: 'POST', path: this.#path, json: body, read: nothing, phase },
        policy,
        signal,
      );
      return true;
    } catch (thrown) {
      if (!(thrown instanceof ServiceError)) throw thrown;
      if (thrown.code === 'consumer-group-already-exist') return false;
      if (thrown.code === 'consumer-group-quota') throw await this.#explainQuota(thrown, signal);
      if (!isRefused(thrown)) throw thrown;
      const advice = `the consumer group "${consumerGroup}" of the logstore "${logstore}" does not exist: if this access key may not create the group, somebody else has to create it, with a timeout of ${inSeconds(timeoutMs)}s`;
      throw withAdvice(thrown, advice);
    }
  }

  async #update(
    { timeoutMs, inOrder }: ConsumerGroupSettings,
    { phase, policy }: Manner,
    signal: AbortSignal,
  ): Promise<FoundConsumerGroup> {
    const path = `${this.#path}/${percentEncode(this.#place.consumerGroup)}`;
    const body = { timeout: inSeconds(timeoutMs), order: inOrder };
    await this.#caller.call(
      { operation: 'updateConsumerGroup', method: 'PUT', path, json: body, read: nothing, phase },
      policy,
      signal,
    );
    return { timeoutMs: inSeconds(timeoutMs) * 1000, inOrder, isNew: false };
  }

  #list({ phase, policy }: Manner, signal: AbortSignal) {
    return this.#caller.call(
      { operation: 'listConsumerGroups', method: 'GET', path: this.#path, read: json(consumerGroupList), phase },
      policy,
      signal,
    );
  }

  async #explainQuota(error: ServiceError, signal: AbortSignal): Promise<ServiceError> {
    // Best effort: the error is about the quota, not about a failed listing.
    const groups = await this.#list({ phase: 'running', policy: 'once' }, signal).catch(() => undefined);
    signal.throwIfAborted();
    const names = groups?.map(({ name }) => `"${name}"`).join(', ');
    const existing = names ? `; there are: ${names}` : '';
    return withAdvice(
      error,
      `the logstore "${this.#place.logstore}" has as many consumer groups as the service allows; delete those that are not used any more${existing}`,
    );
  }
}

function inSeconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

function differs(found: FoundConsumerGroup, { timeoutMs, inOrder }: ConsumerGroupSettings): boolean {
  return found.timeoutMs !== inSeconds(timeoutMs) * 1000 || found.inOrder !== inOrder;
}

/** The access key is not allowed this request. A wrong key gets the same error for every request. */
function isRefused(thrown: unknown): boolean {
  return thrown instanceof ServiceError && thrown.serviceCode !== '' && thrown.code === 'unauthorized';
}
