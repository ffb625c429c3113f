/** A daemon's way to the service, and nothing else of a world: requests made by hand, signed and read as ours are. */
import type { Dialect } from '../../../src/emulator/protocol/dialect.ts';
import { Exchange, type ServiceAnswer } from '../../../src/sls/exchange.ts';
import { signV1 } from '../../../src/sls/signing/sign-v1.ts';
import type { HttpConnections } from '../../../src/sls/transport.ts';
import { Chance } from '../chance.ts';
import { SimulatedProcess } from '../process.ts';
import { Scheduler } from '../scheduler.ts';
import { SimulatedHttp } from './http.ts';
import { HttpFaults } from './http-faults.ts';
import { groupName, logstoreName, SimulatedService } from './service.ts';

export interface Asked {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly sent?: unknown;
}

export interface LabOptions {
  readonly seed?: string;
  readonly dialect?: Partial<Dialect>;
  readonly connections?: number;
  readonly jitterMs?: number;
  readonly timeoutMs?: number;
}

const startMs = Date.UTC(2026, 0, 1);

export class Lab {
  readonly scheduler = new Scheduler(startMs);
  readonly service: SimulatedService;
  readonly faults: HttpFaults;
  readonly http: SimulatedHttp;
  readonly process: SimulatedProcess;
  readonly connections: HttpConnections;
  /** All that happened, a line each, with its time. */
  readonly told: string[] = [];
  readonly #timeoutMs: number;

  constructor({ seed = 'lab', dialect = {}, connections = 4, jitterMs = 0, timeoutMs = 5_000 }: LabOptions = {}) {
    const chance = new Chance(seed);
    const { scheduler } = this;
    this.#timeoutMs = timeoutMs;
    this.service = new SimulatedService({
      now: () => Math.floor(scheduler.nowMs),
      random: chance.fork('service').next,
      dialect,
      load: { shards: 2, backlogLogs: 0, logsPerSecond: 0, logsPerGroup: 5, logBytes: 40 },
      events: {
        requested: ({ daemon, action }) => this.#tell(`${daemon} ${action}`),
        pulled: ({ consumer, shard, from, to }) => this.#tell(`${consumer} pulled ${shard}: ${from} to ${to}`),
        saved: ({ consumer, shard, sequence, forced }) =>
          this.#tell(`${consumer} saved ${shard}: ${sequence}${forced ? ', forced' : ''}`),
        beaten: ({ consumer, listed, granted }) => this.#tell(`${consumer} lists [${listed}], is granted [${granted}]`),
      },
    });
    this.service.logstore.createConsumerGroup(groupName, { timeoutMs: 60_000, inOrder: true });
    this.faults = new HttpFaults(chance.fork('faults').next, (kind) => this.#tell(`fault ${kind}`));
    this.http = new SimulatedHttp({
      scheduler,
      service: this.service,
      faults: this.faults,
      link: { delayMs: 10, jitterMs },
      random: chance.fork('http').next,
      note: (daemon, what) => this.#tell(`${daemon}: ${what}`),
    });
    this.process = new SimulatedProcess(scheduler, {
      name: 'd1',
      offsetMs: 0,
      rate: 1,
      random: chance.fork('d1').next,
    });
    this.connections = this.http.openFor(this.process)('http://demo.localhost', connections);
  }

  get elapsedMs(): number {
    return this.scheduler.nowMs - startMs;
  }

  pull(shard: number, cursor = this.service.logstore.shard(shard).cursorAt(0)): Asked {
    const path = `/logstores/${logstoreName}/shards/${shard}`;
    return { method: 'GET', path, query: { type: 'logs', cursor, count: '100' } };
  }

  beat(consumer: string, sent: readonly number[]): Asked {
    return { method: 'POST', path: groupPath, query: { type: 'heartbeat', consumer }, sent };
  }

  save(consumer: string, shard: number, checkpoint: string): Asked {
    const query = { type: 'checkpoint', consumer, forceSuccess: 'false' };
    return { method: 'POST', path: groupPath, query, sent: { shard, checkpoint } };
  }

  /** Hands a request to the pool; what it takes comes only while time goes on (`run`). */
  ask(
    asked: Asked,
    { signal = new AbortController().signal, credentials = this.service.credentials } = {},
  ): Promise<ServiceAnswer> {
    const { method, path, query, sent } = asked;
    const body = sent === undefined ? undefined : Buffer.from(JSON.stringify(sent));
    const plain = {
      host: 'demo.localhost',
      accept: 'application/x-protobuf',
      'accept-encoding': 'lz4',
      'user-agent': 'sls-syslog (group siem; consumer c1)',
      'x-log-apiversion': '0.6.0',
      'x-log-bodyrawsize': String(body?.length ?? 0),
      ...(body && { 'content-type': 'application/json' }),
    };
    const headers = signV1({ method, path, query, headers: plain, body }, credentials, this.process.clock.now());
    const promise = new Promise<ServiceAnswer>((resolve, reject) => {
      const exchange = new Exchange({
        signal,
        timeoutMs: this.#timeoutMs,
        clock: this.process.clock,
        memory: undefined,
        limit: () => ({ maxBytes: 1 << 20, cut: false }),
        resolve,
        reject,
      });
      const target = `${path}?${new URLSearchParams(query)}`;
      this.connections.dispatch({ method, path: target, headers, body: body ?? null }, exchange);
    });
    // Whoever asks looks at it after time has gone on.
    promise.catch(() => undefined);
    return promise;
  }

  async run(forMs = 20_000): Promise<void> {
    await this.scheduler.run(this.scheduler.nowMs + forMs, () => undefined);
  }

  /** Asks, and lets time go on. */
  async askAndRun(asked: Asked): Promise<ServiceAnswer> {
    const answer = this.ask(asked);
    await this.run();
    return answer;
  }

  #tell(what: string): void {
    this.told.push(`${this.elapsedMs.toFixed(3)} ${what}`);
  }
}

const groupPath = `/logstores/${logstoreName}/consumergroups/${groupName}`;
