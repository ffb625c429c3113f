/**
 * The user's own format: an ES module whose default export creates a formatter (plugin.d.ts, `sls-syslog/plugin`).
 *
 *     export default function createFormatter(options) {
 *       return { format: (log) => `${log.get('user') ?? '-'} ${log.get('action') ?? '-'}` };
 *     }
 *
 * The module runs in this process, with all of its rights, log by log and synchronously. An exception in the formatter
 * sends that log to the dead letters, and never ends the process. The module is loaded once: a changed file takes a
 * restart.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { LogView } from '../parts/log-view.ts';
import type { TextFormat } from '../parts/text-format.ts';

export interface ModuleOptions {
  /** Path of the module's file; relative to the working directory if it is not absolute. */
  readonly module: string;
  /** Options for `createFormatter`; default: an empty object. */
  readonly moduleOptions?: Readonly<Record<string, unknown>>;
}

type FormatFunction = (log: LogView) => string | Uint8Array;

const require = createRequire(import.meta.url);

/** @throws AppError with code `format` and action `fatal`: the module cannot be loaded, or creates no formatter */
export function createModuleFormat(options: ModuleOptions): TextFormat {
  const file = path.resolve(options.module);
  const create = loadFactory(file);
  let made: unknown;
  try {
    made = create(options.moduleOptions ?? {});
  } catch (cause) {
    // Without `cause`, whose message a logger would show unredacted.
    throw failed(file, `its createFormatter failed: ${withoutTexts(messageOf(cause), options.moduleOptions)}`);
  }
  const format = formatFunction(file, made);
  return {
    kind: 'text',
    name: 'module',
    format(log) {
      const text: unknown = format(log);
      if (typeof text === 'string' || text instanceof Uint8Array) return text;
      // An unhandled rejection would end the process.
      if (isThenable(text)) void Promise.resolve(text).catch(() => undefined);
      const message = `the module's format() returned ${kindOf(text)}; it has to return a string or a Uint8Array`;
      // Our log never has the message of such an error, which may quote a log's content: the code tells instead.
      throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' });
    },
  };
}

function loadFactory(file: string): (options: unknown) => unknown {
  let loaded: unknown;
  try {
    loaded = require(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ERR_REQUIRE_ASYNC_MODULE') {
      throw failed(
        file,
        'it uses await at its top level, but a formatter must be synchronous: remove the await',
        cause,
      );
    }
    throw failed(file, messageOf(cause), cause);
  }
  const factory: unknown =
    typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : loaded;
  if (typeof factory === 'function') return factory as (options: unknown) => unknown;
  throw failed(
    file,
    'it has no default export that is a function: export default function createFormatter(options) {…}',
  );
}

function formatFunction(file: string, made: unknown): FormatFunction {
  if (isThenable(made)) {
    void Promise.resolve(made).catch(() => undefined);
    throw failed(
      file,
      'its createFormatter is asynchronous, and formatters are synchronous: prepare everything before',
    );
  }
  if (typeof made === 'function') return made as FormatFunction;
  if (typeof made === 'object' && made !== null && 'format' in made && typeof made.format === 'function') {
    const formatter = made as { format: FormatFunction };
    return (log) => formatter.format(log);
  }
  throw failed(file, `its createFormatter returned ${kindOf(made)}; it has to return { format(log) } or a function`);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return isThenable(value) ? 'a promise' : `a value of type ${typeof value}`;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.split('\n', 1)[0]! : String(thrown);
}

/** Shorter texts may be parts of other words, and are not redacted. */
const shortestHidden = 4;

/** Redacts the options' texts in the message: they may be secrets, and errors often quote them. */
function withoutTexts(message: string, options: unknown): string {
  const texts = textsIn(options).flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]);
  return texts
    .filter((text) => text.length >= shortestHidden)
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, text) => rest.replaceAll(text, '[redacted]'), message);
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function failed(file: string, why: string, cause?: unknown): AppError {
  return new AppError(`The module ${file} cannot be used: ${why}.`, {
    code: 'format',
    action: 'fatal',
    context: { module: file },
    ...(cause !== undefined && { cause }),
  });
}
