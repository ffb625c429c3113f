/**
 * Which delivery is on which carrier (what a sink sends by, and loses as a whole: a connection, a channel, a file), and
 * what may be reported of the delivery. Pure: no sockets, no clock.
 *
 *   open      the sink was told of the delivery; no carrier has it yet.
 *   bound     its first chunk was given to a carrier, and all others go there, or nowhere.
 *   sent      ended, and the carrier has taken every byte of it: reported, once everything before it in its stream is sent.
 *   confirmed the receiver has every byte (or, where nothing confirms, it is sent): reported and done, once everything
 *             before it in its stream is.
 *   lost      its carrier broke before that; or that of an earlier delivery of its stream, for then the stream is
 *             sent again from there, and a later report would only say that there is a gap before it.
 *   abandoned whoever opened it does not want to hear of it any more.
 *
 * A stream's deliveries are reported in the order in which they were opened: one without a single chunk (every log
 * of the batch was filtered out) waits for those before it.
 */
import type { DeliveryRef } from './sink.ts';

export interface LedgerEntry<M extends DeliveryRef, Carrier extends object> {
  readonly ref: M;
  carrier: Carrier | undefined;
  /** Chunks that were taken over, and not yet by the kernel. */
  unwritten: number;
  isEnded: boolean;
  isSent: boolean;
  isConfirmed: boolean;
  /** Confirmed and reported, lost or abandoned. */
  isOver: boolean;
}

export interface LedgerReports<M extends DeliveryRef> {
  sent(ref: M): void;
  confirmed(ref: M): void;
}

export class Ledger<M extends DeliveryRef, Carrier extends object> {
  readonly #reports: LedgerReports<M>;
  /** Each stream's deliveries that are not over, oldest first. */
  readonly #streams = new Map<string, LedgerEntry<M, Carrier>[]>();
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

  /** Whether the carrier has a delivery whose end has not come. */
  isOpenOn(carrier: Carrier): boolean {
    return this.#some((entry) => entry.carrier === carrier && !entry.isEnded);
  }

  /** Whether the carrier has what is not confirmed. */
  isUnconfirmedOn(carrier: Carrier): boolean {
    return this.#some((entry) => entry.carrier === carrier && !entry.isConfirmed);
  }

  /** The streams of which the carrier has what is not confirmed. */
  streamsOn(carrier: Carrier): readonly string[] {
    const isOn = (entry: LedgerEntry<M, Carrier>) => entry.carrier === carrier && !entry.isConfirmed;
    return [...this.#streams].filter(([, entries]) => entries.some(isOn)).map(([stream]) => stream);
  }

  open(ref: M): LedgerEntry<M, Carrier> {
    const entry: LedgerEntry<M, Carrier> = {
      ref,
      carrier: undefined,
      unwritten: 0,
      isEnded: false,
      isSent: false,
      isConfirmed: false,
      isOver: false,
    };
    const stream = this.#streams.get(ref.stream);
    if (stream === undefined) this.#streams.set(ref.stream, [entry]);
    else stream.push(entry);
    return entry;
  }

  /** To be called when an entry has ended, or a chunk of it was written: reports what is due. */
  advance(entry: LedgerEntry<M, Carrier>): void {
    this.#report(entry.ref.stream);
  }

  /** The receiver has everything that the carrier was given. */
  confirm(carrier: Carrier): void {
    for (const [stream, entries] of [...this.#streams]) {
      for (const entry of entries) if (entry.carrier === carrier) entry.isConfirmed = true;
      this.#report(stream);
    }
  }

  abandon(entry: LedgerEntry<M, Carrier>): void {
    if (entry.isOver) return;
    const { stream } = entry.ref;
    const entries = this.#streams.get(stream) ?? [];
    this.#remove(stream, entries, entries.indexOf(entry), 1);
    this.#report(stream);
  }

  /** The delivery is not sent to its end. @returns the deliveries that are lost: this one, and the later ones of its stream */
  withdraw(entry: LedgerEntry<M, Carrier>): LedgerEntry<M, Carrier>[] {
    const { stream } = entry.ref;
    const entries = this.#streams.get(stream) ?? [];
    const first = entries.indexOf(entry);
    return first < 0 ? [] : this.#remove(stream, entries, first, entries.length);
  }

  /** @returns what is lost with a carrier, each stream's in order */
  lose(carrier: Carrier): LedgerEntry<M, Carrier>[] {
    return [...this.#streams].flatMap(([stream, entries]) => {
      const first = entries.findIndex((entry) => entry.carrier === carrier);
      return first < 0 ? [] : this.#remove(stream, entries, first, entries.length);
    });
  }

  loseAll(): LedgerEntry<M, Carrier>[] {
    return [...this.#streams].flatMap(([stream, entries]) => this.#remove(stream, entries, 0, entries.length));
  }

  #report(stream: string): void {
    const entries = this.#streams.get(stream);
    if (entries === undefined) return;
    for (const entry of [...entries]) {
      if (entry.isOver || entry.isSent) continue;
      if (!entry.isEnded || entry.unwritten > 0) break;
      entry.isSent = true;
      this.#reports.sent(entry.ref);
    }
    for (let head = entries[0]; head?.isSent && this.#countsAsConfirmed(head); head = entries[0]) {
      this.#remove(stream, entries, 0, 1);
      this.#reports.confirmed(head.ref);
    }
  }

  /** One without a single chunk has nothing to be confirmed. */
  #countsAsConfirmed(entry: LedgerEntry<M, Carrier>): boolean {
    return entry.isConfirmed || !this.#isConfirming || entry.carrier === undefined;
  }

  #some(test: (entry: LedgerEntry<M, Carrier>) => boolean): boolean {
    return [...this.#streams.values()].some((entries) => entries.some(test));
  }

  #remove(stream: string, entries: LedgerEntry<M, Carrier>[], from: number, count: number): LedgerEntry<M, Carrier>[] {
    const removed = entries.splice(from, count);
    for (const entry of removed) entry.isOver = true;
    if (entries.length === 0) this.#streams.delete(stream);
    return removed;
  }
}
