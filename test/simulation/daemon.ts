/**
 * One daemon of a world: a process that runs the whole of `createDaemon`, and somebody who starts it again when it has
 * ended, as pm2 or systemd would.
 *
 *   down      no process.                              `start` → up
 *   up        it runs.                                 `kill`, or it ends by itself → down, and up again after a pause
 *             `terminate` → draining
 *   draining  SIGTERM was sent.                        It has ended, or its time is over → down
 */
import type { Config, Flow } from '../../src/config/model/config.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Log } from '../../src/core/log.ts';
import { createDaemon, type Daemon } from '../../src/daemon.ts';
import type { Machine } from '../../src/pipeline/machine.ts';
import type { SimulatedDisk } from './disk.ts';
import { SimulatedProcess } from './process.ts';
import type { DaemonPlan, OutletPlan, Scenario, Settings } from './scenario/scenario.ts';
import type { Scheduler } from './scheduler.ts';

export interface DaemonEvents {
  born(daemon: SimulatedDaemon): void;
  gone(daemon: SimulatedDaemon, why: string): void;
  /** Nobody had asked it to. */
  ended(daemon: SimulatedDaemon, reason: string): void;
  /** It was told to drain, and has ended. */
  drained(daemon: SimulatedDaemon, isComplete: boolean): void;
  logged(daemon: SimulatedDaemon, level: keyof Log, fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface SimulatedDaemonOptions {
  readonly plan: DaemonPlan;
  readonly scenario: Scenario;
  readonly scheduler: Scheduler;
  readonly disk: SimulatedDisk;
  readonly random: () => number;
  /** The machine of a new process. */
  readonly machineOf: (process: SimulatedProcess, daemon: SimulatedDaemon) => Machine;
  readonly credentials: () => { readonly accessKeyId: string; readonly accessKeySecret: string };
  readonly events: DaemonEvents;
}

const restartAfterMs = 500;
const graceMs = 3_000;

export class SimulatedDaemon {
  readonly plan: DaemonPlan;
  readonly disk: SimulatedDisk;
  consumer: string;
  readonly #options: SimulatedDaemonOptions;
  #process: SimulatedProcess | undefined;
  #daemon: Daemon | undefined;
  /** On the world's clock. */
  #startedAtMs = 0;
  #state: 'down' | 'up' | 'draining' = 'down';
  /** It is to stay down. */
  #isWanted = true;
  #settings: Settings;
  /** Whatever is reloaded next has another severity. */
  #severity = 6;

  constructor(options: SimulatedDaemonOptions) {
    this.#options = options;
    this.plan = options.plan;
    this.disk = options.disk;
    this.consumer = options.plan.consumer;
    this.#settings = options.scenario.settings;
  }

  get name(): string {
    return this.plan.name;
  }

  get process(): SimulatedProcess | undefined {
    return this.#process;
  }

  /** What it holds of the service's logs. */
  get bytesInFlight(): number {
    return this.#daemon?.bytesInFlight ?? 0;
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** It has been up for so long. */
  hasBeenUpFor(ms: number): boolean {
    return this.isUp && this.#options.scheduler.nowMs - this.#startedAtMs >= ms;
  }

  start(): void {
    if (this.#state !== 'down') return;
    const { scheduler, plan, random, machineOf, events } = this.#options;
    const process = new SimulatedProcess(scheduler, {
      name: plan.name,
      offsetMs: plan.offsetMs,
      rate: plan.rate,
      random,
    });
    this.#process = process;
    this.#startedAtMs = scheduler.nowMs;
    this.#state = 'up';
    this.#isWanted = true;
    events.born(this);
    const machine = machineOf(process, this);
    process.post(() => this.#run(process, machine));
  }

  #run(process: SimulatedProcess, machine: Machine): void {
    const daemon = createDaemon({
      flows: this.#flows(),
      readFlows: () => this.#flows(),
      log: this.#log(process),
      machine,
    });
    this.#daemon = daemon;
    const onEnd = (reason: string) => {
      if (this.#process !== process) return;
      if (this.#state === 'up') this.#options.events.ended(this, reason);
      this.#over(process, reason);
    };
    daemon.finished.then(
      ({ complete }) => {
        if (this.#process === process && this.#state === 'draining') this.#options.events.drained(this, complete);
        onEnd(complete ? 'complete' : 'incomplete');
      },
      (error: unknown) => onEnd(describe(error)),
    );
    daemon.start().catch((error: unknown) => onEnd(describe(error)));
  }

  /** SIGKILL. @param as it comes back under this consumer's name */
  kill(as = this.consumer): void {
    const process = this.#process;
    if (!process) return;
    this.consumer = as;
    this.#over(process, 'killed');
  }

  /** SIGTERM. @param stays it is not started again */
  terminate(stays: boolean): void {
    if (stays) this.#isWanted = false;
    const process = this.#process;
    if (this.#state !== 'up' || !process) return;
    this.#state = 'draining';
    const { drainTimeoutMs } = this.#options.scenario.settings;
    process.post(() => {
      if (!this.#daemon) this.#over(process, 'ended before it began');
      else void this.#daemon.drain(drainTimeoutMs);
    });
    process.post(() => {
      this.#daemon?.destroy(new AppError('draining took too long', { code: 'interrupted', action: 'fatal' }));
      this.#over(process, 'destroyed');
    }, drainTimeoutMs + graceMs);
  }

  /** It is to run again, where it was told to stay down. */
  wake(): void {
    this.#isWanted = true;
    this.start();
  }

  /** SIGHUP, with other messages or settings. */
  reload(changes: Partial<Settings>): void {
    if (Object.keys(changes).length === 0) this.#severity = this.#severity === 6 ? 5 : 6;
    this.#settings = { ...this.#settings, ...changes };
    this.#process?.post(() => void this.#daemon?.reload(this.#flows()).catch(() => undefined));
  }

  #over(process: SimulatedProcess, why: string): void {
    if (this.#process !== process) return;
    this.#process = undefined;
    this.#daemon = undefined;
    this.#state = 'down';
    process.kill();
    this.#options.events.gone(this, why);
    this.#options.scheduler.after(restartAfterMs, () => {
      if (this.#isWanted) this.start();
    });
  }

  #log(process: SimulatedProcess): Log {
    const { events } = this.#options;
    const method = (level: keyof Log) => (fields: Readonly<Record<string, unknown>>, message: string) => {
      if (process.isAlive) events.logged(this, level, fields, message);
    };
    return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
  }

  #flows(): Flow[] {
    return this.#options.scenario.outlets.map((outlet) => ({
      pipeline: outlet.name,
      source: 'logs',
      receiver: outlet.name,
      required: true,
      config: this.#config(outlet),
    }));
  }

  #config(outlet: OutletPlan): Config {
    const { scenario, credentials, plan } = this.#options;
    const settings = this.#settings;
    const { largeEvery, largeIsSent } = scenario.load;
    const hasLargeLogs = largeEvery !== undefined && !largeIsSent;
    const [first, ...others] = outlet.receivers.map(({ name }) => ({ host: name, port: 514 }));
    const protocol = outlet.receivers[0]?.protocol ?? 'tcp';
    return {
      service: {
        endpoint: 'http://sls.test',
        project: 'demo',
        logstore: 'logs',
        signVersion: plan.signVersion,
        region: 'test',
        ...credentials(),
      },
      group: {
        name: 'siem',
        consumerName: this.consumer,
        from: settings.from,
        heartbeatIntervalMs: settings.heartbeatIntervalMs,
        timeoutMs: settings.timeoutMs,
        fetchIntervalMs: settings.fetchIntervalMs,
        checkpointIntervalMs: settings.checkpointIntervalMs,
        maxInFlightBytes: settings.maxInFlightBytes,
        inOrder: settings.inOrder,
        updatesGroup: false,
      },
      message: {
        format: { format: 'kv' },
        rfc: '5424',
        facility: 16,
        severity: this.#severity,
        hostname: 'sim',
        tag: 'sls',
        timeZone: 'utc',
        timestampDigits: 'auto',
        rfc3164Time: 'legacy',
        fingerprint: `simulation/${this.#severity}`,
        maxMessageBytes: hasLargeLogs ? 2 << 10 : protocol === 'udp' ? 8 << 10 : 64 << 10,
        oversize: hasLargeLogs ? 'dead-letter' : 'truncate',
      },
      receiver: {
        kind: 'syslog',
        protocol,
        host: first?.host ?? '',
        port: first?.port ?? 0,
        ...(others.length > 0 && { others }),
        framing: outlet.framing,
        timeoutMs: settings.writeTimeoutMs,
        dnsRefreshMs: settings.dnsRefreshMs,
        ...(protocol === 'tls' && { tls: { fingerprints: [], insecure: true } }),
      },
      delivery: {
        confirm: protocol === 'udp' ? 'off' : settings.confirm,
        confirmIntervalMs: settings.confirmIntervalMs,
        confirmBytes: settings.confirmBytes,
        confirmTimeoutMs: settings.confirmTimeoutMs,
        confirmPatienceMs: 300_000,
        strictOrder: settings.strictOrder,
        onCorruptBatch: 'stop',
        corruptBatchPatienceMs: 600_000,
        onPoison: 'wait',
        poisonPatienceMs: 600_000,
        ...(hasLargeLogs && { deadLetter: { path: '/dead-letters.jsonl', maxBytes: 64 << 10, maxFiles: 1_000 } }),
        strategy: outlet.strategy,
        failbackAfterMs: settings.failbackAfterMs,
        ...(settings.maxMessagesPerSecond !== undefined && { maxMessagesPerSecond: settings.maxMessagesPerSecond }),
      },
      operation: {
        logLevel: 'info',
        logFormat: 'json',
        encoder: plan.encoder,
        drainTimeoutMs: settings.drainTimeoutMs,
      },
    };
  }
}

function describe(error: unknown): string {
  return error instanceof AppError ? `${error.code}: ${error.message}` : String(error);
}
