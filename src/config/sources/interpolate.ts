/**
 * What stands for something else in the file's values: `${NAME}`, an environment variable, and `${file:PATH}`, a file's
 * text (a secret that is mounted), also inside longer text. `$${` is `${` itself. What is put in is not read again.
 *
 * The value may be a secret: it is shown nowhere, only `${…}` as it was written.
 */
import { resolve } from 'node:path';
import { readBytes } from './read-text-file.ts';
import type { Variables } from './variables.ts';
import type { Interpolate } from './yaml.ts';

export interface InterpolationSources {
  readonly variables: Variables;
  /** Absolute: what relative paths are relative to. */
  readonly baseDirectory: string;
  /** Told of all that is put in. */
  readonly onPutIn?: (text: string) => void;
}

const most = 64 * 1024;
const pattern = /\$\$\{|\$\{([^}]*)\}|\$\{/g;

/** @returns a function that gives the text, or a phrase that continues the setting's name */
export function createInterpolate(sources: InterpolationSources): Interpolate {
  return (text) => {
    let problem: string | undefined;
    const outcome = text.replace(pattern, (whole, name: string | undefined) => {
      if (whole === '$${') return '${';
      const found =
        name === undefined ? { problem: 'has a ${ without its }; write $${ for the text ${' } : look(name, sources);
      if ('text' in found) {
        sources.onPutIn?.(found.text);
        return found.text;
      }
      problem ??= found.problem;
      return '';
    });
    return problem === undefined ? { text: outcome } : { problem: `: ${problem}` };
  };
}

/** @returns the absolute paths of the files that a text, as it was written, puts in */
export function filesPutIn(written: string, baseDirectory: string): readonly string[] {
  return [...written.matchAll(pattern)].flatMap(([whole, name]) => {
    return whole !== '$${' && name?.startsWith('file:') ? [resolve(baseDirectory, name.slice('file:'.length))] : [];
  });
}

type Found = { readonly text: string } | { readonly problem: string };

function look(name: string, { variables, baseDirectory }: InterpolationSources): Found {
  if (name.startsWith('file:')) return readValue(name, resolve(baseDirectory, name.slice('file:'.length)));
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return { problem: 'holds ${…} that is neither ${NAME} nor ${file:PATH}; write $${ for the text ${' };
  }
  const text = variables.get(name);
  return text !== undefined ? { text } : { problem: `the environment variable ${name} is not set, or empty` };
}

/** Without the line break at its end, which an editor or `echo` has put there. */
function readValue(name: string, path: string): Found {
  if (name === 'file:') return { problem: '${file:} names no file' };
  const outcome = readBytes(path);
  const complain = (phrase: string) => ({ problem: `the file of \${${name}} ${phrase}` });
  if ('problem' in outcome) return complain(outcome.problem);
  if (outcome.bytes.length > most) return complain(`is larger than ${most / 1024} KiB`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(outcome.bytes).replace(/\r?\n$/, '');
    return text === '' ? complain('is empty') : { text };
  } catch {
    return complain('is not UTF-8 text');
  }
}
