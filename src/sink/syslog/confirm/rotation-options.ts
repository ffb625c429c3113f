/** What a rotation is made from, and how it sees the deliveries. Types only. */
import type { AppError } from '../../../core/errors.ts';
import type { Connection } from '../link/transport.ts';
import type { AnswerSearchOptions } from './answer-search.ts';

export interface RotationOptions extends AnswerSearchOptions {
  readonly confirmBytes: number;
  /** A connection is confirmed before the next one is written to. */
  readonly strictOrder: boolean;
}

/** The deliveries, as the rotation sees them. */
export interface Carried {
  /** Deliveries are on it that have not come to their end. */
  isOpenOn(connection: Connection): boolean;
  isUnconfirmedOn(connection: Connection): boolean;
  /** The connection carries frames that may break it (suspects.ts): nobody is warned of its end. */
  isTrial(connection: Connection): boolean;
  /** How long the connection stands at least behind what it carried, before its end; undefined: nothing is doubtful. */
  lingerMs(connection: Connection): number | undefined;
  /** The connection is to be ended, even if nothing on it is unconfirmed. */
  wantsRotation(connection: Connection): boolean;
  /** There may be room on a connection again. */
  room(): void;
  confirmed(connection: Connection): void;
  /** @param breaksInARow connections, this one included, that broke with something unconfirmed, and none was confirmed */
  lost(connection: Connection, error: AppError, breaksInARow: number): void;
  /**
   * Whether `confirmed` will be called; told before the first connection takes anything. Where it becomes false, what is
   * sent counts as confirmed from then on.
   */
  confirming(does: boolean): void;
}
