/**
 * Everything at once: three daemons, and a receiver and a log service to which something happens all the time, at
 * random from a seed.
 *
 *     npm run soak -- --minutes 10 --seed 7 [--tls]
 *
 * Prints what was done and what became of the logs. Exit code 1 when anything was lost, or the promise broken.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { choicesFrom } from '../support/arbitraries/seed.ts';
import type { CliProcess } from '../support/daemons/cli.ts';
import { startFaultRun } from '../support/daemons/fault-run.ts';
import { createDisturbances } from '../support/daemons/soak-disturbances.ts';
import { createAuthority, issue } from '../support/receivers/certificates.ts';
import { createScriptedReceiver, reads } from '../support/receivers/scripted-receiver.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    tls: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!(minutes > 0) || !Number.isInteger(seed))
  throw new Error('usage: soak --minutes <number> --seed <integer> [--tls]');

const logsPerSecond = 1_000;
/** The one whose memory is measured: it is stopped and goes on, but is never restarted. */
const constant = 'a';
const names = [constant, 'b', 'c'];

const choices = choicesFrom(seed);
const directory = await mkdtemp(path.join(os.tmpdir(), 'soak-'));
const authority = await createAuthority('soak');
const loopback = { commonName: 'receiver', ipAddresses: ['127.0.0.1'] };
const certificates = {
  renew: () => issue(authority, loopback),
  wrong: async () => issue(await createAuthority('somebody else'), loopback),
};
const { cert, key } = await certificates.renew();
const caFile = path.join(directory, 'ca.pem');
await writeFile(caFile, authority.pem);
const receiver = await createScriptedReceiver(values.tls ? { tls: { cert, key } } : {});
const run = await startFaultRun({
  logsPerSecond,
  shards: 6,
  arrivals: receiver,
  consumerNames: [],
  // A daemon that is stopped, and a receiver that is slow, leave bytes behind that come late.
  allowsStale: true,
  // `on`: a daemon that starts while the receiver is stuck would go without confirmation until it asks again.
  args: [
    ...['--host', '127.0.0.1', '--port', String(receiver.port)],
    ...['--confirm', 'on', '--timeout', '2s', '--confirm-timeout', '1s'],
    ...(values.tls ? ['--proto', 'tls', '--ca', caFile] : []),
  ],
});
const daemons = new Map<string, CliProcess>(names.map((name) => [name, run.start(name)]));
const injected = new Map<string, number>();
let isBroken = false;

try {
  console.log(`soak: ${minutes} minutes, seed ${seed}`);
  await run.moreArrived(5_000);
  const memoryAtStart = await residentMiB(daemons.get(constant));
  const disturbances = createDisturbances({
    run,
    receiver,
    daemons,
    expendable: ['b', 'c'],
    choices,
    certificates: values.tls ? certificates : undefined,
  });
  const endMs = performance.now() + minutes * 60_000;
  run.invariant.restartClock();
  while (performance.now() < endMs) {
    const { name, disturb } = choices.pick(disturbances);
    injected.set(name, (injected.get(name) ?? 0) + 1);
    say(name);
    await disturb();
    receiver.behave(reads);
    run.emulator.faults.clear();
    await run.moreArrived(choices.between(1, 2_000), 120_000);
  }
  say('the end: waits until everything is checkpointed');
  const findings = await run.settle(180_000);
  const memoryAtEnd = await residentMiB(daemons.get(constant));
  say('the daemons are stopped');
  const exits = await Promise.all([...daemons.values()].map((daemon) => daemon.stop()));

  console.table(Object.fromEntries([...injected].sort().map(([name, times]) => [name, { times }])));
  const missing = findings.generated - findings.received;
  console.table({
    'logs generated': findings.generated,
    'logs lost': findings.lost,
    'logs missing at the end': missing,
    duplicates: findings.duplicates,
    'longest gap in delivery, ms': findings.longestGapMs,
    'memory at start, MiB': memoryAtStart,
    'memory at end, MiB': memoryAtEnd,
    seed,
  });
  for (const violation of findings.violations) console.error(violation);
  isBroken =
    findings.violations.length > 0 ||
    missing !== 0 ||
    exits.some((code) => code !== 0) ||
    memoryAtEnd > 1.5 * memoryAtStart + 64;
} catch (error) {
  for (const [name, daemon] of daemons) console.error(`the last lines of ${name}:\n${lastLines(daemon)}`);
  throw error;
} finally {
  await run.close();
  await receiver.close();
  await rm(directory, { recursive: true, force: true });
}
console.log(isBroken ? `BROKEN; again with --seed ${seed}` : 'nothing lost');
process.exitCode = isBroken ? 1 : 0;

/** So that whoever waits sees what for. */
function say(text: string): void {
  console.error(`${(performance.now() / 1_000).toFixed(1)} s  ${text}`);
}

function lastLines(daemon: CliProcess): string {
  return daemon.stderr.slice(-20).join('\n');
}

/** Of a process, in Linux's accounts. */
async function residentMiB(daemon: CliProcess | undefined): Promise<number> {
  await sleep(1_000); // what was just delivered is collected
  const status = await readFile(`/proc/${daemon?.child.pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}
