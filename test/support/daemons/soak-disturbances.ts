/** What happens in a soak run. Each begins something, and comes back when it is over, or may be ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../../src/emulator/emulator.ts';
import type { Choices } from '../arbitraries/seed.ts';
import type { Identity } from '../receivers/certificates.ts';
import {
  closesUnread,
  endsFirstAfter,
  ignores,
  type Manner,
  readsAt,
  resetsAfter,
  type ScriptedReceiver,
  stallsAfter,
} from '../receivers/scripted-receiver.ts';
import type { CliProcess } from './cli.ts';
import { type FaultRun, groupTimeoutMs } from './fault-run.ts';

export interface Disturbance {
  readonly name: string;
  readonly disturb: () => Promise<void>;
}

export interface Disturbed {
  readonly run: FaultRun;
  readonly receiver: ScriptedReceiver;
  /** By consumer name; who is restarted is replaced. */
  readonly daemons: Map<string, CliProcess>;
  /** Names of those that may be restarted. */
  readonly expendable: readonly string[];
  readonly choices: Choices;
  /** With TLS: the receiver's own certificate, renewed or again, and one that must be refused. */
  readonly certificates?: { renew(): Promise<Identity>; wrong(): Promise<Identity> } | undefined;
}

/** A split is never undone: the shards stay, closed. */
const maxSplits = 8;

export function createDisturbances(disturbed: Disturbed): Disturbance[] {
  return [
    ...ofReceiver(disturbed),
    ...ofCertificates(disturbed),
    ...ofDaemons(disturbed),
    ...ofAnswers(disturbed),
    ...ofGroup(disturbed),
  ];
}

function ofReceiver({ receiver, choices }: Disturbed): Disturbance[] {
  const manners: Record<string, () => Manner> = {
    'receiver: resets connections': () => resetsAfter(choices.between(0, 200_000)),
    'receiver: ends its side first': () => endsFirstAfter(choices.between(0, 200_000)),
    // Well before the client's own end: what it then holds was read, as far as TCP can tell.
    'receiver: closes unread': () => closesUnread(choices.between(0, 100)),
    'receiver: stops reading for a while': () => stallsAfter(choices.between(0, 50_000), choices.between(100, 3_000)),
    'receiver: reads slowly': () => readsAt(choices.between(20_000, 200_000)),
    'receiver: accepts and never reads': () => ignores,
  };
  const behaving = Object.entries(manners).map(([name, manner]) => ({
    name,
    disturb: async () => {
      receiver.behave(manner());
      await sleep(choices.between(500, 2_500));
    },
  }));
  return [
    ...behaving,
    {
      name: 'receiver: killed, and back at once',
      disturb: async () => {
        await receiver.refuse();
        await receiver.listen();
      },
    },
    {
      name: 'receiver: down for a while',
      disturb: async () => {
        await receiver.refuse();
        await sleep(choices.between(100, 2_000));
        await receiver.listen();
      },
    },
  ];
}

function ofCertificates({ receiver, certificates, choices }: Disturbed): Disturbance[] {
  if (!certificates) return [];
  const show = ({ cert, key }: Identity) => receiver.setCertificate({ cert, key });
  return [
    { name: 'receiver: a new certificate', disturb: async () => show(await certificates.renew()) },
    {
      name: 'receiver: the wrong certificate for a while',
      disturb: async () => {
        show(await certificates.wrong());
        receiver.resetAll();
        await sleep(choices.between(300, 2_000));
        show(await certificates.renew());
      },
    },
  ];
}

function ofDaemons({ run, daemons, expendable, choices }: Disturbed): Disturbance[] {
  let guests = 0;
  const end = async (signal: NodeJS.Signals) => {
    const name = choices.pick(expendable);
    await daemons.get(name)?.stop(signal);
    daemons.set(name, run.start(name));
  };
  return [
    { name: 'daemon: SIGKILL', disturb: () => end('SIGKILL') },
    { name: 'daemon: SIGTERM', disturb: () => end('SIGTERM') },
    {
      name: 'daemon: another joins, shards move to it, and it leaves',
      disturb: async () => {
        const name = `guest-${++guests}`;
        const guest = run.start(name);
        await guest.waitForLog('shards assigned', 60_000);
        await sleep(choices.between(500, 3_000));
        await guest.stop('SIGTERM');
      },
    },
    {
      name: 'daemon: stopped beyond the timeout',
      disturb: async () => {
        const daemon = daemons.get(choices.pick([...daemons.keys()]));
        daemon?.child.kill('SIGSTOP');
        await sleep(choices.between(groupTimeoutMs + 500, 2 * groupTimeoutMs));
        daemon?.child.kill('SIGCONT');
      },
    },
  ];
}

function ofAnswers({ run, choices }: Disturbed): Disturbance[] {
  const faults: readonly Fault[] = [
    { kind: 'error', status: 500 },
    { kind: 'error', status: 503, code: 'ServerBusy' },
    { kind: 'reset' },
    { kind: 'lost-answer' },
    { kind: 'latency', delayMs: 500 },
  ];
  const bodies: readonly Fault[] = [
    { kind: 'reset-in-body' },
    { kind: 'cut-body' },
    { kind: 'corrupt-body' },
    { kind: 'wrong-raw-size', byBytes: 1 },
    { kind: 'garbage-protobuf' },
  ];
  const name = (fault: Fault) => `service: ${fault.kind}${fault.kind === 'error' ? ` ${fault.status}` : ''}`;
  return [
    ...faults.map((fault) => ({
      name: name(fault),
      disturb: async () => {
        run.emulator.faults.set({ rules: [{ fault, probability: 0.5 }] });
        await sleep(choices.between(300, 2_000));
      },
    })),
    ...bodies.map((fault) => ({
      name: name(fault),
      // More of them in a row would, rightly, stop the shard.
      disturb: async () => {
        run.emulator.faults.set({ rules: [{ fault, action: 'PullLogs', times: 2 }] });
        await sleep(choices.between(300, 1_000));
      },
    })),
  ];
}

function ofGroup({ run, choices }: Disturbed): Disturbance[] {
  const { emulator } = run;
  const children: number[] = [];
  let splits = 0;
  return [
    {
      name: 'service: heartbeats refused',
      disturb: async () => {
        emulator.faults.set({ heartbeatsRefused: true });
        await sleep(choices.between(500, 1.5 * groupTimeoutMs));
      },
    },
    {
      name: 'service: checkpoints refused',
      disturb: async () => {
        emulator.faults.set({ checkpointsRefused: true });
        await sleep(choices.between(300, 1_500));
      },
    },
    {
      name: 'service: credentials expired',
      disturb: async () => {
        emulator.faults.set({ credentialsExpired: true });
        await sleep(choices.between(500, 1.5 * groupTimeoutMs));
      },
    },
    {
      name: 'service: a shard split, or two merged',
      disturb: async () => {
        const left = children.pop();
        if (left !== undefined) emulator.merge({ shard: left });
        else if (splits++ < maxSplits) {
          const shards = emulator.stats().logstores[0]?.shards.filter(({ status }) => status === 'readwrite') ?? [];
          children.push(...emulator.split({ shard: choices.pick(shards).shard }).slice(0, 1));
        }
        await sleep(choices.between(100, 1_000));
      },
    },
  ];
}
