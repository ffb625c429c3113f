/**
 * Under which names a log's fields are written, written down a second time and as simply as can be. Strings are latin1:
 * one character is one byte.
 */
import type { FormatRow } from '../../../src/format/parts/format-row.ts';

export interface NamedField {
  /** Flattened. */
  readonly name: string;
  /** The service gives it; those come first. */
  readonly isService: boolean;
}

export interface NaiveNaming extends Pick<FormatRow, 'otherName' | 'isTagName' | 'keepsNames' | 'mapped'> {
  /** Selected, renamed and spelt; undefined: not written. */
  natural(name: string): string | undefined;
}

/** What a receiver takes for a name of the service's. */
export function isServiceNaively(name: string): boolean {
  return /^ *(?:__topic__|__source__|__time__|__time_ns_part__)\s*$/i.test(name) || /^ *__tag__:/i.test(name);
}

/** @returns by field; undefined: not written */
export function naiveWrittenNames(fields: readonly NamedField[], naming: NaiveNaming): (string | undefined)[] {
  const { natural, isTagName, keepsNames, mapped } = naming;
  if (keepsNames) return fields.map(({ name }) => natural(name));
  const three = ['__topic__', '__source__', '__time_ns_part__'].map((name) => natural(name)?.toLowerCase());
  const keys = (mapped?.fields ?? []).flatMap(({ key, ipv6 }) => [latin1(key), ...(ipv6 ? [latin1(ipv6.key)] : [])]);
  const own = (name: string, number: number): string =>
    naming.otherName
      ? latin1(naming.otherName(Buffer.from(name, 'latin1'), number))
      : `sls_${name}${number > 1 ? `_${number}` : ''}`;
  const firstOwn = (name: string): number => {
    let number = 1;
    while (keys.includes(own(name, number))) number++;
    return number;
  };
  const isClaim = (name: string, written: string): boolean =>
    isServiceNaively(name) ||
    isServiceNaively(written) ||
    three.includes(written.toLowerCase()) ||
    isTagName?.(Buffer.from(written, 'latin1')) === true;
  const first = fields.map(({ name, isService }) => {
    const written = natural(name);
    if (written === undefined) return undefined;
    if (isService || !isClaim(name, written)) return { natural: written, number: 0, name: written };
    const number = firstOwn(written);
    return { natural: written, number, name: own(written, number) };
  });
  const taken = new Set(first.map((each) => each?.name));
  return first.map((each, index) => {
    const isFirst = first.findIndex((other) => other?.name === each?.name) === index;
    if (each === undefined || isFirst) return each?.name;
    let number = each.number + 1;
    while (taken.has(own(each.natural, number)) || keys.includes(own(each.natural, number))) number++;
    taken.add(own(each.natural, number));
    return own(each.natural, number);
  });
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
