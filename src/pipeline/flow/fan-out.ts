/**
 * One source's batches to every receiver that its pipelines name. What becomes of a batch is what becomes of all its
 * parts:
 *
 *   sent, confirmed   when every receiver's part is
 *   lost              when one is: the shard is pulled again from there. The batches from there on are remembered, and
 *                     one that comes again with the same two cursors goes only where it has not gone: a part that was
 *                     sent and may still be confirmed, or is, stands for the new one too.
 *
 * (The group asks for the same batches: see its progress.ts.)
 *
 * What cannot be told: where a batch ends elsewhere all the same, everything remembered of the shard is forgotten, and
 * every receiver gets all of it again. A part that was being written when another one was lost is given up, and is
 * written again from its beginning. And nothing is remembered by the next process.
 */
import type { BatchBody } from '../../core/bytes.ts';
import { DeliveryLostError } from '../../core/errors.ts';
import type { Ticket } from '../../group/checkpoint/progress.ts';
import type { Cursor, ShardId } from '../../group/service/log-service.ts';
import type { Deliver, OnDamage } from '../../group/shard/shard-consumer-options.ts';
import type { DeliveryOrigin, DeliveryRef } from '../../sink/sink.ts';

/** A batch on its way to one receiver; the mark by which that receiver's sink reports it. */
export interface BatchPart extends DeliveryRef {
  readonly shard: ShardId;
  readonly from: Cursor;
  readonly to: Cursor;
  readonly isAgain: boolean;
  counted(logs: number): void;
  sent(): void;
  confirmed(): void;
  lost(): void;
}

/** The way from a batch to one receiver. */
export interface Branch {
  /** In front of a shard's number it makes the stream's name at the receiver, where other sources' streams end too. */
  readonly streamPrefix: string;
  /** What the batches are pulled from; absent: nobody asks. */
  readonly source?: Pick<DeliveryOrigin, 'project' | 'logstore'>;
  /** The receiver has read a batch with so many logs. */
  confirmed?(logs: number): void;
  /** `Deliver`, for one receiver. */
  deliver(
    body: BatchBody,
    part: BatchPart,
    signal: AbortSignal,
    onDamage: OnDamage,
    onEncodingStarted?: () => void,
  ): Promise<void>;
}

/** Where reports about whole batches go. */
export interface BatchReports {
  markSent(ticket: Ticket): void;
  markConfirmed(ticket: Ticket): void;
  markLost(tickets: readonly Ticket[]): void;
}

/** `taken`: all of it is with the sink, which will say more. */
type PartState = 'none' | 'sending' | 'taken' | 'sent' | 'confirmed';

/** One batch, and what each branch has of it. */
class Batch {
  readonly from: Cursor;
  readonly to: Cursor;
  readonly states: PartState[];
  /** The reports of an earlier attempt do not count. */
  readonly parts: (BatchPart | undefined)[];
  /** The sink has taken all of it, by this attempt or an earlier one. */
  readonly taken: boolean[];
  /** Undefined while it is remembered: lost, and not pulled again yet. */
  ticket: Ticket | undefined;

  constructor(ticket: Ticket, branchCount: number) {
    this.from = ticket.from;
    this.to = ticket.to;
    this.ticket = ticket;
    this.states = Array.from({ length: branchCount }, () => 'none');
    this.parts = Array.from({ length: branchCount }, () => undefined);
    this.taken = Array.from({ length: branchCount }, () => ticket.isAgain === true);
  }

  /** The sink has all of it, and may have said so already. */
  take(at: number): void {
    if (this.states[at] === 'sending') this.states[at] = 'taken';
    this.taken[at] = true;
  }

  get isSent(): boolean {
    return this.states.every((state) => state === 'sent' || state === 'confirmed');
  }

  get isConfirmed(): boolean {
    return this.states.every((state) => state === 'confirmed');
  }
}

export class FanOut {
  readonly #branches: readonly Branch[];
  readonly #reports: BatchReports;
  /** Each shard's batches that are not confirmed everywhere, in its order: those on their way, then those remembered. */
  readonly #batches = new Map<ShardId, Batch[]>();

  constructor(branches: readonly Branch[], reports: BatchReports) {
    this.#branches = branches;
    this.#reports = reports;
  }

  /** Resolves when every receiver's sink has taken all of it; the body is not looked at after it has settled. */
  readonly deliver: Deliver = async (body, ticket, signal, onDamage = 'send', onEncodingStarted) => {
    const batch = this.#open(ticket);
    const aborter = new AbortController();
    const onAbort = () => aborter.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const writing = this.#branches.map(async (branch, at) => {
      if (batch.states[at] !== 'none') return;
      const part = this.#part(batch, at, branch, ticket);
      try {
        await branch.deliver(body, part, aborter.signal, onDamage, onEncodingStarted);
        if (batch.parts[at] === part) batch.take(at);
      } catch (error) {
        if (batch.parts[at] === part) this.#forget(batch, at);
        aborter.abort(otherLost);
        throw error;
      }
    });
    const outcomes = await Promise.allSettled(writing);
    signal.removeEventListener('abort', onAbort);
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    if (errors.length > 0) throw errors.find((error) => error !== otherLost) ?? errors[0];
    // A receiver that had it already may have said everything before.
    this.#report(batch);
  };

  /** The batch of this ticket: a new one, or the one that is remembered. */
  #open(ticket: Ticket): Batch {
    const all = this.#batches.get(ticket.shard) ?? [];
    // A ticket's number is used again when the shard has gone back to before it, or is taken up anew.
    for (const batch of all) if (batch.ticket && batch.ticket.ordinal >= ticket.ordinal) batch.ticket = undefined;
    const onTheirWay = all.filter((batch) => batch.ticket !== undefined);
    const remembered = all.filter((batch) => batch.ticket === undefined && batch.states.some(isWorthKeeping));
    const found = remembered.findIndex(({ from, to }) => from === ticket.from && to === ticket.to);
    const batch = remembered[found] ?? new Batch(ticket, this.#branches.length);
    batch.ticket = ticket;
    this.#batches.set(ticket.shard, [...onTheirWay, batch, ...(found < 0 ? [] : remembered.slice(found + 1))]);
    return batch;
  }

  #part(batch: Batch, at: number, { streamPrefix, source }: Branch, ticket: Ticket): BatchPart {
    const { from, to } = batch;
    const { shard } = ticket;
    let logs = 0;
    const become = (state: PartState) => {
      if (batch.parts[at] !== part) return;
      batch.states[at] = state;
      this.#report(batch);
    };
    const part: BatchPart = {
      stream: streamPrefix + ticket.stream,
      shard,
      from,
      to,
      origin: source && { ...source, shard, from, to },
      isWithdrawn: ticket.isWithdrawn,
      isAgain: batch.taken[at] === true,
      counted: (count) => {
        logs = count;
      },
      sent: () => become('sent'),
      confirmed: () => {
        if (batch.parts[at] === part) this.#branches[at]?.confirmed?.(logs);
        become('confirmed');
      },
      lost: () => {
        if (batch.parts[at] !== part) return;
        this.#forget(batch, at);
        if (batch.ticket) this.#reports.markLost([batch.ticket]);
      },
    };
    batch.parts[at] = part;
    batch.states[at] = 'sending';
    return part;
  }

  #forget(batch: Batch, at: number): void {
    batch.parts[at] = undefined;
    batch.states[at] = 'none';
  }

  #report(batch: Batch): void {
    const { ticket } = batch;
    if (!ticket || !batch.isSent) return;
    if (!batch.isConfirmed) {
      this.#reports.markSent(ticket);
      return;
    }
    const all = this.#batches.get(ticket.shard) ?? [];
    const rest = all.slice(all.indexOf(batch) + 1);
    if (rest.length > 0) this.#batches.set(ticket.shard, rest);
    else this.#batches.delete(ticket.shard);
    this.#reports.markConfirmed(ticket);
  }
}

/** Why the other parts of a batch are given up. */
const otherLost = new DeliveryLostError('another receiver lost this batch');

function isWorthKeeping(state: PartState): boolean {
  return state !== 'none' && state !== 'sending';
}
