/**
 * Writes a log's frame: lead, identity, text and framing. A text over the limit is cut, or split into several messages.
 */
import type { EncoderParts } from './encoder-parts.ts';
import type { BatchCounts } from './frame/batch-encoder.ts';
import { MAX_FRAMING_BYTES, reserveOctetCount, writeOctetCount } from './frame/framing.ts';
import { type BatchIdentity, type Lead, NO_PART } from './lead/lead.ts';
import { CutText } from './text/cut-text.ts';
import type { MessageWriter } from './text/message-writer.ts';
import { decimalDigits, type Output } from './text/output.ts';
import type { LogWalker } from './wire/log-walker.ts';

const LINE_FEED = 0x0a;

export interface FrameWriterParts {
  readonly parts: EncoderParts;
  readonly walker: LogWalker;
  readonly message: MessageWriter;
  readonly identity: BatchIdentity | undefined;
  /** The writer counts `truncated` and `split` here. */
  readonly counts: BatchCounts;
}

/** Writes the frames of one batch. */
export class FrameWriter {
  readonly #parts: EncoderParts;
  readonly #walker: LogWalker;
  readonly #message: MessageWriter;
  readonly #identity: BatchIdentity | undefined;
  readonly #counts: BatchCounts;
  /** Lead and identity together have at most so many bytes. */
  readonly #maxHeadBytes: number;
  #lead: Lead;
  #index = 0;
  /** The text of a split log that is not written yet, and the number of parts that are. */
  #rest: CutText | undefined;
  #partCount = 0;

  constructor({ parts, walker, message, identity, counts }: FrameWriterParts) {
    this.#parts = parts;
    this.#walker = walker;
    this.#message = message;
    this.#identity = identity;
    this.#counts = counts;
    this.#maxHeadBytes = parts.leads.maxBytes + (identity?.maxBytes ?? 0);
    this.#lead = parts.leads.defaultLead;
  }

  /**
   * Goes to the walker's present log, whose text is prepared.
   * @param index the log's place in the batch
   */
  begin(lead: Lead, index: number): void {
    this.#lead = lead;
    this.#index = index;
    this.#rest = undefined;
  }

  /** Whether the log's text is too long for one message; nothing is written to find out. */
  isOversize(): boolean {
    const message = this.#message;
    if (this.#maxHeadBytes + message.maxLength() <= this.#parts.limits.maxMessageBytes) return false;
    const room = this.textRoom();
    return message.maxLength() > room && message.exactLength() > room;
  }

  /** Room for the text of a log that is not split, in bytes. */
  textRoom(): number {
    const { time, timeNs } = this.#walker;
    const head = this.#lead.length(time, timeNs) + (this.#identity?.length(this.#index) ?? 0);
    return this.#parts.limits.maxMessageBytes - head;
  }

  /** Upper bound of the next frame's bytes. */
  maxFrameBytes(): number {
    return MAX_FRAMING_BYTES + this.#messageBytes(this.#rest ? Number.POSITIVE_INFINITY : this.#message.maxLength());
  }

  /** Closer bound of the next frame's bytes, by the text's exact length; the rest of a split log is not measured. */
  exactFrameBytes(): number {
    return MAX_FRAMING_BYTES + this.#messageBytes(this.#rest ? Number.POSITIVE_INFINITY : this.#message.exactLength());
  }

  /** @returns whether the log is now written to its end */
  write(output: Output): boolean {
    const { framing, limits } = this.#parts;
    const { time, timeNs } = this.#walker;
    const frameStart = output.position;
    const counted = framing === 'octet-counting';
    if (counted) reserveOctetCount(output, decimalDigits(this.#likelyMessageBytes()));
    const messageStart = output.position;
    this.#lead.write(output, time, timeNs);
    this.#writeAfterLead(output, messageStart + limits.maxMessageBytes);
    if (counted) writeOctetCount(output, frameStart, messageStart);
    else if (framing === 'lf') output.byte(LINE_FEED);
    return this.#rest === undefined;
  }

  /** @param limit where the message has to end in the output, at the latest */
  #writeAfterLead(output: Output, limit: number): void {
    if (this.#rest !== undefined) {
      this.#writePart(this.#rest, output, limit);
      return;
    }
    const message = this.#message;
    const room = limit - output.position - (this.#identity?.length(this.#index) ?? 0);
    if (message.maxLength() <= room || message.exactLength() <= room) {
      this.#identity?.write(output, this.#index, NO_PART);
      message.write(output);
    } else {
      this.#writeOversize(output, limit);
    }
  }

  #writeOversize(output: Output, limit: number): void {
    switch (this.#parts.limits.oversize) {
      case 'truncate':
        this.#identity?.write(output, this.#index, NO_PART);
        this.#message.writeCut(output, limit);
        this.#counts.truncated++;
        return;
      case 'split':
        this.#partCount = 0;
        this.#writePart(new CutText(this.#message.pieces()), output, limit);
        this.#counts.split++;
        return;
      case 'dead-letter':
        throw new TypeError('a log over the limit is rejected before it is written');
    }
  }

  #writePart(text: CutText, output: Output, limit: number): void {
    this.#partCount++;
    this.#identity?.write(output, this.#index, this.#partCount);
    text.write(output, limit);
    this.#rest = text.atEnd ? undefined : text;
  }

  /** A guess for the octet count's digits: mostly right where nothing is escaped, and for all parts but the last. */
  #likelyMessageBytes(): number {
    return this.#messageBytes(this.#rest === undefined ? this.#message.plainLength() : Number.POSITIVE_INFINITY);
  }

  /** Upper bound of a message's bytes, by the bytes of its text and the limit. */
  #messageBytes(textBytes: number): number {
    return Math.min(this.#parts.limits.maxMessageBytes, this.#maxHeadBytes + textBytes);
  }
}
