/** A strict reader of one SD-ELEMENT, by the grammar of RFC 5424, section 6. */

export interface SdElement {
  readonly id: string;
  readonly params: readonly (readonly [name: string, value: string])[];
}

const name = '[\\x21\\x23-\\x3c\\x3e-\\x5c\\x5e-\\x7e]{1,32}';
const start = new RegExp(`^\\[(${name})`);
const param = new RegExp(`^ (${name})="((?:[^"\\\\\\]]|\\\\["\\\\\\]])*)"`);

export function parseSdElement(text: string): SdElement {
  const [opening, id] = start.exec(text) ?? [];
  if (opening === undefined || id === undefined) throw new Error('no SD-ID');
  if (id.includes('@') && !/^[^@]+@\d+(?:\.\d+)*$/.test(id)) throw new Error(`the SD-ID ${id}`);
  const params: [string, string][] = [];
  let rest = text.slice(opening.length);
  while (rest !== ']') {
    const [whole, paramName, value] = param.exec(rest) ?? [];
    if (whole === undefined) throw new Error(`no SD-PARAM: ${JSON.stringify(rest.slice(0, 80))}`);
    if (/[\x00-\x1f\x7f]/.test(value!)) throw new Error('a control character');
    params.push([paramName!, value!.replace(/\\(["\\\]])/g, '$1')]);
    rest = rest.slice(whole.length);
  }
  return { id, params };
}
