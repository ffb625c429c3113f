/** The source files and what they import, types included. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Sources {
  /** By path in `src`, with `/`: the paths in `src` that it imports. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** By path in `src`: what else it imports. */
  readonly packages: ReadonlyMap<string, readonly string[]>;
}

const importOf = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g;

export function readSources(directory: string): Sources {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return sourcesOf(new Map(names.map((name) => [toSlashes(name), readFileSync(path.join(directory, name), 'utf8')])));
}

export function sourcesOf(texts: ReadonlyMap<string, string>): Sources {
  const files = new Map<string, string[]>();
  const packages = new Map<string, string[]>();
  for (const [name, text] of texts) {
    const imported = [...text.matchAll(importOf)].map(([, what = '']) => what);
    const own = imported.filter((what) => what.startsWith('.'));
    // The kernel's compiler wants no extension.
    const paths = own.map((what) => path.posix.join(path.posix.dirname(name), what.replace(/(\.ts)?$/, '.ts')));
    files.set(
      name,
      [...new Set(paths)].filter((each) => texts.has(each)),
    );
    packages.set(
      name,
      imported.filter((what) => !what.startsWith('.')),
    );
  }
  return { files, packages };
}

export const folderOf = (file: string): string => path.posix.dirname(file);

/** The first part of its path: `encode/text/output.ts` → `encode`, `daemon.ts` → `daemon.ts`. */
export const roomOf = (file: string): string => file.split('/')[0] ?? file;

/** What is imported over a border, with the import that shows it. */
export function arrows(files: Sources['files'], placeOf: (file: string) => string): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const [file, imported] of files) {
    const from = placeOf(file);
    const its = found.get(from) ?? new Map<string, string>();
    found.set(from, its);
    for (const each of imported) {
      const to = placeOf(each);
      if (to !== from && !its.has(to)) its.set(to, `${file} imports ${each}`);
    }
  }
  return found;
}

/** @returns one circle, as `a → b → a`; undefined where there is none */
export function circleIn(edges: ReadonlyMap<string, Iterable<string>>): string | undefined {
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (at: string): string | undefined => {
    if (way.includes(at)) return [...way.slice(way.indexOf(at)), at].join(' → ');
    if (done.has(at)) return undefined;
    way.push(at);
    for (const next of edges.get(at) ?? []) {
      const circle = visit(next);
      if (circle) return circle;
    }
    way.pop();
    done.add(at);
    return undefined;
  };
  for (const start of edges.keys()) {
    const circle = visit(start);
    if (circle) return circle;
  }
  return undefined;
}

function toSlashes(name: string): string {
  return name.replaceAll(path.sep, '/');
}
