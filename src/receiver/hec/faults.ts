/**
 * Faults of a collector on demand: answers with a code, and acknowledgements as they go wrong. Set by tests, directly or
 * by `POST /__collector/faults`; `DELETE` ends them all.
 */
import { z } from 'zod';

const durationMs = z.number().min(0).max(3_600_000);

const faultsSchema = z.strictObject({
  /** Posts are answered with this, and taken only where the code says so (0, 24, 25). */
  answer: z
    .strictObject({
      code: z.int().min(0).max(27).optional(),
      /** In place of the code's own. */
      status: z.int().min(200).max(599).optional(),
      /** In place of the JSON: a proxy's page. */
      body: z.string().optional(),
      retryAfter: z.string().optional(),
      /** Posts that get it; absent: all of them. */
      times: z.int().min(1).optional(),
    })
    .optional(),
  /** Bytes of an unpacked body that are taken; a larger one is answered with 413. */
  maxContentLength: z.int().min(1).optional(),
  /** Events are indexed so long after they were accepted; an acknowledgement is `true` from then on. */
  indexAfterMs: durationMs.optional(),
  /** Every acknowledgement is `false`, for ever. */
  neverAcknowledges: z.boolean().optional(),
  /** Channels are forgotten with the connection that posted; the events are not. */
  channelEndsWithConnection: z.boolean().optional(),
  /** Which indexer has a request: the one of its connection, or each in its turn, as behind a balancer without cookies. */
  balance: z.enum(['connection', 'request']).optional(),
  /** Events in front of an invalid one are indexed, though the post is refused. */
  keepsEventsBeforeInvalid: z.boolean().optional(),
  /** Accepted events are dropped: neither indexed nor acknowledged. */
  dropsAccepted: z.boolean().optional(),
  /** Health is answered so. */
  healthCode: z.int().min(17).max(23).optional(),
});

/** The body of `POST /__collector/faults`: absent keys keep their values. */
export const hecFaultChanges = faultsSchema.partial();

export type HecFaults = z.infer<typeof faultsSchema>;

export class HecFaultSwitches {
  #settings: HecFaults = {};
  #answersLeft = 0;

  get settings(): HecFaults {
    return this.#settings;
  }

  set(changes: HecFaults): void {
    this.#settings = { ...this.#settings, ...changes };
    if (changes.answer) this.#answersLeft = changes.answer.times ?? Number.POSITIVE_INFINITY;
  }

  clear(): void {
    this.#settings = {};
    this.#answersLeft = 0;
  }

  /** The answer to the next post; undefined: the one that the post deserves. */
  nextAnswer(): HecFaults['answer'] {
    if (this.#answersLeft <= 0) return undefined;
    this.#answersLeft--;
    return this.#settings.answer;
  }
}
