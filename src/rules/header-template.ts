/**
 * Header fields as a user writes them: `web-01`, `{__tag__:__hostname__}`, `k8s-{cluster|unknown}`.
 *
 * `{name}` is a field's value by its flattened name; `{name|text}` is the text where the field is missing or empty;
 * `{{` and `}}` are braces. Pure.
 */
import { type TextSchema, textSchema } from '../schema/text.ts';
import { fieldNameProblem, utf8 } from './field-name.ts';
import type { HeaderText, HeaderTextPart } from './header-text.ts';

/** @param maxLength of the constant text, and of each text for a missing field; the whole is cut to it */
export function headerTemplate(maxLength: number): TextSchema<HeaderText> {
  return textSchema((text, complain): HeaderText => {
    const parts = partsOf(text);
    if ('problem' in parts) return complain(parts.problem);
    const constants = parts.map((part) => (typeof part === 'string' ? part : (part.orElse ?? '')));
    if (!/^[\x21-\x7e]*$/.test(constants.join(''))) {
      return complain('may hold only printable ASCII characters and no space, but in the names of fields');
    }
    const ofAllMessages = parts.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 0), 0);
    const longest = Math.max(ofAllMessages, ...constants.map((each) => each.length));
    if (longest > maxLength) return complain(`is too long: ${longest} characters of at most ${maxLength}`);
    return parts.every((part) => typeof part === 'string') ? parts.join('') : parts;
  });
}

interface Problem {
  /** A phrase, as in `textSchema`. */
  readonly problem: string;
}

/** The next piece of the template; no match means a brace that has no meaning. */
const piece = /(\{\{|\}\}|[^{}]+)|\{([^{}|]*)(?:\|([^{}]*))?\}/uy;

function partsOf(text: string): readonly HeaderTextPart[] | Problem {
  const parts: HeaderTextPart[] = [];
  piece.lastIndex = 0;
  for (let start = 0; start < text.length; start = piece.lastIndex) {
    const at = `at character ${[...text.slice(0, start)].length + 1}`;
    const match = piece.exec(text);
    if (match === null) return { problem: braceProblem(text.slice(start), at) };
    const [, constant, name = '', orElse] = match;
    if (constant !== undefined) {
      addConstant(parts, constant === '{{' || constant === '}}' ? constant.slice(1) : constant);
      continue;
    }
    if (name === '') return { problem: `has braces ${at} that name no field; give {name}, or {{ and }} for braces` };
    const problem = fieldNameProblem(name);
    if (problem !== undefined) return { problem: `has a name ${at} that ${problem}` };
    parts.push({ field: utf8(name), ...(orElse && { orElse }) });
  }
  return parts;
}

function addConstant(parts: HeaderTextPart[], text: string): void {
  const last = parts.at(-1);
  if (typeof last === 'string') parts[parts.length - 1] = last + text;
  else parts.push(text);
}

function braceProblem(rest: string, at: string): string {
  if (rest.startsWith('}')) return `has a } ${at} that closes nothing; write }} for a brace`;
  return /^\{[^{}]*\{/.test(rest)
    ? `has a { ${at} with another one before its }; a field's name has none in it`
    : `has a { ${at} that is not closed; write {{ for a brace`;
}
