/** Logs come at an even rate, to the open shards in turn; a fault may bring more at once. */
import type { LoadPlan } from './scenario/scenario.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedService } from './service/service.ts';

/** Nothing comes more often than this; what is due by then comes together. */
const shortestMs = 2;
/** Of a message, around what the log holds. */
const headerBytes = 160;

export class Load {
  readonly #plan: LoadPlan;
  readonly #scheduler: Scheduler;
  readonly #service: SimulatedService;
  #appendedUpToMs: number;
  #turn = 0;

  constructor(plan: LoadPlan, scheduler: Scheduler, service: SimulatedService) {
    this.#plan = plan;
    this.#scheduler = scheduler;
    this.#service = service;
    this.#appendedUpToMs = scheduler.nowMs;
  }

  /** What is there before the first daemon is, and then the live logs. */
  start(): void {
    for (const { id } of this.#service.shards) this.#service.append(id, this.#plan.backlogLogs);
    this.#append();
  }

  /** To every open shard at once. */
  burst(logs: number): void {
    for (const { id, isOpen } of this.#service.shards) if (isOpen) this.#service.append(id, logs);
  }

  /** To one open shard, so many bytes of messages: to one of which everything is saved, where there is one. */
  burstOfBytes(bytes: number, luck: number): void {
    const open = this.#service.shards.filter(({ isOpen }) => isOpen);
    const saved = open.filter(({ id, next }) => this.#service.checkpointOf(id) === next);
    const from = saved.length > 0 ? saved : open;
    const shard = from[Math.floor(luck * from.length)];
    if (shard) this.#service.append(shard.id, Math.ceil(bytes / (headerBytes + this.#plan.logBytes)));
  }

  #append(): void {
    const { logsPerSecond, logsPerGroup } = this.#plan;
    const groupMs = (logsPerGroup * 1000) / logsPerSecond;
    while (this.#appendedUpToMs + groupMs <= this.#scheduler.nowMs) {
      this.#appendedUpToMs += groupMs;
      const open = this.#service.shards.filter(({ isOpen }) => isOpen);
      const shard = open[this.#turn++ % open.length];
      if (shard) this.#service.append(shard.id, logsPerGroup);
    }
    this.#scheduler.after(Math.max(groupMs, shortestMs), () => this.#append());
  }
}
