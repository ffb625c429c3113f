/** Schemas of durations, sizes and rates: numbers with a unit. A bare number is refused, as its unit is not clear. */
import { type TextSchema, textSchema } from './text.ts';

const millisecondsPer: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

const bytesPer: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

interface Bounds {
  /** Bounds as a user would write them: `100ms`, `1MiB`. */
  readonly min: string;
  readonly max: string;
}

/** `20s`, `200ms`, `1.5m`, `2h` → whole milliseconds within the bounds. */
export function duration(bounds: Bounds): TextSchema<number> {
  return quantity('duration', millisecondsPer, 's', 'ms, s, m or h', bounds);
}

/** `64MiB`, `8KiB`, `1GB` (a power of 1000) → whole bytes within the bounds. */
export function size(bounds: Bounds): TextSchema<number> {
  return quantity('size', bytesPer, 'MiB', 'B, KiB, MiB, GiB, kB, MB or GB', bounds);
}

/** `5000/s` → messages a second within the bounds. */
export function rate(bounds: Bounds): TextSchema<number> {
  return quantity('rate', { '/s': 1 }, '/s', '/s', bounds);
}

/** `10MB/s`, `512KiB/s` → whole bytes a second within the bounds. */
export function bandwidth(bounds: Bounds): TextSchema<number> {
  const factors = Object.fromEntries(Object.entries(bytesPer).map(([unit, factor]) => [`${unit}/s`, factor]));
  return quantity('bandwidth', factors, 'MB/s', 'B/s, KiB/s, MiB/s, GiB/s, kB/s, MB/s or GB/s', bounds);
}

function quantity(
  kind: string,
  factors: Readonly<Record<string, number>>,
  usualUnit: string,
  unitList: string,
  bounds: Bounds,
): TextSchema<number> {
  const parseQuantity = (text: string): number | undefined => {
    const [, number, unit] = /^(\d{1,15}(?:\.\d{1,9})?) ?([A-Za-z]*(?:\/s)?)$/.exec(text) ?? [];
    const factor = unit !== undefined && Object.hasOwn(factors, unit) ? factors[unit] : undefined;
    return factor === undefined ? undefined : Math.round(Number(number) * factor);
  };
  const min = parseQuantity(bounds.min);
  const max = parseQuantity(bounds.max);
  if (min === undefined || max === undefined) throw new TypeError(`the bounds of a ${kind} take a unit`);

  const isInRange = (value: number | undefined) => value !== undefined && value >= min && value <= max;
  // After the usual unit the smallest: a number without a unit often means bytes or milliseconds.
  const guesses = [usualUnit, ...Object.keys(factors)];

  return textSchema((text, complain) => {
    const value = parseQuantity(text);
    if (value === undefined) {
      if (!/^\d+(\.\d+)?$/.test(text))
        return complain(`is not a ${kind}; give a number and one of the units ${unitList}`);
      const unit = guesses.find((each) => isInRange(parseQuantity(`${text}${each}`)));
      return complain(
        unit === undefined
          ? `has no unit, and with any is out of range: ${bounds.min} to ${bounds.max} (units: ${unitList})`
          : `has no unit; write ${text}${unit} if that is what you mean (units: ${unitList})`,
      );
    }
    return isInRange(value) ? value : complain(`is out of range: ${bounds.min} to ${bounds.max}`);
  });
}

/** The duration in its largest exact unit: 20000 → `20s`, 1500 → `1500ms`. */
export function formatDuration(milliseconds: number): string {
  for (const unit of ['h', 'm', 's']) {
    const factor = millisecondsPer[unit]!;
    if (milliseconds >= factor && milliseconds % factor === 0) return `${milliseconds / factor}${unit}`;
  }
  return `${milliseconds}ms`;
}
