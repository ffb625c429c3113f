/**
 * A fault run: numbered logs go through the real daemon, a process of its own, to a receiver that something happens
 * to. What arrives and what is checkpointed is held against the promise (invariant.ts) ten times a second.
 */
import { type Clock, systemClock } from '../../../src/core/time/clock.ts';
import {
  createEmulator,
  DEMO_CREDENTIALS,
  type Emulator,
  type EmulatorControls,
  type EmulatorStats,
} from '../../../src/emulator/emulator.ts';
import type { Arrivals } from '../receivers/arrivals.ts';
import type { CliHandle } from '../virtual/virtual-cli.ts';
import { waitUntil } from '../wait-until.ts';
import { type CliProcess, startCli } from './cli.ts';
import { type Checkpoints, type Findings, Invariant, type InvariantOptions } from './invariant.ts';

export interface FaultRun<Cli extends CliHandle = CliProcess, Service extends EmulatorControls = Emulator> {
  /** @throws Error when the log service is a process of its own */
  readonly emulator: Service;
  readonly invariant: Invariant;
  /** The one that was started last. */
  readonly daemon: Cli;
  /** Starts another, or the same again. */
  start(consumerName: string): Cli;
  /** Until so many more logs have arrived for the first time. */
  moreArrived(logs: number, timeoutMs?: number): Promise<void>;
  /** Generates no more, waits until everything generated is checkpointed, and looks a last time. */
  settle(timeoutMs?: number): Promise<Findings & { readonly generated: number }>;
  close(): Promise<void>;
}

/** An emulator that is a process of its own, and may be away. */
export interface LogServiceProcess {
  readonly endpoint: string;
  /** Undefined: there is no answer. */
  stats(): Promise<EmulatorStats | undefined>;
  setRate(logsPerSecond: number): Promise<void>;
  close(): Promise<void>;
}

export interface FaultRunOptions extends InvariantOptions {
  readonly logsPerSecond?: number;
  readonly shards?: number;
  readonly arrivals: Arrivals;
  /** Default: an emulator in this process. Without an answer it is known to nobody what is checkpointed. */
  readonly service?: LogServiceProcess;
  /** Default: one, `a`. */
  readonly consumerNames?: readonly string[];
  /** After the suite's own, and so stronger. */
  readonly args: readonly string[];
}

/** Short, so that much can happen in little time. The group's timeout is three heartbeats. */
export const groupTimeoutMs = 3_000;
const quick = [
  ...['--confirm-interval', '300ms', '--confirm-timeout', '2s'],
  ...['--checkpoint-interval', '200ms', '--heartbeat-interval', '1s', '--fetch-interval', '50ms'],
];
/** For real programs, where nothing may be sent twice but what the test makes so: a machine may have others to serve. */
export const patient = ['--confirm-timeout', '20s', '--heartbeat-interval', '4s'];
const lookIntervalMs = 100;

/** The text by which a daemon reports a second process under its name. */
export const namesakeText = 'another process uses the consumer name';

/** Whatever happened, no two of these daemons had one name at a time. */
function expectNoNamesake(daemon: CliHandle): void {
  const report = daemon.logged().find(({ msg }) => String(msg).includes(namesakeText));
  if (report) throw new Error(`a false alarm: ${JSON.stringify(report)}`);
}

/** Where a run takes place: what time it is there, how a daemon is started, and the log service. */
export interface FaultRunPlace<Cli extends CliHandle, Service extends EmulatorControls> {
  readonly clock: Clock;
  startCli(args: readonly string[], env: Readonly<Record<string, string>>): Cli;
  readonly emulator: Service | undefined;
  readonly service: LogServiceProcess;
}

export async function startFaultRun(options: FaultRunOptions): Promise<FaultRun> {
  const emulator = options.service ? undefined : createEmulator({ shards: options.shards ?? 4 });
  const { endpoint = '' } = (await emulator?.start()) ?? {};
  const service = options.service ?? serviceOf(emulator!, endpoint, () => emulator!.close());
  return startFaultRunAt({ clock: systemClock, startCli, emulator, service }, options);
}

export async function startFaultRunAt<Cli extends CliHandle, Service extends EmulatorControls>(
  { clock, startCli, emulator, service }: FaultRunPlace<Cli, Service>,
  options: Omit<FaultRunOptions, 'service' | 'shards'>,
): Promise<FaultRun<Cli, Service>> {
  const { logsPerSecond = 1_500, arrivals, consumerNames = ['a'], args } = options;
  const { endpoint } = service;
  await service.setRate(logsPerSecond);
  let stats = await service.stats();
  const invariant = new Invariant(options);
  const daemons = new Set<Cli>();
  let latest: Cli | undefined;

  const start = (consumerName: string): Cli => {
    const named = ['run', '--log-format', 'json', '--consumer-name', consumerName];
    const order = options.allowsMixing ? [] : ['--strict-order'];
    const daemon = startCli([...named, ...quick, ...order, ...args], {
      SLS_ENDPOINT: endpoint,
      SLS_PROJECT: 'demo',
      SLS_LOGSTORE: 'logs',
      SLS_CG: 'faults',
      SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
      SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
    });
    daemons.add(daemon);
    latest = daemon;
    return daemon;
  };
  const checkpoints = async (): Promise<Checkpoints> => {
    stats = (await service.stats()) ?? stats;
    return new Map(stats?.logstores[0]?.consumerGroups[0]?.checkpoints.map(({ shard, sequence }) => [shard, sequence]));
  };
  const look = async () => {
    const saved = await checkpoints(); // first: the receiver can only have more by the time it is asked
    invariant.observe(await arrivals.next(), saved);
  };
  const stop = new AbortController();
  const looking = (async () => {
    while (!stop.signal.aborted) {
      await look();
      await clock.sleep(lookIntervalMs, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  looking.catch(() => undefined); // shown by settle and close

  const generated = () => new Map(stats?.logstores[0]?.shards.map((each) => [each.shard, each.logsGenerated]));
  for (const name of consumerNames) start(name);
  return {
    get emulator() {
      if (!emulator) throw new Error('the log service is a process of its own');
      return emulator;
    },
    invariant,
    get daemon() {
      if (!latest) throw new Error('no daemon was started');
      return latest;
    },
    start,
    moreArrived: (logs, timeoutMs = 120_000) => {
      const wanted = invariant.findings.received + logs;
      return waitUntil(
        () => {
          const { received } = invariant.findings;
          if (received < wanted) throw new Error(`${received} of ${wanted} logs have arrived`);
        },
        { timeoutMs, clock },
      );
    },
    settle: async (timeoutMs = 180_000) => {
      await service.setRate(0);
      await waitUntil(
        async () => {
          const saved = await checkpoints();
          for (const [shard, end] of generated()) {
            const next = saved.get(shard) ?? 0;
            if (next !== end) throw new Error(`shard ${shard} is checkpointed up to ${next} of ${end}`);
          }
        },
        { timeoutMs, clock },
      );
      stop.abort();
      await looking;
      await look();
      for (const daemon of daemons) expectNoNamesake(daemon);
      return { ...invariant.findings, generated: stats?.logsGenerated ?? 0 };
    },
    close: async () => {
      await Promise.all([...daemons].map((daemon) => daemon.stop('SIGKILL')));
      stop.abort();
      await service.close();
      await looking;
    },
  };
}

export function serviceOf(
  emulator: EmulatorControls,
  endpoint: string,
  close: () => Promise<void> = () => Promise.resolve(),
): LogServiceProcess {
  return {
    endpoint,
    stats: async () => emulator.stats(),
    setRate: async (logsPerSecond) => emulator.setRate({ logsPerSecond }),
    close,
  };
}
