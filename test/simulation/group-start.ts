/**
 * Where a group begins that is started with `--from end`: logs in front of that place are not owed to it.
 *
 * The group begins with its first checkpoint. Until then, what a process has seen of the shards at its own start dies with
 * the process: the next one begins at the ends of all shards that it finds (docs/delivery.md). A shard that is made after
 * that is owed from its beginning.
 */
import type { SimulatedDaemon } from './daemon.ts';
import type { Ledger } from './ledger.ts';
import type { SimulatedProcess } from './process.ts';
import type { SimulatedService } from './service/service.ts';

/** The shards that were there when a process first asked for them. */
interface View {
  readonly process: SimulatedProcess;
  readonly shards: ReadonlySet<number>;
}

interface GroupStartOptions {
  readonly service: SimulatedService;
  readonly ledger: Ledger;
  readonly daemons: readonly SimulatedDaemon[];
}

export class GroupStart {
  readonly #options: GroupStartOptions;
  readonly #views: View[] = [];
  /** Shards that somebody has pulled, or saved a start of. */
  readonly #begun = new Set<number>();
  #shardsBefore: ReadonlySet<number> | undefined;

  constructor(options: GroupStartOptions) {
    this.#options = options;
  }

  /** The daemon of that name creates the group, or lists the shards. */
  seen(name: string): void {
    const { daemons, service } = this.#options;
    const process = daemons.find((daemon) => daemon.name === name)?.process;
    if (!process || this.#views.some((view) => view.process === process)) return;
    this.#views.push({ process, shards: new Set(service.logstore.shards().map(({ id }) => id)) });
  }

  /** @param isSettled nobody who is up can begin the shard elsewhere */
  begins(shard: number, from: number, isSettled = true): void {
    if (this.#begun.has(shard)) return;
    this.#shardsBefore ??= this.#oldestView();
    if (isSettled) this.#begun.add(shard);
    if (this.#shardsBefore?.has(shard)) this.#options.ledger.excuse(shard, from);
  }

  /** Of the processes that are there; the last one's, where none is. */
  #oldestView(): ReadonlySet<number> | undefined {
    const isThere = ({ process }: View) => this.#options.daemons.some((daemon) => daemon.process === process);
    return (this.#views.find(isThere) ?? this.#views.at(-1))?.shards;
  }
}
