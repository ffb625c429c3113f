/**
 * One indexer behind the collector: what it has accepted, what it has indexed, and the acknowledgements of its channels.
 *
 * accepted → indexed, after a while. A restart forgets what is accepted and not indexed, and all channels: their ids
 * begin at 0 again. An id is answered with `true` once, and forgotten then.
 */
import type { Clock, Timer } from '../../core/time/clock.ts';
import type { HecEvent } from './events.ts';

export interface IndexerOptions {
  readonly clock: Pick<Clock, 'timer' | 'cancel'>;
  /** Called with events when they are indexed: from then on nothing loses them. */
  readonly onIndexed: (events: readonly HecEvent[]) => void;
}

interface Channel {
  nextId: number;
  /** By id: whether the events are indexed. */
  readonly pending: Map<number, boolean>;
}

export class Indexer {
  readonly #options: IndexerOptions;
  readonly #timers = new Set<Timer>();
  #channels = new Map<string, Channel>();

  constructor(options: IndexerOptions) {
    this.#options = options;
  }

  /** @param channel absent: without acknowledgement @returns the events' id in the channel */
  accept(events: readonly HecEvent[], channel: string | undefined, indexAfterMs: number): number | undefined {
    const state = channel === undefined ? undefined : this.#channel(channel);
    const id = state === undefined ? undefined : state.nextId++;
    if (id !== undefined) state?.pending.set(id, false);
    const index = () => {
      this.#options.onIndexed(events);
      if (id !== undefined) state?.pending.set(id, true);
    };
    if (indexAfterMs === 0) index();
    else {
      const timer = this.#options.clock.timer(indexAfterMs, () => {
        this.#timers.delete(timer);
        index();
      });
      this.#timers.add(timer);
    }
    return id;
  }

  /** @returns for each id whether its events are indexed, as far as this indexer knows the channel */
  acknowledge(channel: string, ids: readonly number[]): Readonly<Record<string, boolean>> {
    const pending = this.#channels.get(channel)?.pending;
    const answers = ids.map((id) => [String(id), pending?.get(id) === true] as const);
    for (const [id, isIndexed] of answers) if (isIndexed) pending?.delete(Number(id));
    return Object.fromEntries(answers);
  }

  /** Forgets a channel, and no event. */
  forget(channel: string): void {
    this.#channels.delete(channel);
  }

  /** Events that are accepted and not yet indexed are lost. */
  restart(): void {
    for (const timer of this.#timers) this.#options.clock.cancel(timer);
    this.#timers.clear();
    this.#channels = new Map();
  }

  #channel(name: string): Channel {
    const known = this.#channels.get(name);
    if (known) return known;
    const channel = { nextId: 0, pending: new Map<number, boolean>() };
    this.#channels.set(name, channel);
    return channel;
  }
}
