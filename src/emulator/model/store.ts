/** The emulator's state: projects, their logstores, and counts of requests. */
import type { Clock } from '../../core/time/clock.ts';
import { ApiError, logstoreNotExist, projectNotExist } from '../protocol/api-error.ts';
import { type Dialect, defaultDialect } from '../protocol/dialect.ts';
import type { Change, LogstoreChange, RecordOf } from './journal.ts';
import { Logstore } from './logstore.ts';

export interface PullCounts {
  requests: number;
  logGroups: number;
  logs: number;
  /** Bytes before compression. */
  rawBytes: number;
  /** Bytes as sent. */
  bodyBytes: number;
}

export class Store {
  readonly #clock: Pick<Clock, 'now' | 'random'>;
  readonly dialect: Dialect;
  readonly #record: RecordOf<Change> | undefined;
  readonly #projects = new Map<string, Map<string, Logstore>>();
  readonly pulled: PullCounts = { requests: 0, logGroups: 0, logs: 0, rawBytes: 0, bodyBytes: 0 };
  /** Answered requests by action. */
  readonly requests: Record<string, number> = {};
  /** Error answers by the service's code. */
  readonly errors: Record<string, number> = {};

  /**
   * @param record called after each change
   * @param dialect the readings that are not the usual ones
   */
  constructor(clock: Pick<Clock, 'now' | 'random'>, record?: RecordOf<Change>, dialect: Partial<Dialect> = {}) {
    this.#clock = clock;
    this.dialect = { ...defaultDialect, ...dialect };
    this.#record = record;
  }

  now(): number {
    return this.#clock.now();
  }

  projects(): string[] {
    return [...this.#projects.keys()];
  }

  /** Idempotent. */
  createProject(project: string): void {
    if (this.#projects.has(project)) return;
    this.#projects.set(project, new Map());
    this.#record?.({ do: 'project', project });
  }

  hasProject(project: string): boolean {
    return this.#projects.has(project);
  }

  /** @throws ApiError ProjectNotExist, LogStoreAlreadyExist */
  createLogstore(
    project: string,
    name: string,
    shardCount: number,
    retentionMs: number | undefined,
    createdMs = this.now(),
  ): Logstore {
    const logstores = this.#project(project);
    if (logstores.has(name)) throw new ApiError(400, 'LogStoreAlreadyExist', `logstore ${name} already exists`);
    const record: RecordOf<LogstoreChange> = (change, bytes) =>
      this.#record?.({ ...change, project, logstore: name }, bytes);
    const logstore = new Logstore({
      name,
      shardCount,
      createdMs,
      retentionMs,
      record,
      groupOptions: { dialect: this.dialect, random: this.#clock.random },
    });
    logstores.set(name, logstore);
    this.#record?.({ do: 'logstore', project, logstore: name, shards: shardCount, createdMs, retentionMs });
    return logstore;
  }

  logstores(project: string): Logstore[] {
    return [...this.#project(project).values()];
  }

  /** The logstore, with retention applied. @throws ApiError ProjectNotExist, LogStoreNotExist */
  logstore(project: string, name: string): Logstore {
    const logstore = this.logstoreWithoutRetention(project, name);
    logstore.applyRetention(this.now());
    return logstore;
  }

  /** The logstore, without applying retention. @throws ApiError ProjectNotExist, LogStoreNotExist */
  logstoreWithoutRetention(project: string, name: string): Logstore {
    const logstore = this.#project(project).get(name);
    if (!logstore) throw logstoreNotExist(name);
    return logstore;
  }

  #project(project: string): Map<string, Logstore> {
    const logstores = this.#projects.get(project);
    if (!logstores) throw projectNotExist(project);
    return logstores;
  }
}

export function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
