import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { subCommands } from '../../../src/cli/commands.ts';

const sources = resolve(import.meta.dirname, '../../../src');

/** Everything that loading a file loads: paths in src/ and names of packages. Types and `import()` load nothing. */
function loadedWith(file: string, found = new Set<string>()): Set<string> {
  const text = readFileSync(file, 'utf8');
  for (const [, what = '', from = ''] of text.matchAll(/^(?:import|export) ([^;]*?from )?'([^']+)';$/gm)) {
    if (what.startsWith('type ')) continue;
    const path = resolve(dirname(file), from);
    const name = from.startsWith('.') ? relative(sources, path) : from;
    if (found.has(name)) continue;
    found.add(name);
    if (from.startsWith('.') && existsSync(path)) loadedWith(path, found);
  }
  return found;
}

describe('what the process loads before it runs', () => {
  const loaded = [...loadedWith(resolve(sources, 'cli/main.ts'))];

  test('is the daemon', () => {
    expect(loaded).toEqual(expect.arrayContaining(['daemon.ts', 'kernel/kernel.ts', 'cli/run.ts', 'undici', 'pino']));
  });

  test('is no other command, nor what only a file or a terminal needs', () => {
    const unwanted = /^(?:emulator|receiver)\/|^cli\/(?:emulator|receiver|demo)\.ts|^(?:protobufjs|pino-pretty|yaml)$/;
    expect(loaded.filter((name) => unwanted.test(name))).toEqual([]);
  });
});

test('before signals are listened to, nothing is loaded that brings others with it', () => {
  const first = [...loadedWith(resolve(sources, 'cli/start.ts'))].toSorted();
  expect(first).toEqual(['cli/process/descriptors.ts', 'cli/process/first-signals.ts', 'node:fs', 'node:os']);
});

describe('commands beside run', () => {
  test('all have a line in the help, and only those asked for are loaded', async () => {
    const commands = await subCommands(['help', 'receiver']);
    expect(commands.map((command) => command.name())).toEqual(['emulator', 'receiver', 'demo']);
    for (const command of commands) expect(command.description()).not.toBe('');
    const withOptions = commands.filter((command) => command.options.length > 0);
    expect(withOptions.map((command) => command.name())).toEqual(['receiver']);
  });

  test('each can be loaded', async () => {
    for (const command of await subCommands(['emulator', 'receiver', 'demo'])) {
      expect(command.options.length, command.name()).toBeGreaterThan(0);
    }
  });
});
