/** One who waits for something that several may bring about, and looks himself whether it has come. */
export class Wake {
  #resolve: (() => void) | undefined;

  /** Until `now()` is called: what was waited for may have come true. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  now(): void {
    this.#resolve?.();
  }
}
