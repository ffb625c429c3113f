/**
 * A log's message, framed: lead, identity and text. One that is over the limit is cut, or written part by part.
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
  /** `truncated` and `split` are counted here. */
  readonly counts: BatchCounts;
}

/** For one batch. */
export class FrameWriter {
  readonly #parts: EncoderParts;
  readonly #walker: LogWalker;
  readonly #message: MessageWriter;
  readonly #identity: BatchIdentity | undefined;
  readonly #counts: BatchCounts;
  /** What stands before a text is never longer. */
  readonly #maxHeadBytes: number;
  #lead: Lead;
  #index = 0;
  /** What is still to be written of the log, where it is split, and how many parts have been. */
  #rest: CutText | undefined;
  #partCount = 0;

  constructor({ parts, walker, message, identity, counts }: FrameWriterParts) {
    this.#parts = parts;
    this.#walker = walker;
    this.#message = message;
    this.#identity = identity;
    this.#counts = counts;
    this.#maxHeadBytes = parts.leads.maxBytes + (identity?.maxBytes ?? 0);
    this.#lead = parts.leads.usual;
  }

  /**
   * Goes on to the walker's present log, whose text is prepared.
   * @param index its place in the batch
   */
  begin(lead: Lead, index: number): void {
    this.#lead = lead;
    this.#index = index;
    this.#rest = undefined;
  }

  /** Whether the log is too long for one message, found out without writing it. */
  isOversize(): boolean {
    const message = this.#message;
    if (this.#maxHeadBytes + message.maxLength() <= this.#parts.limits.maxMessageBytes) return false;
    const room = this.textRoom();
    return message.maxLength() > room && message.exactLength() > room;
  }

  /** Bytes that the text may have in a message that is all of its log. */
  textRoom(): number {
    const { time, timeNs } = this.#walker;
    const head = this.#lead.length(time, timeNs) + (this.#identity?.length(this.#index) ?? 0);
    return this.#parts.limits.maxMessageBytes - head;
  }

  /** No next frame is longer. */
  maxFrameBytes(): number {
    return MAX_FRAMING_BYTES + this.#messageBytes(this.#rest ? Number.POSITIVE_INFINITY : this.#message.maxLength());
  }

  /** The same, looked at closely. What is left of a split log is not: that would be work for each of its parts. */
  exactFrameBytes(): number {
    return MAX_FRAMING_BYTES + this.#messageBytes(this.#rest ? Number.POSITIVE_INFINITY : this.#message.exactLength());
  }

  /** @returns whether that was all of the log */
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

  /** A guess: right where nothing has to be escaped, and for all parts but the last. */
  #likelyMessageBytes(): number {
    return this.#messageBytes(this.#rest === undefined ? this.#message.plainLength() : Number.POSITIVE_INFINITY);
  }

  /** Of a message with so much text, before it is cut. */
  #messageBytes(textBytes: number): number {
    return Math.min(this.#parts.limits.maxMessageBytes, this.#maxHeadBytes + textBytes);
  }
}
