/**
 * Which delivery is on which connection, and what may be reported of it. Pure: no sockets, no clock.
 *
 *   open      the sink was told of it; it is on no connection yet.
 *   bound     its first chunk was given to a connection, and all others go there, or nowhere.
 *   sent      ended, and the kernel has every byte of it: reported, once everything before it in its stream is sent.
 *   confirmed the peer has read every byte (or, where nothing confirms, it is sent): reported and done, once
 *             everything before it in its stream is.
 *   lost      its connection broke before that; or that of an earlier one of its stream, for then the stream is
 *             sent again from there, and a later report would only say that there is a gap before it.
 *   abandoned whoever opened it does not want to hear of it any more.
 *
 * A stream's deliveries are reported in the order in which they were opened: one without a single chunk (every log
 * of the batch was filtered out) waits for those before it.
 */
import type { Mark } from '../../sink.ts';
import type { Connection } from './transport.ts';

export interface Entry<M extends Mark> {
  readonly mark: M;
  connection: Connection | undefined;
  /** Chunks that were taken over, and not yet by the kernel. */
  unwritten: number;
  isEnded: boolean;
  isSent: boolean;
  isConfirmed: boolean;
  /** Confirmed and reported, lost or abandoned. */
  isOver: boolean;
}

export interface LedgerReports<M extends Mark> {
  sent(mark: M): void;
  confirmed(mark: M): void;
}

export class Ledger<M extends Mark> {
  readonly #reports: LedgerReports<M>;
  /** Of each stream what is not over, oldest first. */
  readonly #streams = new Map<string, Entry<M>[]>();
  #isConfirming = false;

  constructor(reports: LedgerReports<M>) {
    this.#reports = reports;
  }

  /** Somebody calls `confirm`. Otherwise what is sent counts as confirmed. */
  get isConfirming(): boolean {
    return this.#isConfirming;
  }

  /** Where nobody will confirm any more, what is sent is confirmed by that. */
  confirming(does: boolean): void {
    this.#isConfirming = does;
    if (!does) for (const stream of [...this.#streams.keys()]) this.#report(stream);
  }

  get isEmpty(): boolean {
    return this.#streams.size === 0;
  }

  /** Nothing waits for its end, or to be written: only for confirmation. */
  get isSent(): boolean {
    return [...this.#streams.values()].every((entries) => entries.every((entry) => entry.isSent));
  }

  /** Whether a delivery is on this connection whose end has not come. */
  isOpenOn(connection: Connection): boolean {
    return this.#some((entry) => entry.connection === connection && !entry.isEnded);
  }

  /** Whether the connection carries what is not confirmed. */
  isUnconfirmedOn(connection: Connection): boolean {
    return this.#some((entry) => entry.connection === connection && !entry.isConfirmed);
  }

  /** The streams of which the connection carries what is not confirmed. */
  streamsOn(connection: Connection): readonly string[] {
    const isOn = (entry: Entry<M>) => entry.connection === connection && !entry.isConfirmed;
    return [...this.#streams].filter(([, entries]) => entries.some(isOn)).map(([stream]) => stream);
  }

  open(mark: M): Entry<M> {
    const entry: Entry<M> = {
      mark,
      connection: undefined,
      unwritten: 0,
      isEnded: false,
      isSent: false,
      isConfirmed: false,
      isOver: false,
    };
    const stream = this.#streams.get(mark.stream);
    if (stream === undefined) this.#streams.set(mark.stream, [entry]);
    else stream.push(entry);
    return entry;
  }

  /** To be called when an entry has ended, or a chunk of it was written: reports what is due. */
  advance(entry: Entry<M>): void {
    this.#report(entry.mark.stream);
  }

  /** The peer has read everything that the connection carried. */
  confirm(connection: Connection): void {
    for (const [stream, entries] of [...this.#streams]) {
      for (const entry of entries) if (entry.connection === connection) entry.isConfirmed = true;
      this.#report(stream);
    }
  }

  abandon(entry: Entry<M>): void {
    if (entry.isOver) return;
    const { stream } = entry.mark;
    const entries = this.#streams.get(stream) ?? [];
    this.#remove(stream, entries, entries.indexOf(entry), 1);
    this.#report(stream);
  }

  /** The delivery is not sent to its end. @returns the deliveries that are lost: this one, and the later ones of its stream */
  withdraw(entry: Entry<M>): Entry<M>[] {
    const { stream } = entry.mark;
    const entries = this.#streams.get(stream) ?? [];
    const first = entries.indexOf(entry);
    return first < 0 ? [] : this.#remove(stream, entries, first, entries.length);
  }

  /** @returns what is lost with a connection, each stream's in order */
  lose(connection: Connection): Entry<M>[] {
    return [...this.#streams].flatMap(([stream, entries]) => {
      const first = entries.findIndex((entry) => entry.connection === connection);
      return first < 0 ? [] : this.#remove(stream, entries, first, entries.length);
    });
  }

  loseAll(): Entry<M>[] {
    return [...this.#streams].flatMap(([stream, entries]) => this.#remove(stream, entries, 0, entries.length));
  }

  #report(stream: string): void {
    const entries = this.#streams.get(stream);
    if (entries === undefined) return;
    for (const entry of [...entries]) {
      if (entry.isOver || entry.isSent) continue;
      if (!entry.isEnded || entry.unwritten > 0) break;
      entry.isSent = true;
      this.#reports.sent(entry.mark);
    }
    for (let head = entries[0]; head?.isSent && this.#countsAsConfirmed(head); head = entries[0]) {
      this.#remove(stream, entries, 0, 1);
      this.#reports.confirmed(head.mark);
    }
  }

  /** One without a single chunk has nothing to be confirmed. */
  #countsAsConfirmed(entry: Entry<M>): boolean {
    return entry.isConfirmed || !this.#isConfirming || entry.connection === undefined;
  }

  #some(test: (entry: Entry<M>) => boolean): boolean {
    return [...this.#streams.values()].some((entries) => entries.some(test));
  }

  #remove(stream: string, entries: Entry<M>[], from: number, count: number): Entry<M>[] {
    const removed = entries.splice(from, count);
    for (const entry of removed) entry.isOver = true;
    if (entries.length === 0) this.#streams.delete(stream);
    return removed;
  }
}
