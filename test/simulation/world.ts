/**
 * A world: daemons, the service, receivers and the ways between them, all on one virtual clock, made from a scenario.
 *
 *   faults     the scenario's faults come and go, logs come all the time.      The last fault is over → settling
 *   settling   nothing goes wrong any more.                                    Everything has arrived and is saved → calm
 *              It takes longer than the settings' waits together               → a violation: somebody is stuck
 *   calm       for a while: each log arrives once, in order, and nobody        → over
 *              has anything to complain of
 */
import { AppError } from '../../src/core/errors.ts';
import type { Machine } from '../../src/pipeline/machine.ts';
import { Chance } from './chance.ts';
import { calmChecker } from './checkers/calm.ts';
import type { Checker, Phase } from './checkers/checker.ts';
import { checkpointsChecker } from './checkers/checkpoints.ts';
import { costChecker } from './checkers/cost.ts';
import { deliveredChecker } from './checkers/delivered.ts';
import { exitChecker } from './checkers/exit.ts';
import { fenceChecker } from './checkers/fence.ts';
import { listingChecker } from './checkers/listing.ts';
import { logLinesChecker } from './checkers/log-lines.ts';
import { orderChecker } from './checkers/order.ts';
import { processesChecker } from './checkers/processes.ts';
import { quotasChecker } from './checkers/quotas.ts';
import { sightChecker } from './checkers/sight.ts';
import { SimulatedDaemon } from './daemon.ts';
import { SimulatedDisk } from './disk.ts';
import { faultKind } from './faults/kinds.ts';
import { GroupStart } from './group-start.ts';
import { Ledger, Outlet } from './ledger.ts';
import { Load } from './load.ts';
import type { TcpEndpoint } from './net/kernel/tcp-endpoint.ts';
import { SimulatedNetwork } from './net/simulated-network.ts';
import { holdsLogs, type LogIdentity } from './receivers/frames.ts';
import { SimulatedReceiver } from './receivers/receiver.ts';
import type { Hazards } from './scenario/draw.ts';
import { type Scenario, settleBoundMs } from './scenario/scenario.ts';
import { Scheduler } from './scheduler.ts';
import { SimulatedHttp } from './service/http.ts';
import { HttpFaults } from './service/http-faults.ts';
import { SimulatedService, sequenceIn } from './service/service.ts';
import { whatIsMissing } from './settling.ts';
import type { Trace } from './trace.ts';

/** An invariant that does not hold; it ends the world. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: string;

  constructor(invariant: string, what: string) {
    super(`${invariant}: ${what}`);
    this.invariant = invariant;
  }
}

/** 2026-01-01, and a bit. */
export const startMs = 1_767_225_600_000;
const tickMs = 100;

export class World {
  readonly scenario: Scenario;
  readonly hazards: Hazards;
  readonly scheduler: Scheduler;
  readonly service: SimulatedService;
  readonly http: SimulatedHttp;
  readonly httpFaults: HttpFaults;
  readonly network: SimulatedNetwork;
  readonly daemons: readonly SimulatedDaemon[];
  readonly receivers: readonly SimulatedReceiver[];
  readonly ledger: Ledger;
  readonly load: Load;
  readonly faultCounts = new Map<string, number>();
  readonly #trace: Trace;
  readonly #checkers: readonly Checker[];
  readonly #chance: Chance;
  #violation: Violation | undefined;
  /** Absent: the group begins with the oldest log. */
  #groupStart: GroupStart | undefined;
  #activeFaults = 0;
  longestStallMs = 0;

  constructor(scenario: Scenario, hazards: Hazards, createTrace: (now: () => number) => Trace) {
    this.scenario = scenario;
    this.hazards = hazards;
    const chance = new Chance(scenario.seed).fork('world');
    this.#chance = chance;
    const scheduler = new Scheduler(startMs);
    this.scheduler = scheduler;
    const trace = createTrace(() => scheduler.nowMs - startMs);
    this.#trace = trace;
    this.ledger = new Ledger(
      scenario.outlets.map(({ name, receivers }) => new Outlet(name, receivers[0]?.protocol !== 'udp')),
    );
    this.service = this.#createService(chance);
    this.load = new Load(scenario.load, scheduler, this.service);
    this.httpFaults = new HttpFaults(chance.fork('http-faults').next, (kind) => this.#count(`http ${kind}`));
    this.http = new SimulatedHttp({
      scheduler,
      service: this.service,
      faults: this.httpFaults,
      link: scenario.service,
      random: chance.fork('http').next,
      note: (daemon, what) => trace.note(daemon, what),
    });
    this.network = new SimulatedNetwork(scheduler, chance.fork('network').next);
    this.receivers = scenario.outlets.flatMap((outlet) =>
      outlet.receivers.map((plan) => this.#createReceiver(plan, outlet)),
    );
    this.daemons = scenario.daemons.map((plan) => this.#createDaemon(plan));
    if (scenario.settings.from === 'end') this.#groupStart = new GroupStart(this);
    const report = (invariant: string, what: string) => this.#fail(invariant, what);
    this.#checkers = [
      deliveredChecker(this.ledger),
      checkpointsChecker,
      costChecker,
      fenceChecker,
      calmChecker,
      quotasChecker,
      listingChecker,
      logLinesChecker,
      processesChecker,
      orderChecker,
      exitChecker,
      sightChecker,
    ].map((create) => create(report, scenario));
  }

  get nowMs(): number {
    return this.scheduler.nowMs;
  }

  /** Logs that there are, and those of them that were read more than once, by all outlets. */
  get logs(): number {
    return this.service.shards.reduce((sum, { next }) => sum + next, 0);
  }

  get duplicates(): number {
    return this.ledger.outlets.reduce((sum, { duplicates }) => sum + duplicates, 0);
  }

  /** @throws Violation */
  async run(): Promise<void> {
    const { scenario, scheduler } = this;
    for (const receiver of this.receivers) receiver.start();
    for (const daemon of this.daemons) scheduler.at(startMs + daemon.plan.startsAtMs, () => daemon.start());
    for (const fault of scenario.faults) scheduler.at(startMs + fault.atMs, () => this.#begin(fault));
    this.load.start();
    await this.#runTo(startMs + scenario.faultsUntilMs);
    while (this.#activeFaults > 0) await this.#runTo(this.nowMs + tickMs);
    this.#enter('settling');
    await this.#settle();
    this.#enter('calm');
    if (scenario.handsOverInCalm) {
      const daemon = this.daemons[0];
      daemon?.terminate(true);
      this.scheduler.after(scenario.calmMs / 3, () => daemon?.wake());
    }
    await this.#runTo(this.nowMs + scenario.calmMs);
    this.#tell((checker) => checker.finish?.(this.nowMs));
    this.#throwIfViolated();
  }

  /** What retention has taken need not be read. */
  excuseExpired(): void {
    for (const { id, first } of this.service.shards) this.ledger.excuse(id, first);
  }

  async #settle(): Promise<void> {
    const sinceMs = this.nowMs;
    const missingNow = whatIsMissing(this);
    const boundMs = settleBoundMs(this.scenario);
    for (;;) {
      const missing = missingNow();
      if (missing === undefined) break;
      if (this.nowMs - sinceMs > boundMs)
        this.#fail('liveness', `${missing}, ${Math.round(boundMs / 1000)} s after the last fault`);
      await this.#runTo(this.nowMs + tickMs);
    }
    this.longestStallMs = this.nowMs - sinceMs;
    // What the last fault has broken may be noticed only now: an answer that does not come, a group that is balanced.
    const { confirmTimeoutMs, confirmIntervalMs, timeoutMs, heartbeatIntervalMs, failbackAfterMs } =
      this.scenario.settings;
    await this.#runTo(
      this.nowMs + 2 * (confirmTimeoutMs + confirmIntervalMs) + timeoutMs + heartbeatIntervalMs + failbackAfterMs,
    );
  }

  async #runTo(untilMs: number): Promise<void> {
    await this.scheduler.run(untilMs, () => this.#throwIfViolated());
  }

  #throwIfViolated(): void {
    if (this.#violation) throw this.#violation;
  }

  #enter(phase: Phase): void {
    this.#trace.note('world', phase);
    this.#tell((checker) => checker.phase?.(phase, this.nowMs));
  }

  #begin(fault: Scenario['faults'][number]): void {
    const { kind, forMs } = fault;
    this.#count(kind);
    this.#activeFaults++;
    this.#trace.note('fault', `${kind} begins, for ${forMs} ms`);
    this.#tell((checker) => checker.fault?.(kind, 'begins', this.nowMs));
    const end = faultKind(kind).begin(this, fault);
    this.scheduler.after(forMs, () => {
      end?.();
      this.#activeFaults--;
      this.#trace.note('fault', `${kind} ends`);
      this.#tell((checker) => checker.fault?.(kind, 'ends', this.nowMs));
    });
  }

  #createService(chance: Chance): SimulatedService {
    return new SimulatedService({
      now: () => Math.floor(this.scheduler.nowMs),
      random: chance.fork('service').next,
      dialect: this.scenario.service.dialect,
      load: this.scenario.load,
      events: {
        requested: (request) => {
          const { action, daemon } = request;
          if (action === 'CreateConsumerGroup' || action === 'ListShards') this.#groupStart?.seen(daemon);
          this.#tell((checker) => checker.requested?.({ ...request, nowMs: this.nowMs }));
        },
        pulled: (pull) => {
          this.#groupStart?.begins(pull.shard, pull.from);
          this.#tell((checker) => checker.pulled?.({ ...pull, nowMs: this.nowMs }));
        },
        saved: (checkpoint) => {
          // The start is saved before the first pull.
          if (!checkpoint.byHand)
            this.#groupStart?.begins(checkpoint.shard, checkpoint.sequence ?? 0, this.#bindsOthers(checkpoint));
          this.#trace.note(checkpoint.consumer, `saves ${checkpoint.sequence} of shard ${checkpoint.shard}`);
          this.#tell((checker) => checker.saved?.({ ...checkpoint, nowMs: this.nowMs }));
        },
        beaten: (beat) => this.#tell((checker) => checker.beaten?.({ ...beat, nowMs: this.nowMs })),
      },
    });
  }

  #createReceiver(plan: SimulatedReceiver['plan'], outlet: Scenario['outlets'][number]): SimulatedReceiver {
    return new SimulatedReceiver({
      plan,
      outlet,
      network: this.network,
      scheduler: this.scheduler,
      random: this.#chance.fork(`receiver/${plan.name}`).next,
      isSentTo: (receiver) => this.#isSentTo(receiver),
      events: {
        read: (receiver, from, logs) => {
          const first = logs[0];
          this.#trace.note(receiver.name, `reads ${logs.length} from ${from}, of ${first?.shard}/${first?.sequence}`);
          for (const log of logs) this.#onRead(outlet.name, receiver.name, from, log);
        },
        malformed: (receiver, why) => this.#fail('framing', `${receiver.name}: ${why}`),
        note: (receiver, what) => this.#trace.note(receiver.name, what),
        stranger: (how, from) => this.#tell((checker) => checker.metStranger?.({ how, from, nowMs: this.nowMs })),
      },
    });
  }

  #onRead(outlet: string, receiver: string, from: string, { shard, sequence }: LogIdentity): void {
    const its = this.ledger.outlet(outlet);
    const isDuplicate = its.read(shard, sequence);
    const firstUnread = its.firstUnread(shard);
    const { nowMs } = this;
    this.#tell((checker) =>
      checker.read?.({ outlet, receiver, from, shard, sequence, isDuplicate, firstUnread, nowMs }),
    );
  }

  #isSentTo({ name: receiver }: SimulatedReceiver): boolean {
    const { addresses } = this.network.host(receiver);
    return this.daemons.some(({ name }) =>
      [...this.network.host(name).endpoints.values()].some(
        ({ remote, unacknowledgedBytes }) => unacknowledgedBytes > 0 && addresses.has(remote.address),
      ),
    );
  }

  #createDaemon(plan: Scenario['daemons'][number]): SimulatedDaemon {
    const host = this.network.host(plan.name);
    for (const receiver of this.receivers) {
      this.network.setPath(host, this.network.host(receiver.name), {
        delayMs: receiver.plan.delayMs,
        lossRate: receiver.plan.lossRate,
      });
    }
    const disk = new SimulatedDisk((line) => this.#onDeadLetter(line));
    return new SimulatedDaemon({
      plan,
      disk,
      scenario: this.scenario,
      scheduler: this.scheduler,
      random: this.#chance.fork(`daemon/${plan.name}`).next,
      credentials: () => this.service.credentials,
      machineOf: (process): Machine => ({
        clock: process.clock,
        openHttp: this.http.openFor(process),
        files: disk.of(process),
        network: this.network.of(process, {
          ...(plan.node && { release: plan.node }),
          onWrite: (chunks, endpoint) => {
            // Logs count: a connection may be ended, or opened, at any time.
            if (chunks.some(holdsLogs)) this.#onLogsWritten(plan.name, endpoint);
          },
        }),
      }),
      events: {
        born: (daemon) => {
          this.#trace.note(daemon.name, `starts as ${daemon.consumer}`);
          this.#tell((checker) => checker.born?.(daemon.name, daemon.consumer, this.nowMs));
        },
        gone: (daemon, why) => {
          this.#trace.note(daemon.name, `is gone: ${why}`);
          this.#tell((checker) => checker.gone?.(daemon.name, this.nowMs));
        },
        ended: (daemon, reason) =>
          this.#tell((checker) => checker.ended?.({ daemon: daemon.name, reason, nowMs: this.nowMs })),
        drained: ({ name }, isComplete) =>
          this.#tell((checker) => checker.drained?.({ daemon: name, isComplete, nowMs: this.nowMs })),
        logged: (daemon, level, fields, message) => {
          if (level === 'debug') return;
          const { err, code } = fields as { err?: unknown; code?: string };
          const which = err instanceof AppError ? err.code : code;
          this.#trace.note(daemon.name, `${level} ${message}${which === undefined ? '' : ` (${which})`}`);
          this.#tell((checker) => checker.logged?.({ daemon: daemon.name, level, message, fields, nowMs: this.nowMs }));
        },
      },
    });
  }

  #onLogsWritten(daemon: string, endpoint: TcpEndpoint | undefined): void {
    const { local, remote } = endpoint ?? {};
    const bytesInFlight = this.daemons.find(({ name }) => name === daemon)?.bytesInFlight ?? 0;
    const from = local ? `${local.address}:${local.port}` : '';
    const beside = () =>
      [...this.network.host(daemon).endpoints.values()]
        .filter((each) => each !== endpoint && each.remote.address === remote?.address && each.isOpen && !each.isBroken)
        .map((each) => `${each.local.address}:${each.local.port}`);
    const { nowMs } = this;
    const write = { daemon, from, beside, bytesInFlight, nowMs };
    this.#tell((checker) => checker.wrote?.(write));
  }

  /** Not where its process is no more: who is up may have asked before the save came, and found nothing. */
  #bindsOthers({ consumer, sentMs }: { readonly consumer: string; readonly sentMs: number }): boolean {
    const up = this.daemons.filter(({ isUp }) => isUp);
    const isSender = (each: SimulatedDaemon) => each.consumer === consumer && each.hasBeenUpFor(this.nowMs - sentMs);
    return up.length === 0 || up.some(isSender);
  }

  /** On the disk is as good as read. */
  #onDeadLetter(line: string): void {
    const { shard, log } = JSON.parse(line) as { shard: number; log?: string };
    const sequence = log === undefined ? undefined : sequenceIn(Buffer.from(log, 'base64'));
    if (sequence === undefined) return;
    this.#trace.note('dead letters', `log ${sequence} of shard ${shard}`);
    for (const outlet of this.ledger.outlets) outlet.read(shard, sequence);
  }

  #tell(what: (checker: Checker) => void): void {
    for (const checker of this.#checkers) what(checker);
  }

  #count(kind: string): void {
    this.faultCounts.set(kind, (this.faultCounts.get(kind) ?? 0) + 1);
  }

  #fail(invariant: string, what: string): void {
    if (this.#violation) return;
    this.#violation = new Violation(invariant, what);
    this.#trace.note('violation', `${invariant}: ${what}`);
  }
}
