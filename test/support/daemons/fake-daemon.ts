/** A daemon that does what a test tells it to, and a `process` that only passes signals on. */
import { EventEmitter } from 'node:events';
import type { ProgramContext } from '../../../src/cli/program.ts';
import type { Flow } from '../../../src/config/model/config.ts';
import type { AppError } from '../../../src/core/errors.ts';
import type { CreateDaemon, Daemon, DaemonOptions, ExitSummary } from '../../../src/daemon.ts';
import { requiredEnvironment, testSurroundings } from './config.ts';

export interface FakeDaemon extends Daemon {
  readonly create: CreateDaemon;
  /** What it was created with. */
  options: DaemonOptions | undefined;
  readonly drains: number[];
  readonly reloads: (readonly Flow[])[];
  readonly destroyedBy: AppError[];
  /** Ends it, as `--until` would. */
  finish(summary: ExitSummary): void;
  fail(error: Error): void;
}

export interface FakeBehaviour {
  readonly start?: (signal?: AbortSignal) => Promise<void>;
  readonly reload?: () => Promise<void>;
  /** Default: ends complete at once. */
  readonly drain?: (deadlineMs: number) => Promise<ExitSummary>;
}

const delivered = { confirmed: true, notShipped: [] };
export const complete: ExitSummary = { ...delivered, complete: true, delivered: true, fields: { logs: 3 } };
export const incomplete: ExitSummary = {
  ...{ ...delivered, complete: false, delivered: false },
  fields: { logs: 3, unconfirmed: 2 },
};

export function createFakeDaemon(behaviour: FakeBehaviour = {}): FakeDaemon {
  let settle: { resolve(summary: ExitSummary): void; reject(error: Error): void } | undefined;
  const finished = new Promise<ExitSummary>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const daemon: FakeDaemon = {
    options: undefined,
    drains: [],
    reloads: [],
    destroyedBy: [],
    finished,
    bytesInFlight: 0,
    create: (options) => {
      daemon.options = options;
      return daemon;
    },
    start: behaviour.start ?? (() => Promise.resolve()),
    drain: (deadlineMs) => {
      daemon.drains.push(deadlineMs);
      return behaviour.drain ? behaviour.drain(deadlineMs) : Promise.resolve(complete);
    },
    reload: async (flows) => {
      daemon.reloads.push(flows);
      await behaviour.reload?.();
    },
    destroy: (error) => {
      daemon.destroyedBy.push(error);
    },
    finish: (summary) => settle?.resolve(summary),
    fail: (error) => settle?.reject(error),
  };
  return daemon;
}

export interface FakeContext extends ProgramContext {
  readonly events: EventEmitter;
  /** All that was written, stderr's share of it, and the log's lines. */
  out(): string;
  error(): string;
  logged(): Record<string, unknown>[];
}

export function createFakeContext(
  createDaemon: CreateDaemon,
  environment: Readonly<Record<string, string | undefined>> = {},
  commands: ProgramContext['commands'] = [],
): FakeContext {
  const out: string[] = [];
  const error: string[] = [];
  return {
    surroundings: testSurroundings({ environment: { ...requiredEnvironment, ...environment } }),
    createDaemon,
    commands,
    events: new EventEmitter(),
    colour: false,
    writeOut: (text) => out.push(text),
    writeError: (text) => error.push(text),
    out: () => out.join(''),
    error: () => error.join(''),
    logged: () =>
      error
        .join('')
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
