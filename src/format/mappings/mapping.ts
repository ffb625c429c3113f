/** Type of the ready-made mappings, one for each of Alibaba Cloud's log types, made from its public description. */
import type { FieldMap } from '../parts/mapping.ts';
import type { ValueText } from '../parts/value-place.ts';

export interface ReadyMapping {
  /** Name in the configuration, as `actiontrail`. */
  readonly name: string;
  /** Title for people, as `ActionTrail`. */
  readonly title: string;
  /** A sentence or two on the logs: what they are, where they come from, and what is particular about them. */
  readonly about: string;
  readonly sources: readonly Source[];
  /** Product in the head of the text. */
  readonly product: ValueText;
  readonly eventClassId: ValueText;
  readonly eventName: ValueText;
  readonly cef: FieldMap;
  readonly leef: FieldMap;
  /** Meanings of the mapped values, by their places, as `event:eventName`. */
  readonly meanings: Readonly<Record<string, string>>;
  /** Places without a public description: taken from samples, or from the field's usual name. */
  readonly unverified: readonly string[];
}

/** A public description of the logs. */
export interface Source {
  readonly title: string;
  readonly address: string;
}
