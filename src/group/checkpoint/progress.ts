/**
 * How far one shard has come. Pure.
 *
 *     checkpointed ≤ confirmed ≤ sent ≤ pulled
 *
 * Cursors are opaque and cannot be compared, so the order is kept by a chain: one ticket for each pull that is
 * not confirmed yet, oldest first. The confirmed cursor moves over the chain's confirmed head only; what is
 * confirmed behind a gap waits for the gap.
 *
 *     confirmed                                   pulled
 *         │ ticket 7 │ ticket 8 │ ticket 9 │ ticket 10 │
 *           sent       sent,      open
 *                      confirmed
 *
 * A loss cuts the chain at the oldest lost ticket. Where the tickets that were cut ended is kept, and the same pulls are
 * made again: so a receiver that has a batch already need not get it again because another one lost it, and the same
 * log has the same identity. Whatever is reported later about a ticket that was cut is
 * ignored: the same logs are on their way again under other tickets, and knowing less only means duplicates.
 */
import type { Cursor, ShardId } from '../service/log-service.ts';

/** One pull's way through the sink; the mark by which the sink reports it. */
export interface Ticket {
  readonly shard: ShardId;
  /** The same for all tickets of a shard: their deliveries stay in order. */
  readonly stream: string;
  readonly from: Cursor;
  readonly to: Cursor;
  /** Place in the chain; a number is used again after a rewind. */
  readonly ordinal: number;
  /** Whether another consumer may send it by now: the shard was left, or its lease is over. Default: never. */
  readonly isWithdrawn?: (() => boolean) | undefined;
  /** A batch that began here was handed over already, and was lost. */
  readonly isAgain?: boolean;
}

interface Link {
  readonly ticket: Ticket;
  /** The sink had taken all of it. */
  handedOver: boolean;
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
  /** Of what was cut and is not pulled again yet: where a pull from this cursor ended. */
  readonly #bounds = new Map<Cursor, { readonly to: Cursor; readonly handedOver: boolean }>();

  /**
   * @param start where the shard is taken up
   * @param checkpointed the checkpoint on the server, undefined where there is none yet: then `start` itself is
   * to be saved, or a restart before the first log would choose a start anew
   * @param isWithdrawn of all tickets
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

  /** Where the next pull ended the last time; undefined where it was never made, or its bounds are not known any more. */
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

  /** What the server has; undefined where it has none yet. */
  get checkpointed(): Cursor | undefined {
    return this.#checkpointed;
  }

  /** The confirmed cursor where it has not been saved yet. */
  get unsaved(): Cursor | undefined {
    return this.#confirmed === this.#checkpointed ? undefined : this.#confirmed;
  }

  /** Nothing is on its way. */
  get settled(): boolean {
    return this.#chain.length === 0;
  }

  /** A pull brought data from `pulled` up to `to`. */
  open(to: Cursor): Ticket {
    const isAgain = this.#bounds.get(this.pulled)?.handedOver === true;
    const ticket: Ticket = {
      shard: this.#shard,
      stream: this.#stream,
      from: this.pulled,
      to,
      ordinal: this.#nextOrdinal++,
      isWithdrawn: this.#isWithdrawn,
      ...(isAgain && { isAgain }),
    };
    // Once a pull has ended elsewhere, those behind it will as well.
    if (!this.#bounds.delete(ticket.from)) this.#bounds.clear();
    this.#chain.push({ ticket, handedOver: false, sent: false, confirmed: false });
    return ticket;
  }

  /** A pull brought no data but a new cursor: there is nothing to wait for but what is before it. */
  skip(to: Cursor): void {
    this.markConfirmed(this.open(to));
  }

  /** The sink has taken all of it. */
  markHandedOver(ticket: Ticket): void {
    const link = this.#find(ticket);
    if (link) link.handedOver = true;
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
   * The ticket is lost: it and all after it are to be pulled again.
   * @returns false when the ticket is not in the chain (any more): nothing changed
   */
  rewind(ticket: Ticket): boolean {
    if (!this.#find(ticket)) return false;
    const cut = this.#chain.splice(ticket.ordinal - this.#head);
    for (const { ticket: each, handedOver } of cut) {
      this.#bounds.set(each.from, { to: each.to, handedOver: handedOver || each.isAgain === true });
    }
    this.#nextOrdinal = ticket.ordinal;
    return true;
  }

  /** The server has no checkpoint any more: what is confirmed is to be saved again. */
  forgetCheckpoint(): void {
    this.#checkpointed = undefined;
  }

  /** The checkpoint was saved on the server. */
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
