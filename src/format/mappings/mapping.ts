/** A ready-made mapping of one of Alibaba Cloud's own log types: data, made from its public description. */
import type { FieldMap } from '../parts/mapping.ts';
import type { ValueText } from '../parts/value-place.ts';

export interface ReadyMapping {
  /** `actiontrail`; as the configuration spells it. */
  readonly name: string;
  /** `ActionTrail`, for people. */
  readonly title: string;
  /** What logs it is for, where they come from, and what is particular about them: a sentence or two. */
  readonly about: string;
  readonly sources: readonly Source[];
  /** In the head of the text. */
  readonly product: ValueText;
  readonly eventClassId: ValueText;
  readonly eventName: ValueText;
  readonly cef: FieldMap;
  readonly leef: FieldMap;
  /** What is in the values that are mapped, by their places: `event:eventName`. */
  readonly meanings: Readonly<Record<string, string>>;
  /** Places that no public description says anything of: taken from samples, or from what the field is usually called. */
  readonly unverified: readonly string[];
}

/** A public description. */
export interface Source {
  readonly title: string;
  readonly address: string;
}
