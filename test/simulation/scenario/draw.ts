/** Draws a scenario from a seed. */
import { Chance } from '../chance.ts';
import { type FaultKind, faultKinds } from '../faults/kinds.ts';
import { nodeReleases } from '../net/node/node-release.ts';
import type {
  DaemonPlan,
  FaultPlan,
  LoadPlan,
  OutletPlan,
  ReceiverPlan,
  Scenario,
  ServicePlan,
  Settings,
} from './scenario.ts';

/** What is drawn only where it is asked for by name: troubles that are known, and not mended yet (open-troubles.ts). */
export type Hazards = ReadonlySet<string>;

export const noHazards: Hazards = new Set();

/** The first of them comes after a moment of peace, and all are over after about so long. */
const firstFaultMs = 4_000;
const faultsUntilMs = 60_000;
const calmMs = 15_000;

export function drawScenario(seed: string, hazards: Hazards): Scenario {
  const chance = new Chance(seed);
  const load = drawLoad(chance.fork('load'));
  const service = drawService(chance.fork('service'), load);
  const settings = drawSettings(chance.fork('settings'), load);
  const daemons = drawDaemons(chance.fork('daemons'), load.shards);
  const given = { daemons: daemons.length, load, isNarrow: service.bytesPerSecond !== undefined };
  const outlets = drawOutlets(chance.fork('outlets'), given);
  const faults = drawFaults(chance.fork('faults'), hazards, { daemons, outlets, load, service });
  return {
    seed,
    daemons,
    outlets,
    settings,
    load,
    service,
    faults,
    faultsUntilMs: Math.max(firstFaultMs, ...faults.map(({ atMs, forMs }) => atMs + forMs)),
    calmMs,
    handsOverInCalm: chance.fork('calm').is(0.5) && canHandOver({ settings, outlets, service }),
  };
}

/** Within the drain's time everybody reads what there is, and answers. */
function canHandOver({ settings, outlets, service }: Pick<Scenario, 'settings' | 'outlets' | 'service'>): boolean {
  const receivers = outlets.flatMap((outlet) => outlet.receivers);
  const isSlow = receivers.some(({ readPauseMs, lossRate }) => readPauseMs > 0 || lossRate > 0);
  // A pull that is under way, and the save.
  const requestsMs = 2 * 2 * (service.delayMs + service.jitterMs);
  const longestMs = Math.max(...receivers.map(handOverMs)) + requestsMs;
  const { drainTimeoutMs, maxMessagesPerSecond } = settings;
  return (
    drainTimeoutMs >= 3_000 &&
    longestMs <= shardsShare * drainTimeoutMs &&
    maxMessagesPerSecond === undefined &&
    !isSlow
  );
}

/** Of a drain's time, what the shards have (src/pipeline/flow/feed.ts). */
const shardsShare = 0.8;

/** At the longest: the last connection but one has just been ended, and the last is ended when that is answered, and another is up. */
function handOverMs({ protocol, delayMs, closeDelayMs }: ReceiverPlan): number {
  if (protocol === 'udp') return 0;
  // Looks at how the kernel has ended it, 20 ms apart, too.
  const answerMs = 2 * delayMs + closeDelayMs + 50;
  // Three ways there and back; it is watched for twice that time, or 50 ms.
  const connectMs = (protocol === 'tls' ? 3 : 1) * 2 * delayMs;
  return 2 * answerMs + connectMs + Math.max(50, 2 * connectMs);
}

/** Pulls a second, over all shards, that a world is to have about: each costs a few hundred microseconds. */
const pullsASecond = 2;
/** Of each shard, at most. */
const groupsASecond = 1;

function drawSettings(chance: Chance, { shards }: LoadPlan): Settings {
  const heartbeatIntervalMs = chance.pick([2_000, 3_000, 4_000, 5_000]);
  const timeoutMs = Math.ceil((3 * heartbeatIntervalMs) / 1000) * 1000;
  return {
    heartbeatIntervalMs,
    timeoutMs,
    fetchIntervalMs: Math.max(200, (chance.pick([1, 1, 2, 4]) * shards * 1_000) / pullsASecond),
    checkpointIntervalMs: chance.pick([1_000, 3_000, 5_000]),
    maxInFlightBytes: chance.pick([256 << 10, 1 << 20, 8 << 20, 32 << 20]),
    drainTimeoutMs: Math.floor(timeoutMs * chance.between(0.4, 0.8)),
    confirm: chance.is(0.8) ? 'auto' : 'on',
    confirmIntervalMs: chance.pick([1_000, 2_000, 4_000, 6_000]),
    confirmTimeoutMs: chance.pick([2_000, 4_000, 8_000]),
    // The least of them: connections end right behind what they have carried.
    confirmBytes: chance.pick([8 << 10, 128 << 10, 64 << 20, 64 << 20, 64 << 20]),
    strictOrder: chance.is(0.2),
    inOrder: chance.is(0.2),
    from: chance.is(0.7) ? 'begin' : 'end',
    failbackAfterMs: chance.pick([2_000, 6_000]),
    writeTimeoutMs: chance.pick([10_000, 30_000]),
    maxMessagesPerSecond: chance.is(0.1) ? 2_000 : undefined,
    dnsRefreshMs: chance.pick([2_000, 10_000, 30_000]),
  };
}

function drawLoad(chance: Chance): LoadPlan {
  // One shard that gets something all the time, and never much: each of its pulls counts.
  if (chance.fork('small groups').is(0.02))
    return { shards: 1, backlogLogs: 0, logsPerSecond: chance.between(100, 200), logsPerGroup: 1, logBytes: 40 };
  // One with a lot behind a narrow way.
  if (chance.fork('narrow way').is(0.03))
    return { shards: 1, backlogLogs: 2_000, logsPerSecond: 4, logsPerGroup: 5, logBytes: 700, isBehindNarrowWay: true };
  // Some messages are longer than a receiver takes, at times.
  const isLimited = chance.fork('limit').is(0.06);
  const shards = chance.int(1, 8);
  const logsPerSecond = Math.floor(chance.skewed(4, 200));
  return {
    shards,
    backlogLogs: chance.is(0.5) ? Math.floor(chance.skewed(50, 2_000)) : 0,
    logsPerSecond,
    // Not many groups a second: each is a pull.
    logsPerGroup: Math.max(chance.pick([1, 5, 20]), Math.ceil(logsPerSecond / shards / groupsASecond)),
    logBytes: chance.pick([40, 200, 700]),
    ...((chance.is(0.25) || isLimited) && { largeEvery: chance.int(5, 60) }),
    ...(isLimited && { largeIsSent: true }),
  };
}

function drawService(chance: Chance, load: LoadPlan): ServicePlan {
  const dialect: Record<string, unknown> = {};
  const maybe = (name: string, values: readonly unknown[]) => {
    if (chance.is(0.4)) dialect[name] = chance.pick(values);
  };
  maybe('errorBody', ['errorCode', 'code', 'error', 'Error']);
  maybe('consumerNotExist', ['ConsumerNotExist', 'ConsumerNotExsit']);
  maybe('shardNotExist', ['ShardNotExist', 'ShardNotExsit']);
  maybe('lostCheckpoint', ['ConsumerNotMatch', 'ConsumerNotExist']);
  maybe('endOfCursor', [true, false]);
  maybe('cursorTime', [true, false]);
  maybe('balance', ['least-moves', 'rehash', 'greedy']);
  maybe('grantOrder', ['ascending', 'descending', 'shuffled']);
  maybe('grantsABeat', ['all', 'one']);
  maybe('checksCursors', [true, false]);
  maybe('lateHeartbeatKeeps', [true, false]);
  maybe('readOnlySpelling', ['readonly', 'READONLY']);
  maybe('strictOwner', [true, false]);
  maybe('noCheckpoint', ['empty', 'null', 'absent']);
  maybe('noCheckpointTime', ['zero', 'absent']);
  maybe('groupSettings', ['missing', 'no-order', 'no-timeout']);
  return {
    dialect,
    delayMs: chance.skewed(0.3, 60),
    jitterMs: chance.skewed(0, 30),
    ...(load.shards === 1 && load.logsPerGroup === 1 && { delayMs: 3, jitterMs: 0.5 }),
    ...(load.isBehindNarrowWay && { bytesPerSecond: chance.between(180, 330) }),
  };
}

/** What a receiver has to bear. */
interface Given {
  readonly daemons: number;
  /** Batches come seldom, and are large then. */
  readonly isNarrow: boolean;
  readonly load: LoadPlan;
}

function drawOutlets(chance: Chance, given: Given): readonly OutletPlan[] {
  const count = chance.is(0.2) ? 2 : 1;
  return Array.from({ length: count }, (_, at): OutletPlan => {
    const own = chance.fork(at);
    const name = `outlet-${at + 1}`;
    const protocol = own.pick(['tcp', 'tcp', 'tcp', 'tls', 'tls', 'tls', 'udp'] as const);
    const framing = protocol === 'udp' ? 'datagram' : protocol === 'tcp' && own.is(0.2) ? 'lf' : 'octet-counting';
    const receivers = own.is(0.35) ? own.int(2, 3) : 1;
    return {
      name,
      strategy: own.pick(['failover', 'load-balance']),
      framing,
      receivers: Array.from({ length: receivers }, (_, which) =>
        drawReceiver(own.fork(which), name, protocol, which, given),
      ),
    };
  });
}

function drawReceiver(
  chance: Chance,
  outlet: string,
  protocol: ReceiverPlan['protocol'],
  which: number,
  { daemons, load, isNarrow }: Given,
): ReceiverPlan {
  // Slow, and yet quicker than logs come.
  const isSlow = chance.is(0.15) && !isNarrow;
  const bytesPerSecond = Math.max(30_000, load.logsPerSecond * (load.logBytes + 160)) * chance.between(3, 10);
  const sendsCloseNotify = protocol === 'tls' && chance.is(0.75);
  const readBytes = isSlow ? chance.pick([512, 4_096]) : 65_536;
  return {
    name: `${outlet}-receiver-${which + 1}`,
    outlet,
    protocol,
    sendsCloseNotify,
    // The promise holds behind one only over TLS that the receiver ends with a close_notify.
    isBehindProxy: sendsCloseNotify && chance.is(0.25),
    tlsVersion: chance.pick(['TLSv1.2', 'TLSv1.3']),
    tickets: chance.pick([0, 1, 2]),
    readBytes,
    readPauseMs: isSlow ? (readBytes * 1000) / bytesPerSecond : 0,
    closeDelayMs: chance.is(0.15) ? chance.between(500, 1_500) : chance.skewed(0, 200),
    // With more daemons than it takes, some would never get in.
    oneAtATime: daemons === 1 && chance.is(0.2),
    delayMs: chance.skewed(0.02, 60),
    lossRate: chance.is(0.1) ? chance.skewed(0, 0.02) : 0,
  };
}

function drawDaemons(chance: Chance, shards: number): readonly DaemonPlan[] {
  const count = chance.int(1, Math.min(5, shards + 2));
  const samples = ['kernel', 'kernel', 'reference'] as const;
  return Array.from({ length: count }, (_, at): DaemonPlan => {
    const own = chance.fork(at);
    return {
      name: `daemon-${at + 1}`,
      consumer: `siem-${at + 1}`,
      encoder: own.pick(samples),
      signVersion: own.pick(['v1', 'v4']),
      offsetMs: own.is(0.5) ? own.between(-60_000, 60_000) : 0,
      rate: own.is(0.3) ? own.between(0.9995, 1.0005) : 1,
      startsAtMs: own.is(0.7) ? own.between(0, 500) : own.between(0, 20_000),
      node: own.pick(nodeReleases),
    };
  });
}

/** The group is gone, and its checkpoints with it. */
const deletions = ['group-deleted', 'group-create-says-exists'];
/** Daemons end, and what they know with them. */
const ends = [
  'kill',
  'kill-renamed',
  'drain',
  'checkpoint-garbage',
  'checkpoint-set-back',
  'checkpoint-set-to-end',
  'receiver-hangs-in-drain',
  'receiver-speaks-tls',
  'receiver-resets-at-start',
  'receiver-stuck-at-start',
];
const rememberedWithinMs = 25_000;

function drawFaults(
  chance: Chance,
  hazards: Hazards,
  plan: Pick<Scenario, 'daemons' | 'outlets' | 'load' | 'service'>,
): readonly FaultPlan[] {
  const kinds = faultKinds.filter(
    ({ hazard, fits }) => (hazard === undefined || hazards.has(hazard)) && (fits?.(plan) ?? true),
  );
  const asked = kinds.filter(({ hazard }) => hazard !== undefined);
  const count = chance.int(1, 7);
  const faults = Array.from({ length: count }, (_, at) =>
    drawFault(chance.fork(at), weighted(chance.fork(`kind/${at}`), kinds)),
  );
  // What was asked for by name comes in every world.
  for (const [at, kind] of asked.entries()) faults.push(drawFault(chance.fork(`asked/${at}`), kind));
  // Where the group is gone, and nobody may make it again, a process that starts then has to end.
  const isDeleted = faults.some(({ kind }) => deletions.includes(kind));
  // Where all daemons are killed at once, nobody remembers the checkpoints of a group that was deleted.
  const isLeftOut = (kind: string) => isDeleted && ['creating-denied', 'receiver-never-up'].includes(kind);
  // Nor where they end before one of them has found the group gone, and saved what it knows.
  const deletedMs = faults.filter(({ kind }) => deletions.includes(kind)).map(({ atMs }) => atMs);
  const forgets = ({ kind, atMs }: FaultPlan) =>
    ends.includes(kind) && deletedMs.some((sinceMs) => atMs >= sinceMs && atMs < sinceMs + rememberedWithinMs);
  return faults.filter((fault) => !isLeftOut(fault.kind) && !forgets(fault)).sort((a, b) => a.atMs - b.atMs);
}

function drawFault(chance: Chance, kind: FaultKind): FaultPlan {
  const [shortest, longest] = kind.lastsMs;
  const forMs = longest === 0 ? 0 : chance.skewed(shortest, longest);
  const atMs = chance.between(firstFaultMs, Math.max(firstFaultMs + 1, faultsUntilMs - forMs));
  return {
    kind: kind.name,
    atMs: Math.round(atMs),
    forMs: Math.round(forMs),
    luck: [chance.next(), chance.next(), chance.next(), chance.next()],
  };
}

function weighted(chance: Chance, kinds: readonly FaultKind[]): FaultKind {
  const sum = kinds.reduce((total, { weight }) => total + weight, 0);
  let left = chance.next() * sum;
  for (const kind of kinds) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  return kinds.at(-1) as FaultKind;
}
