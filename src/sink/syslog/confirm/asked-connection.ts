/** The connection whose end is asked for, to see whether the receiver answers it. One at a time. */
import type { Connection } from '../link/transport.ts';
import type { ProbeOutcome } from './half-close.ts';

interface Asked {
  readonly connection: Connection;
  readonly timeoutMs: number;
  readonly conclude: (outcome: ProbeOutcome) => void;
}

export class AskedConnection {
  #asked: Asked | undefined;

  ask(connection: Connection, timeoutMs: number, conclude: Asked['conclude']): void {
    this.#asked = { connection, timeoutMs, conclude };
  }

  is(connection: Connection): boolean {
    return this.#asked?.connection === connection;
  }

  /** How long its answer is waited for; undefined: it is another connection. */
  timeoutMs(connection: Connection): number | undefined {
    return this.is(connection) ? this.#asked?.timeoutMs : undefined;
  }

  /** Without effect for another connection. */
  conclude(connection: Connection, outcome: ProbeOutcome): void {
    if (!this.is(connection)) return;
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.conclude(outcome);
  }

  forget(): void {
    this.#asked = undefined;
  }
}
