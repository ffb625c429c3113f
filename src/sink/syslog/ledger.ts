/**
 * Which delivery is on which connection, and what may be reported of it. Pure: no sockets, no clock.
 *
 *   open      the sink was told of it; it is on no connection yet.
 *   bound     its first chunk was given to a connection, and all others go there, or nowhere.
 *   complete  ended, and the kernel has every byte of it.
 *   done      reported as sent and confirmed: complete, and so is everything before it in its stream.
 *   lost      its connection broke before that; or that of an earlier one of its stream, for then the stream is
 *             sent again from there, and a later report would only say that there is a gap before it.
 *   abandoned whoever opened it does not want to hear of it any more.
 *
 * A stream's deliveries are reported in the order in which they were opened: one without a single chunk (every log
 * of the batch was filtered out) waits for those before it.
 *
 * For now `confirmed` follows `sent` at once: the local kernel has accepted the bytes, which says nothing of the
 * receiver. A confirmation by the receiver would come between complete and done.
 */
import type { Mark } from '../sink.ts';
import type { Connection } from './transport.ts';

export interface Entry<M extends Mark> {
  readonly mark: M;
  connection: Connection | undefined;
  /** Chunks that were taken over, and not yet by the kernel. */
  unwritten: number;
  isEnded: boolean;
  /** Done, lost or abandoned. */
  isOver: boolean;
}

export class Ledger<M extends Mark> {
  readonly #done: (mark: M) => void;
  /** Of each stream what is not over, oldest first. */
  readonly #streams = new Map<string, Entry<M>[]>();

  /** @param done a delivery is sent and confirmed */
  constructor(done: (mark: M) => void) {
    this.#done = done;
  }

  get isEmpty(): boolean {
    return this.#streams.size === 0;
  }

  open(mark: M): Entry<M> {
    const entry: Entry<M> = { mark, connection: undefined, unwritten: 0, isEnded: false, isOver: false };
    const stream = this.#streams.get(mark.stream);
    if (stream === undefined) this.#streams.set(mark.stream, [entry]);
    else stream.push(entry);
    return entry;
  }

  /** To be called when an entry has ended, or a chunk of it was written: reports what is due. */
  advance(entry: Entry<M>): void {
    const { stream } = entry.mark;
    const entries = this.#streams.get(stream);
    if (entries === undefined) return;
    for (let head = entries[0]; head?.isEnded && head.unwritten === 0; head = entries[0]) {
      this.#remove(stream, entries, 0, 1);
      this.#done(head.mark);
    }
  }

  abandon(entry: Entry<M>): void {
    if (entry.isOver) return;
    const { stream } = entry.mark;
    const entries = this.#streams.get(stream) ?? [];
    this.#remove(stream, entries, entries.indexOf(entry), 1);
    const next = entries[0];
    if (next !== undefined) this.advance(next);
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

  #remove(stream: string, entries: Entry<M>[], from: number, count: number): Entry<M>[] {
    const removed = entries.splice(from, count);
    for (const entry of removed) entry.isOver = true;
    if (entries.length === 0) this.#streams.delete(stream);
    return removed;
  }
}
