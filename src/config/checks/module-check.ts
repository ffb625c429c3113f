/** Looks at a module of the user's without running it: for `config check`, which may look at a file from anywhere. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { compileFunction } from 'node:vm';
import { readBytes } from '../sources/read-text-file.ts';

const longestCheckMs = 60_000;

/**
 * Whether it is there, its syntax is right, and it can have a default export.
 * @param file absolute
 * @returns a sentence, or undefined where nothing is wrong that can be seen without running it
 */
export function moduleProblem(file: string): string | undefined {
  const why = whyUnusable(file);
  return why === undefined ? undefined : `The module ${file} cannot be used: ${why}.`;
}

function whyUnusable(file: string): string | undefined {
  // The module as `require` finds it: also without its extension, or as a directory.
  const path = resolved(file);
  const outcome = readBytes(path);
  if ('problem' in outcome) return `it ${outcome.problem}`;
  const extension = extname(path);
  if (!['', '.js', '.cjs', '.mjs'].includes(extension)) return undefined;
  const text = outcome.bytes.toString('utf8');
  const asScript = extension === '.mjs' ? 'not CommonJS' : scriptProblem(text);
  const complaint = asScript === undefined || extension === '.cjs' ? asScript : esModuleProblem(text);
  if (complaint !== undefined) return complaint;
  return /default|exports/.test(text)
    ? undefined
    : 'it has no default export that is a function: export default function createFormatter(options) {…}';
}

function resolved(file: string): string {
  try {
    return createRequire(import.meta.url).resolve(file);
  } catch {
    return file;
  }
}

/** Problems of a CommonJS module. It is compiled, and not run. */
function scriptProblem(text: string): string | undefined {
  try {
    compileFunction(text.replace(/^#!.*/, ''), ['exports', 'require', 'module', '__filename', '__dirname']);
    return undefined;
  } catch (error) {
    return error instanceof SyntaxError ? error.message : String(error);
  }
}

/** Only a process of its own can look at one without running it. Its environment must not make it run anything else. */
function esModuleProblem(text: string): string | undefined {
  const { status, stderr } = spawnSync(process.execPath, ['--check', '--input-type=module', '-'], {
    input: text,
    encoding: 'utf8',
    env: {},
    timeout: longestCheckMs,
  });
  if (status !== 1) return undefined;
  const line = /^\[stdin\]:(\d+)/m.exec(stderr)?.[1];
  const said = /^SyntaxError: (.*)$/m.exec(stderr)?.[1];
  if (said === undefined) return undefined;
  return `${line === undefined ? '' : `line ${line}: `}${said}`;
}
