/** A shard's next pull, which may be made while the batch before it is still delivered. */
import type { Pull } from './puller.ts';

export class Prefetch {
  readonly #pull: () => Promise<Pull>;
  #next: Promise<Pull> | undefined;

  constructor(pull: () => Promise<Pull>) {
    this.#pull = pull;
  }

  /** Begins the next pull, unless it is begun already. */
  begin(): Promise<Pull> {
    if (this.#next) return this.#next;
    this.#next = this.#pull();
    this.#next.catch(() => undefined); // the pull may fail before anybody waits for it
    return this.#next;
  }

  /** Returns the next pull, which the caller releases. Rejects as the pull does. */
  async take(): Promise<Pull> {
    const pull = await this.begin();
    this.#next = undefined;
    return pull;
  }

  /** Releases the next pull, which nobody wants any more. */
  discard(): void {
    this.#next?.then((unused) => unused.release()).catch(() => undefined);
  }
}
