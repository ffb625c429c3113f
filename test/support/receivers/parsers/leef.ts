/** A strict reader of LEEF 1.0 and 2.0, written from IBM's guide and not from our formats. */

export interface LeefEvent {
  readonly version: string;
  readonly vendor: string;
  readonly product: string;
  readonly productVersion: string;
  readonly eventId: string;
  readonly attributes: readonly (readonly [key: string, value: string])[];
}

export function parseLeef(text: string): LeefEvent {
  if (/[\n\r\0]/.test(text)) throw new Error('a line break');
  const fields = text.split('|');
  const version = /^LEEF:([12]\.0)$/.exec(fields[0] ?? '')?.[1];
  if (version === undefined) throw new Error('no LEEF:1.0| or LEEF:2.0|');
  const count = version === '1.0' ? 5 : 6;
  if (fields.length <= count) throw new Error('the head has no end');
  const [, vendor, product, productVersion, eventId] = fields as [string, string, string, string, string];
  if (eventId.length > 255 || eventId === '') throw new Error('the EventID');
  const delimiter = version === '1.0' ? '\t' : delimiterOf(fields[5]!);
  const attributes = fields.slice(count).join('|');
  return { version, vendor, product, productVersion, eventId, attributes: parseAttributes(attributes, delimiter) };
}

function delimiterOf(field: string): string {
  const hex = /^0?x([0-9A-Fa-f]{1,4})$/.exec(field)?.[1];
  if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
  if (field.length !== 1) throw new Error(`the delimiter ${JSON.stringify(field)}`);
  return field;
}

function parseAttributes(text: string, delimiter: string): [string, string][] {
  if (text === '') return [];
  const pairs = text.split(delimiter).map((pair): [string, string] => {
    const sign = pair.indexOf('=');
    const key = pair.slice(0, sign);
    if (sign < 1 || /[\s\x00-\x20\x7f-\uffff]/.test(key)) throw new Error(`the attribute ${JSON.stringify(pair)}`);
    return [key, pair.slice(sign + 1)];
  });
  if (new Set(pairs.map(([key]) => key)).size < pairs.length) throw new Error('a key is there twice');
  return pairs;
}
