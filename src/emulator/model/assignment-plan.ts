/**
 * Plans which consumer is to have which shard. Pure, and stable: equal states give equal plans, and a state that a plan
 * has led to gives that plan again.
 */
import type { Dialect } from '../protocol/dialect.ts';

export interface AssignmentState {
  readonly shards: readonly number[];
  /** Live consumers, and the shards that each listed in its last heartbeat. */
  readonly consumers: readonly { readonly name: string; readonly held: ReadonlySet<number> }[];
  readonly owners: ReadonlyMap<number, string>;
  /** Owned shards that earlier plans took from their owners. */
  readonly revoked: ReadonlySet<number>;
}

interface Share {
  readonly name: string;
  readonly held: ReadonlySet<number>;
  readonly owned: number[];
  quota: number;
  kept: number;
}

/** @param balance the dialect's (dialect.ts) */
export function planAssignment(balance: Dialect['balance'], state: AssignmentState): Map<number, string> {
  switch (balance) {
    case 'least-moves':
      return planLeastMoves(state);
    case 'rehash':
      return planAnew(state);
    case 'greedy':
      return planGreedily(state);
  }
}

/** Deals the shards out by number to the consumers by name: a consumer that comes or goes moves nearly all shards. */
function planAnew({ shards, consumers }: AssignmentState): Map<number, string> {
  const names = consumers.map(({ name }) => name).sort();
  const plan = new Map<number, string>();
  for (const [at, shard] of [...shards].sort((a, b) => a - b).entries()) {
    const name = names[at % names.length];
    if (name !== undefined) plan.set(shard, name);
  }
  return plan;
}

/** Free shards go to the consumer with the fewest; one shard moves at a time, while one has two more than another. */
function planGreedily(state: AssignmentState): Map<number, string> {
  const plan = new Map<number, string>();
  const counts = new Map(state.consumers.map(({ name }) => [name, 0]));
  const assign = (shard: number, name: string) => {
    plan.set(shard, name);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  if (counts.size === 0) return plan;
  const by = (least: boolean) =>
    [...counts].sort(([a, m], [b, n]) => (least ? m - n : n - m) || (a < b ? -1 : 1))[0] as [string, number];
  const eligible = [...state.shards].sort((a, b) => a - b);
  for (const shard of eligible) {
    const owner = state.owners.get(shard);
    if (owner !== undefined && counts.has(owner)) assign(shard, owner);
  }
  for (const shard of eligible) if (!plan.has(shard)) assign(shard, by(true)[0]);
  const [[least, fewest], [most, many]] = [by(true), by(false)];
  const moved = eligible.filter((shard) => plan.get(shard) === most).at(-1);
  if (many - fewest > 1 && moved !== undefined) plan.set(moved, least);
  return plan;
}

/**
 * Every shard gets a consumer, if there is any. Shares differ by one at most; the consumers that own most get the
 * larger shares, so that as few shards as possible move. An owner loses revoked shards first, then shards that it does
 * not list, then the highest ids. A free shard goes to the consumer that still lists it, if that has room.
 */
function planLeastMoves(state: AssignmentState): Map<number, string> {
  const plan = new Map<number, string>();
  const shares = fairShares(state);
  if (shares.length === 0) return plan;

  const assign = (share: Share, shard: number): void => {
    plan.set(shard, share.name);
    share.kept++;
  };
  for (const share of shares) {
    for (const shard of keepFirst(share, state.revoked).slice(0, share.quota)) assign(share, shard);
  }
  const free = [...state.shards].filter((shard) => !plan.has(shard)).sort((a, b) => a - b);
  for (const shard of free) {
    const withRoom = shares.filter((share) => share.kept < share.quota);
    const taker = withRoom.find((share) => share.held.has(shard)) ?? withRoom[0];
    if (taker) assign(taker, shard);
  }
  return plan;
}

function fairShares(state: AssignmentState): Share[] {
  const eligible = new Set(state.shards);
  const shares: Share[] = state.consumers.map(({ name, held }) => ({
    name,
    held,
    owned: [...state.owners].filter(([shard, owner]) => owner === name && eligible.has(shard)).map(([shard]) => shard),
    quota: 0,
    kept: 0,
  }));
  shares.sort((a, b) => b.owned.length - a.owned.length || (a.name < b.name ? -1 : 1));
  const floor = Math.floor(eligible.size / Math.max(1, shares.length));
  const larger = eligible.size % Math.max(1, shares.length);
  shares.forEach((share, rank) => {
    share.quota = rank < larger ? floor + 1 : floor;
  });
  return shares;
}

function keepFirst(share: Share, revoked: ReadonlySet<number>): number[] {
  const reluctance = (shard: number): number => (revoked.has(shard) ? 2 : share.held.has(shard) ? 0 : 1);
  return [...share.owned].sort((a, b) => reluctance(a) - reluctance(b) || a - b);
}
