/** The formats by their names in the configuration, with the options that each takes. */
import { AppError } from '../core/errors.ts';
import { createCefFormat } from './formats/cef.ts';
import { createJsonRow } from './formats/json.ts';
import { createJsonText } from './formats/json-text.ts';
import { createKeyValueFormat, type KeyValueEscape } from './formats/key-value.ts';
import { createLeefFormat, type LeefVersion } from './formats/leef.ts';
import { createModuleFormat } from './formats/module.ts';
import { createRawFormat } from './formats/raw.ts';
import { createStructuredDataFormat } from './formats/structured-data.ts';
import { createTemplateFormat } from './formats/template.ts';
import { type MappingName, mappingNames, readyMapping } from './mappings/registry.ts';
import { withByteOrderMark } from './parts/byte-order-mark.ts';
import type { Format } from './parts/format.ts';
import type { FieldMap } from './parts/mapping.ts';
import type { ValueText } from './parts/value-place.ts';

export const formatNames = ['kv', 'json', 'cef', 'leef', 'sd', 'raw', 'template', 'module'] as const;
export type FormatName = (typeof formatNames)[number];

/** A format, and the options of all formats; an option of another format is refused. Absent: the option's default. */
export interface FormatSpec {
  readonly format: FormatName;
  /** kv: text before every field; default `||`. */
  readonly separator?: string;
  /** kv, raw, template: default `standard`. */
  readonly escape?: KeyValueEscape;
  /** json: names, as written, of fields whose JSON is embedded. */
  readonly nest?: readonly string[];
  /** json: numbers, true, false and null are not written as strings. */
  readonly inferTypes?: boolean;
  /** raw: the field, as in value-place.ts; default `content`. */
  readonly rawField?: string;
  /** template: the template; required. */
  readonly template?: string;
  /** module: absolute path of its file; required. */
  readonly module?: string;
  /** module: options for its `createFormatter`. */
  readonly moduleOptions?: Readonly<Record<string, unknown>>;
  /** cef, leef: a ready-made mapping. */
  readonly mapping?: MappingName;
  /** cef, leef: keys and values, which win over those of `mapping`; see `fieldMapSchema`. */
  readonly map?: FieldMap;
  /** cef, leef: texts of the head, which win over those of `mapping`; see `headTextSchema`. */
  readonly vendor?: ValueText;
  readonly product?: ValueText;
  readonly version?: ValueText;
  /** cef: Device Event Class ID; leef: EventID. */
  readonly eventClassId?: ValueText;
  /** cef: Name. */
  readonly eventName?: ValueText;
  /** leef: default `1.0`. */
  readonly leefVersion?: LeefVersion;
  /** leef with 2.0: one character, or `x` and its code in hex; default `x09`. */
  readonly leefDelimiter?: string;
  /** cef, leef: the fields that are not mapped; default `keep`. */
  readonly unmapped?: 'keep' | 'drop';
  /** sd: enterprise number, 1 to 4294967295; default 32473. */
  readonly enterpriseId?: number;
  /** All but sd: the text begins with a byte order mark. */
  readonly bom?: boolean;
}

export type FormatOption = Exclude<keyof FormatSpec, 'format'>;

const head = ['vendor', 'product', 'version', 'eventClassId'] as const;

const options: Readonly<Record<FormatName, readonly FormatOption[]>> = {
  kv: ['separator', 'escape', 'bom'],
  json: ['nest', 'inferTypes', 'bom'],
  cef: ['mapping', 'map', ...head, 'eventName', 'unmapped', 'bom'],
  leef: ['mapping', 'map', ...head, 'leefVersion', 'leefDelimiter', 'unmapped', 'bom'],
  sd: ['enterpriseId'],
  raw: ['rawField', 'escape', 'bom'],
  template: ['template', 'escape', 'bom'],
  module: ['module', 'moduleOptions', 'bom'],
};

/** The options that a format takes. */
export function optionsOf(format: FormatName): readonly FormatOption[] {
  return options[format];
}

/** The formats that take an option. */
export function formatsWith(option: FormatOption): readonly FormatName[] {
  return formatNames.filter((name) => options[name].includes(option));
}

/** @throws AppError with code `format` and action `fatal`: no such format, or its options do not fit together */
export function createFormat(spec: FormatSpec): Format {
  checkOptions(spec);
  const format = formatOf(spec);
  return spec.bom ? withByteOrderMark(format) : format;
}

function formatOf(spec: FormatSpec): Format {
  const { format, template, module } = spec;
  switch (format) {
    case 'kv':
      return createKeyValueFormat(spec);
    case 'json':
      return spec.inferTypes || spec.nest?.length ? createJsonText(spec) : createJsonRow();
    case 'cef':
      return createCefFormat(withMapping(spec, 'cef'));
    case 'leef':
      return createLeefFormat(withMapping(spec, 'leef'));
    case 'sd':
      return createStructuredDataFormat(spec.enterpriseId);
    case 'raw':
      return createRawFormat(spec);
    case 'template':
      if (template === undefined) throw unusable('The format template needs a template.');
      return createTemplateFormat({ ...spec, template });
    case 'module':
      if (module === undefined) throw unusable("The format module needs a module's path.");
      return createModuleFormat({ ...spec, module });
  }
}

function checkOptions(spec: FormatSpec): void {
  if (!formatNames.includes(spec.format)) {
    throw unusable(`There is no format ${JSON.stringify(spec.format)}; there is: ${formatNames.join(', ')}.`);
  }
  const given = (Object.keys(spec) as (keyof FormatSpec)[]).filter(
    (key) => spec[key] !== undefined && key !== 'format',
  );
  const other = (given as FormatOption[]).find((option) => !options[spec.format].includes(option));
  if (other !== undefined) {
    throw unusable(
      `${other} has no meaning with the format ${spec.format}; it belongs to ${formatsWith(other).join(', ')}.`,
    );
  }
  if (spec.leefDelimiter !== undefined && spec.leefVersion !== '2.0') {
    throw unusable('leefDelimiter has no meaning with LEEF 1.0, whose delimiter is a TAB; use 2.0.');
  }
  if (spec.mapping !== undefined && !mappingNames.includes(spec.mapping)) {
    throw unusable(`There is no mapping ${JSON.stringify(spec.mapping)}; there is: ${mappingNames.join(', ')}.`);
  }
}

/** Merges the user's options into the ready-made mapping. */
function withMapping(spec: FormatSpec, format: 'cef' | 'leef'): FormatSpec {
  const ready = spec.mapping === undefined ? undefined : readyMapping(spec.mapping);
  if (ready === undefined) return spec;
  const { product, eventClassId, eventName } = ready;
  return { product, eventClassId, eventName, ...spec, map: { ...ready[format], ...spec.map } };
}

function unusable(message: string): AppError {
  return new AppError(message, { code: 'format', action: 'fatal' });
}
