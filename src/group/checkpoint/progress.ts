/**
 * How far one shard has come. Pure.
 *
 *     checkpointed ≤ confirmed ≤ sent ≤ pulled
 *
 * Cursors are opaque and cannot be compared, so a chain keeps the order: one ticket for each pull that is not confirmed
 * yet, oldest first. The confirmed cursor moves over confirmed tickets at the head of the chain only; a ticket that is
 * confirmed behind an unconfirmed one waits for it.
 *
 *     confirmed                                   pulled
 *         │ ticket 7 │ ticket 8 │ ticket 9 │ ticket 10 │
 *           sent       sent,      open
 *                      confirmed
 *
 * A loss cuts the chain at the oldest lost ticket. The end cursors of the cut tickets are kept, and the same pulls are
 * made again: so a receiver that has a batch need not get it again because another receiver lost it, and a log keeps
 * its identity. A later report about a cut ticket is ignored: the same logs are on their way again under other tickets,
 * and ignoring a report can only cause duplicates.
 */
import type { Cursor, ShardId } from '../service/log-service.ts';

/** A pulled batch on its way through the sink; the sink reports what becomes of the batch by its ticket. */
export interface Ticket {
  readonly shard: ShardId;
  /** Equal for all tickets of a shard: the sink keeps the deliveries of a stream in order. */
  readonly stream: string;
  readonly from: Cursor;
  readonly to: Cursor;
  /** The ticket's number in the chain; after a rewind the number is used again. */
  readonly ordinal: number;
  /** Whether another consumer may send the batch now: the shard was left, or its lease has expired. Default: never. */
  readonly isWithdrawn?: (() => boolean) | undefined;
  /** A batch from this cursor was handed to the sink before, and lost. */
  readonly isAgain?: boolean;
}

interface Link {
  readonly ticket: Ticket;
  /** The sink has taken the whole batch. */
  taken: boolean;
  sent: boolean;
  confirmed: boolean;
}

export class Progress {
  readonly #shard: ShardId;
  readonly #stream: string;
  readonly #chain: Link[] = [];
  #nextOrdinal = 0;
  #confirmed: Cursor;
  #checkpointed: Cursor | undefined;
  readonly #isWithdrawn: Ticket['isWithdrawn'];
  /** Cut tickets that are not pulled again yet, by their first cursor: where the pull ended. */
  readonly #bounds = new Map<Cursor, { readonly to: Cursor; readonly taken: boolean }>();

  /**
   * @param start the cursor that the shard is started from
   * @param checkpointed the checkpoint on the service; undefined where there is none yet: then `start` itself is to be
   * saved, or a restart before the first log would choose a start anew
   * @param isWithdrawn `Ticket.isWithdrawn` of all tickets
   */
  constructor(shard: ShardId, start: Cursor, checkpointed: Cursor | undefined, isWithdrawn?: Ticket['isWithdrawn']) {
    this.#isWithdrawn = isWithdrawn;
    this.#shard = shard;
    this.#stream = String(shard);
    this.#confirmed = start;
    this.#checkpointed = checkpointed;
  }

  /** Where to pull next. */
  get pulled(): Cursor {
    return this.#chain.at(-1)?.ticket.to ?? this.#confirmed;
  }

  /** Where the next pull ended when it was made before, and lost; undefined where it was not, or its end is no longer known. */
  get bound(): Cursor | undefined {
    return this.#bounds.get(this.pulled)?.to;
  }

  get sent(): Cursor {
    let cursor = this.#confirmed;
    for (const link of this.#chain) {
      if (!link.sent) break;
      cursor = link.ticket.to;
    }
    return cursor;
  }

  get confirmed(): Cursor {
    return this.#confirmed;
  }

  /** The checkpoint on the service; undefined where there is none yet. */
  get checkpointed(): Cursor | undefined {
    return this.#checkpointed;
  }

  /** The confirmed cursor, if it is not saved yet. */
  get unsaved(): Cursor | undefined {
    return this.#confirmed === this.#checkpointed ? undefined : this.#confirmed;
  }

  /** Every ticket is confirmed. */
  get allConfirmed(): boolean {
    return this.#chain.length === 0;
  }

  /** A pull brought data from `pulled` up to `to`. */
  open(to: Cursor): Ticket {
    const isAgain = this.#bounds.get(this.pulled)?.taken === true;
    const ticket: Ticket = {
      shard: this.#shard,
      stream: this.#stream,
      from: this.pulled,
      to,
      ordinal: this.#nextOrdinal++,
      isWithdrawn: this.#isWithdrawn,
      ...(isAgain && { isAgain }),
    };
    // A pull that ends elsewhere than before moves all pulls behind it.
    if (!this.#bounds.delete(ticket.from)) this.#bounds.clear();
    this.#chain.push({ ticket, taken: false, sent: false, confirmed: false });
    return ticket;
  }

  /** A pull brought no data but a new cursor: its ticket is confirmed at once. */
  skip(to: Cursor): void {
    this.markConfirmed(this.open(to));
  }

  /** The sink has taken the whole batch. */
  markTaken(ticket: Ticket): void {
    const link = this.#find(ticket);
    if (link) link.taken = true;
  }

  markSent(ticket: Ticket): void {
    const link = this.#find(ticket);
    if (link) link.sent = true;
  }

  markConfirmed(ticket: Ticket): void {
    const link = this.#find(ticket);
    if (!link) return;
    link.sent = true;
    link.confirmed = true;
    while (this.#chain[0]?.confirmed) this.#confirmed = (this.#chain.shift() as Link).ticket.to;
  }

  /**
   * The ticket is lost: its batch and all behind it are to be pulled again.
   * @returns false when the ticket is not in the chain (any more): nothing changed
   */
  rewind(ticket: Ticket): boolean {
    if (!this.#find(ticket)) return false;
    const cut = this.#chain.splice(ticket.ordinal - this.#head);
    for (const { ticket: each, taken } of cut) {
      this.#bounds.set(each.from, { to: each.to, taken: taken || each.isAgain === true });
    }
    this.#nextOrdinal = ticket.ordinal;
    return true;
  }

  /** The service has lost the checkpoint: the confirmed cursor is to be saved again. */
  forgetCheckpoint(): void {
    this.#checkpointed = undefined;
  }

  markCheckpointed(cursor: Cursor): void {
    this.#checkpointed = cursor;
  }

  get #head(): number {
    return this.#nextOrdinal - this.#chain.length;
  }

  #find(ticket: Ticket): Link | undefined {
    const link = this.#chain[ticket.ordinal - this.#head];
    return link?.ticket === ticket ? link : undefined;
  }
}
