/** Who may import whom in `src` (docs/adr/0001-import-direction.md), and what keeps the tree readable. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { arrows, circleIn, folderOf, readSources, roomOf, sourcesOf } from './sources.ts';

/** A folder of `src` may import these, and the packages that it likes but for those of `onlyIn`. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  schema: [],
  format: ['core'],
  rules: ['core', 'schema', 'format'],
  encode: ['core', 'format', 'rules'],
  kernel: ['core', 'format', 'rules', 'encode'],
  group: ['core'],
  sls: ['core', 'group'],
  sink: ['core', 'encode'],
  'dead-letter': ['core', 'encode'],
  config: ['core', 'schema', 'format', 'rules', 'encode'],
  pipeline: ['core', 'config', 'sls', 'group', 'format', 'encode', 'kernel', 'sink', 'dead-letter'],
  'daemon.ts': ['core', 'config', 'sls', 'group', 'pipeline'],
  emulator: ['core'],
  receiver: ['core'],
  cli: ['core', 'schema', 'config', 'daemon.ts', 'pipeline', 'sls', 'sink', 'emulator', 'receiver'],
};

const onlyIn: Readonly<Record<string, readonly string[]>> = {
  'node:net': ['sink', 'receiver', 'emulator'],
  'node:tls': ['sink', 'receiver'],
  'node:dgram': ['sink', 'receiver'],
  'node:http': ['emulator', 'receiver'],
  'node:https': ['receiver'],
  undici: ['sls'],
  commander: ['cli'],
  pino: ['cli'],
};

const mostFilesInAFolder = 20;
const mostLooseFiles = 3;

const { files, packages } = readSources(fileURLToPath(new URL('../../src', import.meta.url)));
const rooms = arrows(files, roomOf);

describe('a folder of src', () => {
  it('imports what it may, and has its line in the table', () => {
    const wrong = [...rooms].flatMap(([room, others]) =>
      [...others].filter(([other]) => !mayImport[room]?.includes(other)).map(([, shown]) => shown),
    );
    expect(wrong).toEqual([]);
    expect([...rooms.keys()].toSorted()).toEqual(Object.keys(mayImport).toSorted());
  });

  it('uses each right that the table gives', () => {
    const idle = Object.entries(mayImport).flatMap(([room, others]) =>
      others.filter((other) => !rooms.get(room)?.has(other)).map((other) => `${room} does not import ${other}`),
    );
    expect(idle).toEqual([]);
  });

  it('imports sockets, HTTP and the like only where these belong', () => {
    const wrong = [...packages].flatMap(([file, names]) =>
      names.filter((name) => onlyIn[name]?.includes(roomOf(file)) === false).map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('holds no more files than one looks over', () => {
    const counts = new Map<string, number>();
    for (const file of files.keys()) counts.set(folderOf(file), (counts.get(folderOf(file)) ?? 0) + 1);
    const limitOf = (folder: string) => (folder === '.' ? mostLooseFiles : mostFilesInAFolder);
    const full = [...counts].filter(([folder, count]) => count > limitOf(folder));
    expect(full.map(([folder, count]) => `${folder}: ${count} files`)).toEqual([]);
  });
});

describe('no circle', () => {
  it('of files', () => expect(circleIn(files)).toBeUndefined());

  it('of folders', () => {
    const folders = arrows(files, folderOf);
    expect(circleIn(new Map([...folders].map(([folder, others]) => [folder, others.keys()])))).toBeUndefined();
  });
});

describe('what reads them', () => {
  it('sees types, exports and imports on demand, and says the way round', () => {
    const read = sourcesOf(
      new Map([
        ['a/one.ts', "import type { Two } from '../b/two.ts';\nimport net from 'node:net';"],
        ['b/two.ts', "export { three } from './three.ts';"],
        ['b/three.ts', "const one = () => import('../a/one.ts');"],
        ['c/four.ts', "import { one } from '../a/one';"],
      ]),
    );
    expect(circleIn(read.files)).toBe('a/one.ts → b/two.ts → b/three.ts → a/one.ts');
    expect(read.packages.get('a/one.ts')).toEqual(['node:net']);
    expect(arrows(read.files, roomOf).get('c')?.get('a')).toBe('c/four.ts imports a/one.ts');
  });
});
