/**
 * A strict reader of CEF, written from the rules ("Implementing ArcSight Common Event Format (CEF)", version 25) and not
 * from our formats: what is not allowed is an error.
 */

export interface CefEvent {
  readonly vendor: string;
  readonly product: string;
  readonly version: string;
  readonly eventClassId: string;
  readonly name: string;
  readonly severity: string;
  readonly extension: readonly (readonly [key: string, value: string])[];
}

const maxHeadCharacters = [63, 63, 31, 1023, 512];

export function parseCef(text: string): CefEvent {
  if (/[\x00-\x1f\x7f]/.test(text)) throw new Error('a control character');
  if (!text.startsWith('CEF:0|')) throw new Error('no CEF:0|');
  const head: string[] = [];
  let at = 'CEF:0|'.length;
  while (head.length < 6) {
    let field = '';
    for (; text[at] !== '|'; at++) {
      if (at >= text.length) throw new Error('the head has no end');
      if (text[at] === '\\') {
        at++;
        if (text[at] !== '\\' && text[at] !== '|') throw new Error(`\\${text[at]} in the head`);
      }
      field += text[at];
    }
    if ([...field].length > (maxHeadCharacters[head.length] ?? 2))
      throw new Error(`head field ${head.length} is too long`);
    head.push(field);
    at++;
  }
  const [vendor, product, version, eventClassId, name, severity] = head as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if (!/^(?:[0-9]|10)$/.test(severity)) throw new Error(`severity ${severity}`);
  return { vendor, product, version, eventClassId, name, severity, extension: parseExtension(text.slice(at)) };
}

/** A key is the word in front of a sign that no backslash stands before; what is between two is the first one's value. */
function parseExtension(text: string): [string, string][] {
  const signs = unescapedSigns(text);
  const keyStarts = signs.map((sign) => text.lastIndexOf(' ', sign) + 1);
  if (signs.length === 0 && text !== '') throw new Error('an extension without a key');
  if (signs.length > 0 && keyStarts[0] !== 0) throw new Error('text in front of the first key');
  return signs.map((sign, index) => {
    const key = text.slice(keyStarts[index], sign);
    if (!/^[A-Za-z0-9]+$/.test(key)) throw new Error(`the key ${JSON.stringify(key)}`);
    const end = index + 1 < signs.length ? keyStarts[index + 1]! - 1 : text.length;
    return [key, unescaped(text.slice(sign + 1, end))];
  });
}

function unescapedSigns(text: string): number[] {
  const signs: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '=') signs.push(at);
  }
  return signs;
}

function unescaped(value: string): string {
  return value.replace(/\\(.?)/gs, (_, char: string) => {
    const meant = { '\\': '\\', '=': '=', n: '\n', r: '\r' }[char];
    if (meant === undefined) throw new Error(`\\${char} in a value`);
    return meant;
  });
}
