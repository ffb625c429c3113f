/**
 * Two processes of one group against one. On a machine with a core for each process it is their throughput; with
 * fewer, the processors are what they share. So each process is held to a share of a core (stopped and continued by
 * turns), which leaves enough for the service and the receiver: what is then between one and two processes is only
 * what they share of the service's group and the receiver.
 */
import type { ChildProcess } from 'node:child_process';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ratioOfPairs } from '../harness/pairs.ts';
import { Plant } from '../harness/plant.ts';
import { cpuSeconds, stop } from '../harness/processes.ts';
import type { Measured, Row, RunOptions } from '../harness/row.ts';
import { measureSteady, waitForBytes } from '../harness/steady.ts';

/** One for each of the daemons, the service, the receiver. */
const CORES_NEEDED = 4;
const PERIOD_MS = 40;
const SHARE = 0.2;

export const processesRows: readonly Row[] = [
  {
    what: '2 processes ÷ 1 process, throughput',
    target: { atLeast: 1.8 },
    unit: '',
    digits: 2,
    measure,
  },
];

async function measure(options: RunOptions): Promise<Measured> {
  const isShared = !options.quick && cpus().length < CORES_NEEDED;
  const plant = await Plant.start({ profile: 'access', shards: 8, quick: options.quick });
  const full: { one?: Run; two?: Run } = {};
  try {
    const throughput = async (count: number, held: boolean): Promise<number> => {
      const run = await runProcesses(plant, count, held, options);
      if (!held) full[count === 1 ? 'one' : 'two'] = run;
      return run.rawMBPerSecond;
    };
    const measured = await ratioOfPairs(
      options.quick ? 1 : 5,
      () => throughput(2, isShared),
      () => throughput(1, isShared),
    );
    if (isShared) {
      await throughput(1, false);
      await throughput(2, false);
    }
    const held = `${cpus().length} cores for 4 processes, so each daemon is held to ${SHARE * 100} % of one; `;
    const note = `${isShared ? held : ''}at full speed: 1 process ${describe(full.one)}; 2 processes ${describe(full.two)}`;
    return {
      ...measured,
      note,
      figures: { ...measured.figures, unit: 'MB/s of raw logs', atFullSpeed: full },
    };
  } finally {
    await plant.close();
  }
}

interface Run {
  readonly rawMBPerSecond: number;
  readonly cpuSecondsPerGB: number;
  /** Of the daemons together, of the service, of the receiver: 1 is a whole core. */
  readonly coreShares: { readonly daemons: number; readonly service: number; readonly receiver: number };
  /** Of all cores together, whoever used them: 1 is a whole core. */
  readonly coresIdle: number;
}

function describe(run: Run | undefined): string {
  if (!run) return 'not measured';
  const { daemons, service, receiver } = run.coreShares;
  const shares = [`daemons ${daemons.toFixed(2)}`, `service ${service.toFixed(2)}`, `receiver ${receiver.toFixed(2)}`];
  const ours = daemons + service + receiver;
  // What else runs on the machine, this process included.
  const others = Math.max(0, cpus().length - ours - run.coresIdle);
  const rest = `others ${others.toFixed(2)}, idle ${run.coresIdle.toFixed(2)}`;
  return `${run.rawMBPerSecond.toFixed(0)} MB/s with ${shares.join(' + ')} = ${ours.toFixed(2)} cores, ${rest}`;
}

/** Seconds that all cores together have had nothing to do, since the machine's start. */
function idleSeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.idle / 1000, 0);
}

let groups = 0;

async function runProcesses(plant: Plant, count: number, held: boolean, { quick }: RunOptions): Promise<Run> {
  const group = `processes-${groups++}`;
  // The shards are shared out when the first one has heard, by a heartbeat, that there is a second.
  const args = ['--heartbeat-interval', '1s'];
  const daemons = Array.from({ length: count }, () => plant.startDaemon({ group, args }));
  const release: (() => void)[] = [];
  try {
    await waitForBytes(plant, daemons, (await plant.served()).rawBytes + 0.1e9);
    await sleep(quick ? 1_000 : 4_000);
    if (held) release.push(...daemons.map((daemon, at) => hold(daemon, (at * PERIOD_MS) / count)));
    const others = { service: cpuSeconds(plant.service), receiver: cpuSeconds(plant.receiver) };
    const idleBefore = idleSeconds();
    const startMs = performance.now();
    const steady = await measureSteady(plant, daemons, {
      warmUpBytes: 0.05e9,
      measuredBytes: (quick ? 0.1e9 : 0.4e9) * (held ? count : 4),
    });
    const seconds = (performance.now() - startMs) / 1000;
    return {
      rawMBPerSecond: steady.rawMBPerSecond,
      cpuSecondsPerGB: steady.cpuSecondsPerGB,
      coreShares: {
        daemons: steady.coreShare,
        service: (cpuSeconds(plant.service) - others.service) / seconds,
        receiver: (cpuSeconds(plant.receiver) - others.receiver) / seconds,
      },
      coresIdle: (idleSeconds() - idleBefore) / seconds,
    };
  } finally {
    for (const each of release) each();
    await Promise.all(daemons.map(stop));
  }
}

/** Lets the process run for its share of each period only. @returns ends that */
function hold(child: ChildProcess, phaseMs: number): () => void {
  let off: NodeJS.Timeout | undefined;
  let periods: NodeJS.Timeout | undefined;
  const period = () => {
    child.kill('SIGCONT');
    off = setTimeout(() => child.kill('SIGSTOP'), PERIOD_MS * SHARE);
  };
  const begin = setTimeout(() => {
    periods = setInterval(period, PERIOD_MS);
  }, phaseMs);
  child.kill('SIGSTOP');
  return () => {
    clearTimeout(begin);
    clearInterval(periods);
    clearTimeout(off);
    child.kill('SIGCONT');
  };
}
