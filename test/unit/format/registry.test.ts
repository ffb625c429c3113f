import { describe, expect, it } from 'vitest';
import { createKeyValueFormat } from '../../../src/format/formats/key-value.ts';
import {
  createFormat,
  type FormatName,
  type FormatOption,
  type FormatSpec,
  formatNames,
  formatsWith,
  optionsOf,
} from '../../../src/format/registry.ts';

/** The least that each takes. */
const least: Readonly<Record<FormatName, FormatSpec>> = {
  kv: { format: 'kv' },
  json: { format: 'json' },
  cef: { format: 'cef' },
  leef: { format: 'leef' },
  sd: { format: 'sd' },
  raw: { format: 'raw' },
  template: { format: 'template', template: '{a}' },
  module: { format: 'module', module: 'examples/module-formatter/formatter.js' },
};

const values: Readonly<Record<FormatOption, unknown>> = {
  separator: ';',
  escape: 'none',
  nest: ['event'],
  inferTypes: true,
  rawField: 'content',
  template: '{b}',
  module: 'examples/module-formatter/formatter.js',
  moduleOptions: {},
  mapping: 'nginx',
  map: { msg: 'message' },
  vendor: 'Acme',
  product: '{product}',
  version: '2',
  eventClassId: ['{a}', '{b|c}'],
  eventName: 'x',
  leefVersion: '2.0',
  leefDelimiter: '^',
  unmapped: 'drop',
  enterpriseId: 1,
  bom: true,
};

describe('the format registry', () => {
  it('makes the row of a name, with its options', () => {
    expect(createFormat({ format: 'kv', separator: ';', escape: 'none' })).toEqual(
      createKeyValueFormat({ separator: ';', escape: 'none' }),
    );
  });

  it.each(formatNames)('makes %s', (name) => {
    expect(createFormat(least[name]).name).toBe(name);
  });

  it('names the formats that there are when asked for another', () => {
    const create = (name: string) => () => createFormat({ format: name as FormatName });
    expect(create('toString')).toThrow(/no format "toString"; there is: kv, json/);
    expect(create('xml')).toThrow(expect.objectContaining({ code: 'format', action: 'fatal' }));
  });

  it.each(formatNames)('%s takes its own options, and refuses all others by their names', (name) => {
    for (const option of Object.keys(values) as FormatOption[]) {
      const leef = name === 'leef' ? { leefVersion: '2.0' } : {};
      const create = (): unknown => createFormat({ ...leef, ...least[name], [option]: values[option] } as FormatSpec);
      if (optionsOf(name).includes(option)) expect(create, option).not.toThrow();
      else expect(create, option).toThrow(`${option} has no meaning with the format ${name}`);
    }
  });

  it('says which formats take an option', () => {
    expect(formatsWith('escape')).toEqual(['kv', 'raw', 'template']);
    expect(formatsWith('nest')).toEqual(['json']);
    expect((Object.keys(values) as FormatOption[]).filter((option) => formatsWith(option).length === 0)).toEqual([]);
  });

  it('refuses a delimiter for LEEF 1.0, a mapping that there is not, and what a format cannot do without', () => {
    expect(() => createFormat({ format: 'leef', leefDelimiter: '^' })).toThrow('LEEF 1.0');
    expect(() => createFormat({ format: 'cef', mapping: 'apache' as 'nginx' })).toThrow(
      'no mapping "apache"; there is: actiontrail, waf',
    );
    expect(() => createFormat({ format: 'template' })).toThrow('needs a template');
    expect(() => createFormat({ format: 'module' })).toThrow("needs a module's path");
  });

  it('lets the user win over a ready-made mapping, key by key', () => {
    const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
    const mapped = (spec: Partial<FormatSpec>): string => {
      const format = createFormat({ format: 'cef', mapping: 'nginx', ...spec });
      if ('kind' in format) throw new Error('CEF is a row');
      const head = format.mapped!.head.map((part) => (part.kind === 'constant' ? text(part.bytes) : '…'));
      return [...head, ...format.mapped!.fields.map((field) => ` ${text(field.key)} ${text(field.label)}`)].join('');
    };
    expect(mapped({})).toContain('CEF:0|Alibaba Cloud|NGINX|1.0|…');
    expect(mapped({})).toContain('cs1 cs1Label=X-Forwarded-For');
    expect(mapped({ product: 'Mine' })).toContain('CEF:0|Alibaba Cloud|Mine|1.0|…');
    expect(mapped({ map: { cs1: '=' } })).not.toContain('cs1');
    expect(mapped({ map: { cs1: 'other' } })).toContain('cs1 cs1Label=X-Forwarded-For');
    expect(mapped({ map: { cs1Label: '=Proxy' } })).toContain('cs1 cs1Label=Proxy');
  });
});
