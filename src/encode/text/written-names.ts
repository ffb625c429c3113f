/**
 * The names that fields are written under, before escaping. Unless a row keeps names, no two fields of a message have
 * the same name, and a log's own field has none of the service's names. A field whose name is taken is *renamed*: it
 * gets another name.
 *
 *     service   __source__ → CEF: source       JSON: __source__
 *     log       source     → CEF: slsSource    JSON: source
 *     log       __source__ → CEF: slsSource    JSON: sls___source__
 *     log       a, a, a    → CEF: a, slsA, slsA2    JSON: a, sls_a, sls_a_2
 *
 * The rules here depend on a field's name alone; those in listed-fields.ts depend on the other fields of a log.
 */
import { type FormatRow, prefixedName } from '../../format/parts/format-row.ts';
import {
  type FieldChoice,
  type FieldSelection,
  latin1,
  NameCache,
  SOURCE_NAME,
  TIME_NS_NAME,
  TOPIC_NAME,
} from '../../rules/field-selection.ts';
import { isServiceName } from '../../rules/service-names.ts';
import { validUtf8 } from './utf8.ts';

export interface WrittenName {
  /** The name, not escaped yet. */
  readonly bytes: Uint8Array;
  /** The name that the field has where no other field has taken it. */
  readonly natural: Uint8Array;
  /** 0: the name is the natural one; else the field is renamed, and this is the number of the attempt, from 1. */
  readonly attempt: number;
}

const NO_PREFIX = new Uint8Array(0);

/** What a format says about names. */
export type NameFormat = Pick<FormatRow, 'spell' | 'invalidUtf8' | 'keepsNames' | 'otherName' | 'isTagName' | 'mapped'>;

export class WrittenNames {
  /**
   * Natural names: the user's selection and new names, then the row's spelling, then U+FFFD for invalid UTF-8, where
   * the row asks for these; each name is asked for once. Undefined: all fields keep their names.
   */
  readonly natural: FieldSelection | undefined;
  readonly #format: NameFormat;
  /** Written names of topic, source and TimeNs, in lower case. */
  readonly #serviceNames: ReadonlySet<string>;
  /** Keys of mapped fields. */
  readonly #mappedKeys: ReadonlySet<string>;

  constructor(format: NameFormat, selection: FieldSelection | undefined) {
    this.#format = format;
    const choose = naturalNames(format, selection);
    const answers = choose && new NameCache<FieldChoice>(choose);
    this.natural = answers && ((name) => answers.of(NO_PREFIX, name, 0, name.length));
    this.#serviceNames = new Set(
      [TOPIC_NAME, SOURCE_NAME, TIME_NS_NAME].flatMap((name) => {
        const written = this.ofService(name);
        return written === 'drop' ? [] : [folded(written.bytes)];
      }),
    );
    const keys = (format.mapped?.fields ?? []).flatMap(({ key, ipv6 }) => (ipv6 ? [key, ipv6.key] : [key]));
    this.#mappedKeys = new Set(keys.map(latin1));
  }

  /** The name of a field of the service's: topic, source, TimeNs, a tag. */
  ofService(name: Uint8Array): WrittenName | 'drop' {
    const choice = this.natural?.(name) ?? 'keep';
    if (choice === 'drop') return choice;
    const bytes = choice === 'keep' ? name : choice;
    return { bytes, natural: bytes, attempt: 0 };
  }

  /** The name of a log's own field. */
  ofContent(name: Uint8Array): WrittenName | 'drop' {
    const written = this.ofService(name);
    if (written === 'drop' || this.#format.keepsNames) return written;
    return isServiceName(name) || this.#isOfService(written.bytes) ? this.renamed(written.natural, 1) : written;
  }

  /** @returns the first of a renamed field's names, from `number` on, that is no mapped field's */
  renamed(natural: Uint8Array, number: number): WrittenName {
    const { otherName = prefixedName } = this.#format;
    for (let attempt = number; ; attempt++) {
      const bytes = otherName(natural, attempt);
      if (!this.#mappedKeys.has(latin1(bytes))) return { bytes, natural, attempt };
    }
  }

  #isOfService(written: Uint8Array): boolean {
    return (
      this.#serviceNames.has(folded(written)) || isServiceName(written) || this.#format.isTagName?.(written) === true
    );
  }
}

function naturalNames(
  { spell, invalidUtf8 }: NameFormat,
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
