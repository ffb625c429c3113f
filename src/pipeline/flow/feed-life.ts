/**
 * How far a feed has come, for those who ask: its state (feed.ts), since when, and why; and what it still waited for when
 * it was stopped before it ran.
 */
import type { AppError } from '../../core/errors.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { SinkStatus } from '../../sink/sink.ts';
import type { SlsLogService } from '../../sls/sls-log-service.ts';
import { type NotShipped, whyNotShipped } from './not-shipped.ts';

export type FeedState = 'waiting' | 'starting' | 'running' | 'failed' | 'reached' | 'retired';

interface Connectable {
  readonly sink: { readonly status: SinkStatus };
  start(): Promise<void>;
}

export interface FeedLifeOptions {
  readonly names: Readonly<Record<string, string>>;
  /** The feed reads up to `--until`. */
  readonly isBounded: boolean;
  readonly isRequired: boolean;
  readonly destinations: readonly Connectable[];
  readonly clock: Clock;
}

export class FeedLife {
  readonly #options: FeedLifeOptions;
  readonly #unconnected: Set<Connectable>;
  #state: FeedState = 'waiting';
  #sinceMs: number;
  #failure: AppError | undefined;
  #isServiceKnown = false;
  #hasRun = false;
  /** On the monotonic clock; undefined before the first start. */
  #startedAtMs: number | undefined;

  constructor(options: FeedLifeOptions) {
    this.#options = options;
    this.#unconnected = new Set(options.destinations);
    this.#sinceMs = options.clock.now();
  }

  get state(): FeedState {
    return this.#state;
  }

  /** Unix milliseconds of the last change; of one that has failed, of the first failure. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Why it has failed, while it has; also while it is tried again. */
  get failure(): AppError | undefined {
    return this.#failure;
  }

  /** The log service has answered. */
  get isServiceKnown(): boolean {
    return this.#isServiceKnown;
  }

  /** The receivers that have never had a connection that takes deliveries. */
  get unconnected(): readonly SinkStatus[] {
    return [...this.#unconnected].map(({ sink }) => sink.status);
  }

  enter(state: FeedState, failure?: AppError): void {
    const { clock } = this.#options;
    if (state === 'starting') this.#startedAtMs ??= clock.monotonic();
    if (state === 'running') this.#hasRun = true;
    const hadFailed = this.#failure !== undefined;
    if (state === 'failed') this.#failure = failure;
    else if (state !== 'starting') this.#failure = undefined;
    // What is tried again and fails again has failed since the first time.
    const isSame = hadFailed ? this.#failure !== undefined : state === this.#state;
    if (!isSame) this.#sinceMs = clock.now();
    this.#state = state;
  }

  /** Begins to connect to every receiver, and to make sure of the group; resolves when all of it is done. */
  async prepare(prepareGroup: () => Promise<void>): Promise<void> {
    const connected = this.#options.destinations.map(async (destination) => {
      await destination.start();
      this.#unconnected.delete(destination);
    });
    const prepared = prepareGroup().then(() => {
      this.#isServiceKnown = true;
    });
    await Promise.all([prepared, ...connected]);
  }

  /** To be asked before anything is closed. Of a feed that has failed, the log has told why already. */
  whyNotShipped(service: Pick<SlsLogService, 'troubles'> | undefined): NotShipped | undefined {
    if (this.#state === 'failed') return undefined;
    const { names, isBounded, isRequired, clock } = this.#options;
    return whyNotShipped({
      names,
      isBounded,
      isRequired,
      hasRun: this.#hasRun,
      isReached: this.#state === 'reached',
      unconnected: this.unconnected,
      isServiceKnown: this.#isServiceKnown,
      troubles: service?.troubles ?? [],
      startingForMs: this.#startedAtMs === undefined ? 0 : clock.monotonic() - this.#startedAtMs,
    });
  }
}
