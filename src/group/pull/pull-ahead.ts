/** A shard's next pull, which may be made while the batch before it is still delivered. */
import type { Pull } from './puller.ts';

export class PullAhead {
  readonly #pull: () => Promise<Pull>;
  #next: Promise<Pull> | undefined;

  constructor(pull: () => Promise<Pull>) {
    this.#pull = pull;
  }

  /** Makes it, unless it is made already. */
  begin(): Promise<Pull> {
    if (this.#next) return this.#next;
    this.#next = this.#pull();
    this.#next.catch(() => undefined); // it may fail before anybody waits for it
    return this.#next;
  }

  /** It is the caller's to release. Rejects as the pull does. */
  async take(): Promise<Pull> {
    const pull = await this.begin();
    this.#next = undefined;
    return pull;
  }

  /** Nobody wants it any more. */
  discard(): void {
    this.#next?.then((unused) => unused.release()).catch(() => undefined);
  }
}
