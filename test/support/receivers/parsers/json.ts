/** JSON as `JSON.parse` reads it, and what that hides: names given twice, and control characters. */

/** @returns members in the order in which they stand in the text */
export function parseJsonObject(text: string): [string, unknown][] {
  if (/[\x00-\x1f\x7f]/.test(text)) throw new Error('a control character');
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no object');
  // A reviver is asked for integer-like names first; the text has them in their own places.
  const order = topLevelNames(text);
  if (new Set(order).size < order.length) throw new Error('a name is there twice');
  return order.map((name) => [name, (value as Record<string, unknown>)[name]]);
}

function topLevelNames(text: string): string[] {
  const names: string[] = [];
  let depth = 0;
  const tokens = text.matchAll(/"((?:[^"\\]|\\.)*)"(:?)|[[\]{}]/g);
  for (const [token, body, colon] of tokens) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && colon === ':') names.push(String(JSON.parse(`"${body}"`)));
  }
  return names;
}
