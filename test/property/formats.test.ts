/**
 * Each format against a reader written from its rules: whatever bytes names and values have, what is read back is
 * exactly the fields, after the replacements that the format documents.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFormat, type FormatSpec } from '../../src/format/registry.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { flatLogs, namedFields, nastyLogs, type PlainField, plainFields } from '../support/oracles/flat-logs.ts';
import { type OracleLog, oracleText } from '../support/oracles/format-oracle.ts';
import { formatWriters } from '../support/oracles/format-writers.ts';
import { naiveAddress } from '../support/oracles/naive-address.ts';
import { parseCef } from '../support/receivers/parsers/cef.ts';
import { parseJsonObject } from '../support/receivers/parsers/json.ts';
import { parseLeef } from '../support/receivers/parsers/leef.ts';
import { parseSdElement } from '../support/receivers/parsers/sd.ts';

const anyControl = /[\x00-\x1f\x7f]/g;
const otherControl = /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]/g;

const map = { src: 'ip', msg: 'text', suser: ['b', 'a'], cs1: 'x', request: 'json:a.b', rt: 'time', cn1: 'n' };

function asText(control: (character: string) => string): (field: PlainField) => string {
  return ([, value]) => value.replace(anyControl, control);
}

const controlName: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const spelled = (char: string): string => controlName[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;

describe.each(formatWriters)('by the $name', ({ write }) => {
  const format = (spec: FormatSpec) => createFormat(spec);

  it('JSON parses back to the fields', () => {
    const json = format({ format: 'json' });
    const check = (log: OracleLog): void => {
      const text = valid(write(json, log));
      expect(parseJsonObject(text)).toEqual(namedFields(log));
    };
    fc.assert(fc.property(flatLogs, check), propertyRuns(300));
    nastyLogs(500).forEach(check);
  });

  it('JSON with nested and inferred values parses back to them', () => {
    const json = format({ format: 'json', nest: ['json', 'a'], inferTypes: true });
    const check = (log: OracleLog): void => {
      const members = parseJsonObject(valid(write(json, log)));
      const expected = namedFields(log);
      expect(members.map(([name]) => name)).toEqual(expected.map(([name]) => name));
      members.forEach(([name, value], index) => {
        const given = expected[index]![1];
        if (typeof value === 'string') expect(value).toBe(given);
        else if (typeof value === 'object' && value !== null) expect(value, name).toEqual(JSON.parse(given));
        else expect(JSON.stringify(value)).toBe(given);
      });
    };
    fc.assert(fc.property(flatLogs, check), propertyRuns(300));
    nastyLogs(500).forEach(check);
  });

  it('structured data parses back to the fields, control characters spelt out', () => {
    const sd = format({ format: 'sd', enterpriseId: 4711 });
    const check = (log: OracleLog): void => {
      const element = parseSdElement(valid(write(sd, log)));
      expect(element.id).toBe('fields@4711');
      expect(element.params.map(([, value]) => value)).toEqual(plainFields(log).map(asText(spelled)));
      expectUnlikeKeys(element.params);
    };
    fc.assert(fc.property(flatLogs, check), propertyRuns(300));
    nastyLogs(500).forEach(check);
  });

  it('CEF parses back to the fields, control characters but line breaks as spaces', () => {
    const cef = format({ format: 'cef', eventName: '{msg|x}', vendor: 'V|\\' });
    const check = (log: OracleLog): void => {
      const event = parseCef(valid(write(cef, log)));
      expect(event).toMatchObject({ vendor: 'V|\\', product: 'Log Service', severity: '2' });
      const [[rt, time], ...rest] = event.extension as [[string, string], ...[string, string][]];
      expect([rt, time]).toEqual(['rt', String(log.time * 1000)]);
      expect(rest.map(([, value]) => value)).toEqual(
        plainFields(log).map(([, value]) => value.replace(otherControl, ' ')),
      );
      expectUnlikeKeys(event.extension);
    };
    fc.assert(fc.property(flatLogs, check), propertyRuns(300));
    nastyLogs(500).forEach(check);
  });

  it.each([
    ['1.0', undefined, '\t'],
    ['2.0', '^', '^'],
    ['2.0', 'x1f', '\x1f'],
  ] as const)(
    'LEEF %s with %s parses back to the fields, delimiter and control characters replaced',
    (leefVersion, leefDelimiter, delimiter) => {
      const leef = format({ format: 'leef', leefVersion, ...(leefDelimiter && { leefDelimiter }) });
      const check = (log: OracleLog): void => {
        const event = parseLeef(valid(write(leef, log)));
        const [sev, devTime, ...rest] = event.attributes;
        expect([sev, devTime]).toEqual([
          ['sev', '2'],
          ['devTime', String(log.time * 1000)],
        ]);
        const values = plainFields(log).map(([, value]) => value.replace(anyControl, ' ').replaceAll(delimiter, '_'));
        expect(rest.map(([, value]) => value)).toEqual(values);
        expectUnlikeKeys(event.attributes);
      };
      fc.assert(fc.property(flatLogs, check), propertyRuns(300));
      nastyLogs(500).forEach(check);
    },
  );

  it.each(['cef', 'leef'] as const)('a mapped %s holds no key twice, and loses no value', (name) => {
    const mapped = format({ format: name, map });
    fc.assert(
      fc.property(flatLogs, (log) => {
        const text = valid(write(mapped, log));
        const pairs = name === 'cef' ? parseCef(text).extension : parseLeef(text).attributes;
        const values = pairs.map(([, value]) => value);
        const clean = (value: string): string => value.replace(name === 'cef' ? otherControl : anyControl, ' ');
        expectUnlikeKeys(pairs);
        for (const [each, value] of plainFields(log)) {
          if (each === 'time') continue;
          // What is mapped as an address is written as one: `::ffff:192.0.2.1` is 192.0.2.1.
          const address = each === 'ip' ? naiveAddress(value)?.address : undefined;
          const isThere = values.includes(clean(value)) || (address !== undefined && values.includes(address));
          expect(isThere, `${each}=${value}`).toBe(true);
        }
      }),
      propertyRuns(300),
    );
  });

  it('is the oracle, byte for byte, whatever is mapped', () => {
    const key = fc.constantFrom('src', 'dst', 'rt', 'msg', 'cn1', 'cs1', 'externalId', 'devTime', 'srcPort', 'own');
    const place = fc.constantFrom(
      'a',
      'b',
      'x',
      'n',
      'ip',
      'time',
      'json',
      'json:a',
      'json:a.b',
      'json:a.b.0',
      '__source__',
    );
    const values = fc.oneof(place, fc.array(place, { minLength: 1, maxLength: 3 }), fc.constant('=x y=z|'));
    const spec = fc.record({
      format: fc.constantFrom('cef' as const, 'leef' as const),
      map: fc.dictionary(key, values, { maxKeys: 5, noNullPrototype: true }),
      eventClassId: fc.oneof(place, fc.constant('x')).map((text) => (text === 'x' ? text : `{${text}|none}`)),
      unmapped: fc.constantFrom('keep' as const, 'drop' as const),
    });
    fc.assert(
      fc.property(spec, fc.array(flatLogs, { minLength: 1, maxLength: 4 }), (options, logs) => {
        const made = format(options);
        for (const log of logs.map(compact))
          expect(write(made, log).toString('latin1')).toBe(oracleText(made, log).toString('latin1'));
      }),
      propertyRuns(300),
    );
  });

  it('raw is the field, and nothing else', () => {
    const raw = format({ format: 'raw', rawField: 'text' });
    fc.assert(
      fc.property(flatLogs, (log) => {
        const value = log.fields.find(([name]) => Buffer.from(name).toString() === 'text')?.[1] ?? Buffer.alloc(0);
        const expected = Buffer.from(value).toString('latin1').replace(anyControl, spelled);
        expect(write(raw, log).toString('latin1')).toBe(expected);
      }),
      propertyRuns(300),
    );
  });

  it.each<FormatSpec>([
    { format: 'kv' },
    { format: 'kv', escape: 'none' },
    { format: 'raw', rawField: 'text' },
    { format: 'json' },
    { format: 'cef', map, eventName: '{msg|x}' },
    { format: 'leef', map, leefVersion: '2.0' },
  ])('%j: what follows a byte order mark is UTF-8, and the text of the log as UTF-8', (spec) => {
    const [plain, marked] = [format(spec), format({ ...spec, bom: true })];
    const isUtf8 = 'invalidUtf8' in plain && plain.invalidUtf8 === 'replace';
    const check = (log: OracleLog): void => {
      const text = valid(write(marked, log));
      expect(text).toBe(`\ufeff${valid(write(plain, isUtf8 ? log : asUtf8(log)))}`);
    };
    fc.assert(fc.property(flatLogs, check), propertyRuns(300));
    nastyLogs(300).forEach(check);
  });
});

/** Names and values, U+FFFD in place of what is none. */
function asUtf8(log: OracleLog): OracleLog {
  const replaced = (bytes: Uint8Array) => Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  return { ...log, fields: log.fields.map(([name, value]) => [replaced(name), replaced(value)] as const) };
}

/** @throws where it is not UTF-8 */
function valid(text: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
}

/** JSON in its values as `JSON.stringify` writes it, which is how the oracle writes what it finds within. */
function compact(log: OracleLog): OracleLog {
  return {
    ...log,
    fields: log.fields.map(([name, value]) => {
      try {
        const json: unknown = JSON.parse(Buffer.from(value).toString());
        return typeof json === 'object' ? [name, Buffer.from(JSON.stringify(json))] : [name, value];
      } catch {
        return [name, value];
      }
    }),
  };
}

function expectUnlikeKeys(pairs: readonly (readonly [string, string])[]): void {
  expect(new Set(pairs.map(([key]) => key)).size).toBe(pairs.length);
}
