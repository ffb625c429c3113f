/** Wakes one waiter, who then checks the condition himself: several events may fulfil it. */
export class Wake {
  #resolve: (() => void) | undefined;

  /** Resolves at the next `now()`. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  now(): void {
    this.#resolve?.();
  }
}
