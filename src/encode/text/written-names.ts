/**
 * The names that fields are written under, before they are escaped. No name stands for two fields of a message, and none
 * that the service gives stands for a field of the log's own: the service's field is kept under it, and the log's gets a
 * name of its own.
 *
 *     service   __source__ → CEF: source       JSON: __source__
 *     log       source     → CEF: slsSource    JSON: source
 *     log       __source__ → CEF: slsSource    JSON: sls___source__
 *     log       a, a, a    → CEF: a, slsA, slsA2    JSON: a, sls_a, sls_a_2
 *
 * Rules that depend on a field's name alone stand here; those that depend on the other fields of a log, in listed-fields.ts.
 */
import { type FormatRow, prefixedName } from '../../format/parts/format-row.ts';
import {
  type FieldChoice,
  type FieldSelection,
  latin1,
  NameAnswers,
  SOURCE_NAME,
  TIME_NS_NAME,
  TOPIC_NAME,
} from '../../rules/field-selection.ts';
import { isServiceName } from '../../rules/service-names.ts';
import { validUtf8 } from './utf8.ts';

export interface WrittenName {
  /** Not escaped yet. */
  readonly bytes: Uint8Array;
  /** What it is, or would be if nobody else had it. */
  readonly natural: Uint8Array;
  /** 0: it is that; else the number of the name of its own, from 1. */
  readonly own: number;
}

const NO_PREFIX = new Uint8Array(0);

/** What a format says of its names. */
export type NameRules = Pick<FormatRow, 'spell' | 'invalidUtf8' | 'keepsNames' | 'ownName' | 'isTagName' | 'mapped'>;

export class WrittenNames {
  /**
   * The user's selection and new names, then the row's spelling, then U+FFFD for what is no UTF-8, where the row asks for
   * these; each name is asked for once. Undefined: all fields have their own names.
   */
  readonly natural: FieldSelection | undefined;
  readonly #rules: NameRules;
  /** What the service's own fields are written under, in lower case. */
  readonly #serviceNames: ReadonlySet<string>;
  /** Of mapped fields. */
  readonly #mappedKeys: ReadonlySet<string>;

  constructor(rules: NameRules, selection: FieldSelection | undefined) {
    this.#rules = rules;
    const choose = naturalNames(rules, selection);
    const answers = choose && new NameAnswers<FieldChoice>(choose);
    this.natural = answers && ((name) => answers.of(NO_PREFIX, name, 0, name.length));
    this.#serviceNames = new Set(
      [TOPIC_NAME, SOURCE_NAME, TIME_NS_NAME].flatMap((name) => {
        const written = this.ofService(name);
        return written === 'drop' ? [] : [folded(written.bytes)];
      }),
    );
    const keys = (rules.mapped?.fields ?? []).flatMap(({ key, ipv6 }) => (ipv6 ? [key, ipv6.key] : [key]));
    this.#mappedKeys = new Set(keys.map(latin1));
  }

  /** Of a field that the service gives: topic, source, nanoseconds, a tag. */
  ofService(name: Uint8Array): WrittenName | 'drop' {
    const choice = this.natural?.(name) ?? 'keep';
    if (choice === 'drop') return choice;
    const bytes = choice === 'keep' ? name : choice;
    return { bytes, natural: bytes, own: 0 };
  }

  /** Of a field of the log's own. */
  ofContent(name: Uint8Array): WrittenName | 'drop' {
    const written = this.ofService(name);
    if (written === 'drop' || this.#rules.keepsNames) return written;
    return isServiceName(name) || this.#isOfService(written.bytes) ? this.own(written.natural, 1) : written;
  }

  /** @returns the first of its own names, from the given number on, that is no mapped field's */
  own(natural: Uint8Array, number: number): WrittenName {
    const { ownName = prefixedName } = this.#rules;
    for (let own = number; ; own++) {
      const bytes = ownName(natural, own);
      if (!this.#mappedKeys.has(latin1(bytes))) return { bytes, natural, own };
    }
  }

  #isOfService(written: Uint8Array): boolean {
    return (
      this.#serviceNames.has(folded(written)) || isServiceName(written) || this.#rules.isTagName?.(written) === true
    );
  }
}

function naturalNames(
  { spell, invalidUtf8 }: NameRules,
  selection: FieldSelection | undefined,
): FieldSelection | undefined {
  if (spell === undefined && invalidUtf8 !== 'replace') return selection;
  return (name) => {
    const choice = selection?.(name) ?? 'keep';
    if (choice === 'drop') return choice;
    const chosen = choice === 'keep' ? name : choice;
    const spelled = spell?.(chosen) ?? chosen;
    const written = invalidUtf8 === 'replace' ? validUtf8(spelled) : spelled;
    return written === name || Buffer.compare(written, name) === 0 ? 'keep' : written;
  };
}

function folded(name: Uint8Array): string {
  return latin1(name).toLowerCase();
}
