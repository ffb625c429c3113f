/** What has not arrived yet, when nothing goes wrong any more. */
import type { SimulatedDaemon } from './daemon.ts';
import type { Ledger, Outlet } from './ledger.ts';
import type { SimulatedService } from './service/service.ts';

export interface Settling {
  readonly service: SimulatedService;
  readonly ledger: Ledger;
  readonly daemons: readonly SimulatedDaemon[];
}

/** @returns what is missing of all that there is at the call, asked again and again; undefined: all is there */
export function whatIsMissing({ service, ledger, daemons }: Settling): () => string | undefined {
  const wanted = service.shards;
  const readBefore = new Map<Outlet, number>(ledger.outlets.map((outlet) => [outlet, outlet.unique]));

  function unreadOf(outlet: Outlet, shard: number, next: number): string | undefined {
    // Of what UDP has lost nothing is said; what comes from now on arrives.
    if (!outlet.keepsPromise)
      return readBefore.get(outlet) === outlet.unique ? `${outlet.name} reads nothing any more` : undefined;
    const unread = outlet.firstUnread(shard);
    return unread < next ? `${outlet.name} has not read log ${unread} of shard ${shard} (of ${next})` : undefined;
  }

  return () => {
    for (const { id, next } of wanted) {
      for (const outlet of ledger.outlets) {
        const unread = unreadOf(outlet, id, next);
        if (unread !== undefined) return unread;
      }
      const saved = service.checkpointOf(id) ?? 0;
      if (saved < next) return `the checkpoint of shard ${id} is ${saved} (of ${next})`;
    }
    const down = daemons.find((daemon) => !daemon.isUp);
    return down && `${down.name} is down`;
  };
}
