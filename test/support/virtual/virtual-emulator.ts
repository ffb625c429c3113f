/** The embedded log service in virtual time: all of it but its sockets, which are the simulation's HTTP. */
import { createControls, type EmulatorControls } from '../../../src/emulator/controls.ts';
import { DEMO_CREDENTIALS } from '../../../src/emulator/emulator.ts';
import { createFaultSwitches, type FaultSwitches } from '../../../src/emulator/faults/faults.ts';
import { createPullCache } from '../../../src/emulator/model/pull-cache.ts';
import { Store } from '../../../src/emulator/model/store.ts';
import { createService } from '../../../src/emulator/service.ts';
import type { Machine } from '../../../src/pipeline/machine.ts';
import type { SimulatedProcess } from '../../simulation/process.ts';
import { type HttpService, SimulatedHttp } from '../../simulation/service/http.ts';
import { type HttpFaultKind, HttpFaults } from '../../simulation/service/http-faults.ts';
import type { Carried } from '../../simulation/service/service.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface VirtualEmulator extends EmulatorControls {
  /** Not listened on by anybody: what is asked there is asked through `openFor`. */
  readonly endpoint: string;
  /** It runs already. */
  start(): Promise<{ readonly endpoint: string }>;
  openFor(process: SimulatedProcess): NonNullable<Machine['openHttp']>;
}

const link = { delayMs: 0.2, jitterMs: 0.2 };

export function createVirtualEmulator(time: VirtualTime, { shards = 4 } = {}): VirtualEmulator {
  const { clock, scheduler } = time;
  let credentials = [DEMO_CREDENTIALS] as readonly (typeof DEMO_CREDENTIALS)[];
  const store = new Store(clock, undefined, undefined);
  const cache = createPullCache(64 << 20);
  const faults = createFaultSwitches(1);
  const controls = createControls({
    store,
    cache,
    faults,
    defaults: { project: 'demo', logstore: 'logs', profile: 'access' },
    seed: 1,
    clock,
    retentionMs: undefined,
    setCredentials: (replaced) => {
      credentials = replaced;
    },
  });
  controls.createLogstore('demo', 'logs', shards);
  const service = createService({ store, cache, region: undefined, credentials: () => credentials });

  const carryOut: HttpService['carryOut'] = (request): Carried => {
    try {
      const route = service.route(request);
      const answer = service.handle(request, route);
      return { answer, action: route.action, shard: route.shard === '' ? undefined : Number(route.shard) };
    } catch (thrown) {
      return { answer: service.errorAnswer(thrown), action: undefined, shard: undefined };
    }
  };
  const random = () => time.random();
  const http = new SimulatedHttp({
    scheduler,
    service: { carryOut, missed: () => undefined },
    faults: new SwitchedFaults(faults, random),
    link,
    random,
    note: () => undefined,
  });
  const endpoint = 'http://127.0.0.1:1';
  return {
    ...controls,
    endpoint,
    start: () => Promise.resolve({ endpoint }),
    openFor: (process) => http.openFor(process),
  };
}

/** The emulator's fault switches, as the simulated HTTP asks for faults. */
class SwitchedFaults extends HttpFaults {
  readonly #switches: FaultSwitches;
  /** Requests whose answers are to get lost. */
  readonly #lost: string[] = [];

  constructor(switches: FaultSwitches, random: () => number) {
    super(random, () => undefined);
    this.#switches = switches;
  }

  override get isEmpty(): boolean {
    const { rules, ...switches } = this.#switches.settings;
    return rules.length === 0 && !Object.values(switches).includes(true) && this.#lost.length === 0;
  }

  override next(...[stage, daemon, action, shard]: Parameters<HttpFaults['next']>): HttpFaultKind | undefined {
    const key = `${daemon} ${action} ${shard}`;
    if (stage === 'answer') {
      const at = this.#lost.indexOf(key);
      if (at < 0) return undefined;
      this.#lost.splice(at, 1);
      return { kind: 'lose-answer', silent: false };
    }
    const fault = action && this.#switches.next(action, stage);
    switch (fault?.kind) {
      case undefined:
        return undefined;
      case 'error':
        return { kind: 'refuse', status: fault.status, code: fault.code ?? 'InternalServerError' };
      case 'latency':
        return { kind: 'delay', ms: fault.delayMs };
      case 'lost-answer':
        this.#lost.push(key);
        return undefined;
      default:
        return fault;
    }
  }
}
