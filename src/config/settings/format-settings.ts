/** Rows of the table in settings.ts: what the text of a message is made by. */
import { z } from 'zod';
import { mappingNames } from '../../format/mappings/registry.ts';
import { fieldMapSchema, headTextSchema } from '../../format/parts/mapping.ts';
import { formatNames } from '../../format/registry.ts';
import type { Plain } from '../../schema/plain.ts';
import { oneOf, plainText, switchText } from '../../schema/text.ts';
import { defaulted, hidden, optional, repeatable, structured } from './setting.ts';
import { separator } from './values.ts';

const headText = headTextSchema as z.ZodType<z.output<typeof headTextSchema>, Plain>;
const fieldMap = fieldMapSchema as z.ZodType<z.output<typeof fieldMapSchema>, Plain>;
const anyMapping = z.record(z.string(), z.unknown()) as z.ZodType<Readonly<Record<string, unknown>>, Plain>;

export const formatSettings = {
  format: defaulted(oneOf(...formatNames), 'kv', {
    group: 'format',
    variables: ['SYSLOG_FORMAT'],
    placeholder: `<${formatNames.join('|')}>`,
    description: 'what the text of a message looks like: see docs/formats.md',
  }),
  sep: defaulted(separator, '||', {
    group: 'format',
    variables: ['SYSLOG_SEP'],
    placeholder: '<text>',
    description: 'kv: what stands before each key=value pair; \\t for a tab',
  }),
  escape: defaulted(oneOf('standard', 'none'), 'standard', {
    group: 'format',
    variables: ['SYSLOG_ESCAPE'],
    placeholder: '<standard|none>',
    description:
      'kv, raw, template; standard: nothing in a log can forge a field or a message; none: raw text, line breaks excepted',
  }),
  nest: repeatable(plainText, {
    group: 'format',
    variables: ['SYSLOG_NEST'],
    placeholder: '<field>',
    description: 'json: a field that holds JSON, as event of ActionTrail, is put in as such and not as text',
  }),
  inferTypes: defaulted(switchText, 'false', {
    group: 'format',
    variables: ['SYSLOG_INFER_TYPES'],
    description: 'json: numbers, true, false and null as such and not as text',
  }),
  mapping: optional(oneOf(...mappingNames), {
    group: 'format',
    variables: ['SYSLOG_MAPPING'],
    placeholder: `<${mappingNames.join('|')}>`,
    description: 'cef, leef: a ready-made mapping of fields to keys: see docs/mappings.md',
  }),
  map: structured(fieldMap, {
    group: 'format',
    variables: ['SYSLOG_MAP'],
    placeholder: '<key=field>',
    structure: 'mapping',
    description: 'cef, leef: keys and the fields that they are taken from, as src=remote_addr; wins over --mapping',
  }),
  unmapped: defaulted(oneOf('keep', 'drop'), 'keep', {
    group: 'format',
    variables: ['SYSLOG_UNMAPPED'],
    placeholder: '<keep|drop>',
    description: 'cef, leef: whether fields that are not mapped are written too, under their own names',
  }),
  deviceVendor: structured(headText, {
    group: 'format',
    variables: ['SYSLOG_DEVICE_VENDOR'],
    placeholder: '<text>',
    structure: 'texts',
    description: 'cef, leef: vendor in the head; text, or {field|text}',
  }),
  deviceProduct: structured(headText, {
    group: 'format',
    variables: ['SYSLOG_DEVICE_PRODUCT'],
    placeholder: '<text>',
    structure: 'texts',
    description: 'cef, leef: product in the head; text, or {field|text}',
  }),
  deviceVersion: structured(headText, {
    group: 'format',
    variables: ['SYSLOG_DEVICE_VERSION'],
    placeholder: '<text>',
    structure: 'texts',
    description: 'cef, leef: version in the head; text, or {field|text}',
  }),
  eventClassId: structured(headText, {
    group: 'format',
    variables: ['SYSLOG_EVENT_CLASS_ID'],
    placeholder: '<text>',
    structure: 'texts',
    description: 'cef: Device Event Class ID, leef: EventID; text, or {field|text}; several: the first that is there',
  }),
  eventName: structured(headText, {
    group: 'format',
    variables: ['SYSLOG_EVENT_NAME'],
    placeholder: '<text>',
    structure: 'texts',
    description: 'cef: Name in the head; text, or {field|text}; several: the first that is there',
  }),
  leefVersion: defaulted(oneOf('1.0', '2.0'), '1.0', {
    group: 'format',
    variables: ['SYSLOG_LEEF_VERSION'],
    placeholder: '<1.0|2.0>',
    description: 'leef: its version',
  }),
  leefDelimiter: optional(plainText, {
    group: 'format',
    variables: ['SYSLOG_LEEF_DELIMITER'],
    placeholder: '<character|xHH>',
    description: 'leef 2.0: what stands between attributes: a character, or x and its code; a tab if not said',
  }),
  rawField: optional(plainText, {
    group: 'format',
    variables: ['SYSLOG_RAW_FIELD'],
    placeholder: '<field>',
    description: 'raw: the field whose value is the message; content if not said',
  }),
  template: optional(plainText, {
    group: 'format',
    variables: ['SYSLOG_TEMPLATE'],
    placeholder: '<text>',
    description: 'template: the text, with {field}, {field|text} and {__time__:iso} in it',
  }),
  module: optional(plainText, {
    group: 'format',
    variables: ['SYSLOG_MODULE'],
    placeholder: '<file>',
    description: 'module: an ES module of your own that makes the text; its code runs in this process',
  }),
  moduleOptions: structured(anyMapping, {
    group: 'format',
    variables: ['SYSLOG_MODULE_OPTIONS'],
    placeholder: '<{key: value}>',
    structure: 'mapping',
    description:
      'module: what its createFormatter is called with; every plain value is text; its values are masked, but ps shows a flag',
    mask: hidden,
  }),
  bom: defaulted(switchText, 'false', {
    group: 'format',
    variables: ['SYSLOG_BOM'],
    description:
      'begin the text with a byte order mark, as RFC 5424 wants it of UTF-8, and let it be UTF-8; several SIEMs do not expect one',
  }),
} as const;
