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
    description: 'format of the message text: see docs/formats.md',
  }),
  sep: defaulted(separator, '||', {
    group: 'format',
    variables: ['SYSLOG_SEP'],
    placeholder: '<text>',
    description: 'kv: separator in front of each key=value pair; \\t for a tab',
  }),
  escape: defaulted(oneOf('standard', 'none'), 'standard', {
    group: 'format',
    variables: ['SYSLOG_ESCAPE'],
    placeholder: '<standard|none>',
    description:
      'kv, raw, template; standard: nothing in a log can forge a field or a message; none: only line breaks are escaped',
  }),
  nest: repeatable(plainText, {
    group: 'format',
    variables: ['SYSLOG_NEST'],
    placeholder: '<field>',
    description:
      'json: a field that holds JSON, such as event of ActionTrail; it is written as JSON and not as a string',
  }),
  inferTypes: defaulted(switchText, 'false', {
    group: 'format',
    variables: ['SYSLOG_INFER_TYPES'],
    description: 'json: write numbers, true, false and null without quotes, and not as strings',
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
    description:
      'cef, leef: keys and the fields that their values come from, such as src=remote_addr; wins over --mapping',
  }),
  unmapped: defaulted(oneOf('keep', 'drop'), 'keep', {
    group: 'format',
    variables: ['SYSLOG_UNMAPPED'],
    placeholder: '<keep|drop>',
    description: 'cef, leef: whether fields without a key are written too, under their own names',
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
    description:
      'cef: Device Event Class ID, leef: EventID; text, or {field|text}; of a list, the first that has a value',
  }),
  eventName: structured(headText, {
    group: 'format',
    variables: ['SYSLOG_EVENT_NAME'],
    placeholder: '<text>',
    structure: 'texts',
    description: 'cef: Name in the head; text, or {field|text}; of a list, the first that has a value',
  }),
  leefVersion: defaulted(oneOf('1.0', '2.0'), '1.0', {
    group: 'format',
    variables: ['SYSLOG_LEEF_VERSION'],
    placeholder: '<1.0|2.0>',
    description: 'leef: version of LEEF',
  }),
  leefDelimiter: optional(plainText, {
    group: 'format',
    variables: ['SYSLOG_LEEF_DELIMITER'],
    placeholder: '<character|xHH>',
    description: 'leef 2.0: delimiter between attributes: a character, or x and its hexadecimal code; a tab by default',
  }),
  rawField: optional(plainText, {
    group: 'format',
    variables: ['SYSLOG_RAW_FIELD'],
    placeholder: '<field>',
    description: 'raw: the field whose value is the message text; content by default',
  }),
  template: optional(plainText, {
    group: 'format',
    variables: ['SYSLOG_TEMPLATE'],
    placeholder: '<text>',
    description: 'template: the message text, with {field}, {field|text} and {__time__:iso} in it',
  }),
  module: optional(plainText, {
    group: 'format',
    variables: ['SYSLOG_MODULE'],
    placeholder: '<file>',
    description: 'module: an ES module of your own that makes the message text; its code runs in this process',
  }),
  moduleOptions: structured(anyMapping, {
    group: 'format',
    variables: ['SYSLOG_MODULE_OPTIONS'],
    placeholder: '<{key: value}>',
    structure: 'mapping',
    description:
      'module: options that createFormatter is called with; every plain value is text; the values are masked, but a flag would show in ps',
    mask: hidden,
  }),
  bom: defaulted(switchText, 'false', {
    group: 'format',
    variables: ['SYSLOG_BOM'],
    description:
      'begin the message text with a byte order mark, which RFC 5424 wants for UTF-8, and replace invalid UTF-8; several SIEMs do not expect the mark',
  }),
} as const;
