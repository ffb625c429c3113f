/**
 * What happens in a world, line by line: its hash tells whether two runs were the same, its last lines tell what came
 * before a failure.
 */
import { createHash } from 'node:crypto';

const keptLines = 60;

export class Trace {
  readonly #hash = createHash('sha256');
  readonly #now: () => number;
  readonly #write: ((line: string) => void) | undefined;
  readonly #last: string[] = [];
  #at = 0;

  /** @param write gets every line, with its line feed */
  constructor(now: () => number, write?: (line: string) => void) {
    this.#now = now;
    this.#write = write;
  }

  /** @param who a daemon, the service, a receiver, a fault */
  note(who: string, what: string): void {
    const line = `${this.#now().toFixed(3)} ${who}: ${what}\n`;
    this.#hash.update(line);
    this.#last[this.#at++ % keptLines] = line;
    this.#write?.(line);
  }

  /** Oldest first. */
  get last(): readonly string[] {
    return Array.from({ length: Math.min(keptLines, this.#at) }, (_, i) => {
      const at = this.#at > keptLines ? this.#at + i : i;
      return (this.#last[at % keptLines] as string).trimEnd();
    });
  }

  /** Once, at the end. */
  digest(): string {
    return this.#hash.digest('hex').slice(0, 16);
  }
}
