/**
 * The log service of a world: the emulator's own state machine and handlers, on virtual time, without its sockets. What
 * is asked of it, and what it answers, is told to whoever watches.
 */
import { createHash } from 'node:crypto';
import type { AccessKey } from '../../../src/emulator/auth/authenticate.ts';
import type { SignedRequest } from '../../../src/emulator/auth/signed-request.ts';
import { parseQuery } from '../../../src/emulator/auth/signed-request.ts';
import { createLogGroupWriter } from '../../../src/emulator/generate/log-group-writer.ts';
import type { ApiAnswer } from '../../../src/emulator/handlers/handler.ts';
import type { GroupModel } from '../../../src/emulator/model/group-model.ts';
import type { Logstore } from '../../../src/emulator/model/logstore.ts';
import { createPullCache } from '../../../src/emulator/model/pull-cache.ts';
import { Store } from '../../../src/emulator/model/store.ts';
import { ApiError } from '../../../src/emulator/protocol/api-error.ts';
import type { Dialect } from '../../../src/emulator/protocol/dialect.ts';
import type { Action, Route } from '../../../src/emulator/protocol/routes.ts';
import { createService, type Service } from '../../../src/emulator/service.ts';
import type { LoadPlan } from '../scenario/scenario.ts';

export interface ServiceEvents {
  requested(request: { daemon: string; action: Action; shard: number | undefined }): void;
  /** @param pull.bytes of the body, as it is sent and unpacked */
  pulled(pull: {
    daemon: string;
    consumer: string;
    shard: number;
    from: number;
    to: number;
    groups: number;
    bytes: number;
  }): void;
  saved(checkpoint: {
    shard: number;
    cursor: string;
    sequence: number | undefined;
    /** Of the oldest log that the shard has left. */
    first: number;
    /** Of the log that comes next. */
    next: number;
    consumer: string;
    forced: boolean;
    /** There was no checkpoint before. */
    isFirst: boolean;
    /** Who sent it has closed the connection since: it has arrived late. */
    isRecalled: boolean;
    sentMs: number;
    byHand: boolean;
  }): void;
  beaten(beat: {
    daemon: string;
    consumer: string;
    listed: readonly number[];
    granted: readonly number[];
    sentMs: number;
  }): void;
}

export interface SimulatedServiceOptions {
  readonly now: () => number;
  readonly random: () => number;
  readonly dialect: Partial<Dialect>;
  readonly load: LoadPlan;
  readonly events: ServiceEvents;
}

export const projectName = 'demo';
export const logstoreName = 'logs';
export const groupName = 'siem';

/** How a request has come. */
export interface Way {
  /** On the world's clock. */
  readonly sentMs: number;
  /** Whoever sent it has closed the connection since. */
  readonly isRecalled: boolean;
}

export interface Carried {
  readonly answer: ApiAnswer;
  readonly action: Action | undefined;
  readonly shard: number | undefined;
}

const pullsASecond = 100;
/** Larger than a message may be (daemon.ts), where there are large logs. */
const largeFiller = 'y'.repeat(3_000);

export class SimulatedService {
  readonly logstore: Logstore;
  readonly #options: SimulatedServiceOptions;
  readonly #store: Store;
  readonly #service: Service;
  readonly #writer = createLogGroupWriter();
  readonly #filler: string;
  readonly #pulls = new Map<number, { second: number; count: number }>();
  #credentials: readonly AccessKey[];
  #keys = 0;

  constructor(options: SimulatedServiceOptions) {
    const { now, random, dialect, load } = options;
    this.#options = options;
    this.#store = new Store({ now, random }, undefined, dialect);
    this.#store.createProject(projectName);
    this.logstore = this.#store.createLogstore(projectName, logstoreName, load.shards, undefined);
    this.#filler = 'x'.repeat(load.logBytes);
    this.#credentials = [this.#newKey()];
    this.#service = createService({
      store: this.#store,
      // Every shard is read once, by one daemon at a time: nothing to keep.
      cache: createPullCache(1 << 20),
      region: undefined,
      credentials: () => this.#credentials,
    });
  }

  /** What whoever asks for a key is given at present. */
  get credentials(): AccessKey {
    return this.#credentials[0] as AccessKey;
  }

  get group(): GroupModel | undefined {
    return this.logstore.consumerGroups().find(({ name }) => name === groupName);
  }

  /** The keys that were given out are refused from now on. */
  rotateKeys(): void {
    this.#credentials = [this.#newKey()];
  }

  /** @returns how many logs the shard ever had: the sequence number of the next */
  append(shardId: number, logs: number): void {
    const shard = this.logstore.shard(shardId);
    const { load, now } = this.#options;
    for (let done = 0; done < logs; done += load.logsPerGroup) {
      const count = Math.min(load.logsPerGroup, logs - done);
      const timeS = Math.floor(now() / 1000);
      for (let i = 0; i < count; i++) {
        this.#writer.beginLog(timeS);
        this.#writer.field('s', String(shardId));
        this.#writer.field('n', String(shard.generatedLogs + i));
        const sequence = shard.generatedLogs + i;
        const isLarge = load.largeEvery !== undefined && sequence % load.largeEvery === 0;
        this.#writer.field('m', isLarge ? largeFiller : this.#filler);
        this.#writer.endLog();
      }
      shard.append(this.#writer.finish({ topic: 'sim', source: '192.0.2.1' }), count, now(), 'generated');
    }
  }

  /** Of each shard: the sequence numbers of the oldest log that is left, and of the one that comes next. */
  get shards(): readonly {
    readonly id: number;
    readonly first: number;
    readonly next: number;
    readonly isOpen: boolean;
  }[] {
    return this.logstore.shards().map((shard) => ({
      id: shard.id,
      first: shard.sequenceAt(shard.beginIndex),
      next: shard.generatedLogs,
      isOpen: shard.status === 'readwrite',
    }));
  }

  /** An operator sets it, whoever owns the shard. */
  setCheckpoint(shard: number, cursor: string): void {
    const group = this.group;
    if (!group) return;
    group.saveCheckpoint(shard, cursor, undefined, true, this.#options.now());
    this.#saved(shard, cursor, {
      consumer: 'by hand',
      forced: true,
      isFirst: false,
      isRecalled: false,
      sentMs: this.#options.now(),
      byHand: true,
    });
  }

  /** @returns undefined where nothing is saved, or it is no cursor of the shard */
  checkpointOf(shard: number): number | undefined {
    const cursor = this.group?.checkpoint(shard).cursor;
    return cursor ? this.#sequence(shard, cursor) : undefined;
  }

  /** A request that the way has eaten, or answered: it was sent all the same. */
  missed(daemon: string, action: Action, shard: number | undefined): void {
    this.#options.events.requested({ daemon, action, shard });
  }

  /** Carries a request out. @param daemon who has sent it */
  carryOut(
    request: SignedRequest,
    daemon: string,
    way: Way = { sentMs: this.#options.now(), isRecalled: false },
  ): Carried {
    let route: Route | undefined;
    let shard: number | undefined;
    try {
      route = this.#service.route(request);
      shard = route.shard === '' ? undefined : Number(route.shard);
      this.#options.events.requested({ daemon, action: route.action, shard });
      if (route.action === 'PullLogs' && shard !== undefined) this.#checkQuota(shard);
      const isFirst = route.action === 'UpdateCheckPoint' && !this.#hasCheckpoint(request);
      const answer = this.#service.handle(request, route);
      this.#tell(route, request, answer, daemon, { ...way, isFirst });
      return { answer, action: route.action, shard };
    } catch (thrown) {
      return { answer: this.#service.errorAnswer(thrown), action: route?.action, shard };
    }
  }

  #checkQuota(shard: number): void {
    const second = Math.floor(this.#options.now() / 1000);
    const entry = this.#pulls.get(shard);
    if (entry?.second !== second) this.#pulls.set(shard, { second, count: 1 });
    else if (++entry.count > pullsASecond) {
      throw new ApiError(
        403,
        'ShardReadQuotaExceed',
        `shard ${shard} is read more than ${pullsASecond} times a second`,
      );
    }
  }

  #hasCheckpoint({ body }: SignedRequest): boolean {
    const { shard } = JSON.parse(Buffer.from(body).toString()) as { shard: number };
    return (this.group?.checkpoint(shard).cursor ?? '') !== '';
  }

  /** @param isFirst the request has saved a checkpoint, and there was none */
  #tell(
    route: Route,
    request: SignedRequest,
    { headers, body }: ApiAnswer,
    daemon: string,
    { isFirst, isRecalled, sentMs }: Way & { readonly isFirst: boolean },
  ): void {
    const { events } = this.#options;
    const query = {
      get: (name: string) => parseQuery(request.rawQuery, 'space').find(({ key }) => key === name)?.value,
    };
    switch (route.action) {
      case 'PullLogs': {
        const shard = Number(route.shard);
        const from = this.#sequence(shard, query.get('cursor') ?? '');
        const to = this.#sequence(shard, headers['x-log-cursor'] ?? '');
        if (from === undefined || to === undefined) return;
        events.pulled({
          daemon,
          consumer: consumerIn(request),
          shard,
          from,
          to,
          groups: Number(headers['x-log-count']),
          bytes: body.length + Number(headers['x-log-bodyrawsize']),
        });
        return;
      }
      case 'HeartBeat': {
        const listed = JSON.parse(Buffer.from(request.body).toString()) as number[];
        const granted = JSON.parse(Buffer.from(body).toString()) as number[];
        events.beaten({ daemon, consumer: query.get('consumer') ?? '', listed, granted, sentMs });
        return;
      }
      case 'UpdateCheckPoint': {
        const { shard, checkpoint } = JSON.parse(Buffer.from(request.body).toString()) as {
          shard: number;
          checkpoint: string;
        };
        const forced = query.get('forceSuccess') === 'true';
        const consumer = query.get('consumer') ?? '';
        this.#saved(shard, checkpoint, { consumer, forced, isFirst, isRecalled, sentMs, byHand: false });
        return;
      }
      default:
    }
  }

  #saved(
    shard: number,
    cursor: string,
    how: Pick<
      Parameters<ServiceEvents['saved']>[0],
      'consumer' | 'forced' | 'isFirst' | 'isRecalled' | 'sentMs' | 'byHand'
    >,
  ): void {
    const sequence = this.#sequence(shard, cursor);
    const log = this.logstore.shard(shard);
    const first = log.sequenceAt(log.beginIndex);
    this.#options.events.saved({ shard, cursor, sequence, first, next: log.generatedLogs, ...how });
  }

  #sequence(shard: number, cursor: string): number | undefined {
    try {
      const log = this.logstore.shard(shard);
      return log.sequenceAt(log.indexOfPossiblyExpired(cursor));
    } catch {
      return undefined;
    }
  }

  #newKey(): AccessKey {
    const text = createHash('sha256')
      .update(`key ${this.#keys++}`)
      .digest('hex');
    return { accessKeyId: `id-${text.slice(0, 12)}`, accessKeySecret: `secret-${text.slice(12, 44)}` };
  }
}

/** Of a log's bytes: the content `n`, as `append` has written it. */
export function sequenceIn(log: Buffer): number | undefined {
  const at = log.indexOf(sequenceContent);
  if (at < 0) return undefined;
  const begin = at + sequenceContent.length + 1;
  return Number(log.toString('latin1', begin, begin + (log[begin - 1] as number)));
}

/** Key `n`, and the tag of the value behind it. */
const sequenceContent = Buffer.from([0x0a, 0x01, 0x6e, 0x12]);

/** Every request says it in its user agent. */
function consumerIn({ headers }: SignedRequest): string {
  return /consumer ([^)]*)\)/.exec(headers['user-agent'] ?? '')?.[1] ?? '';
}
