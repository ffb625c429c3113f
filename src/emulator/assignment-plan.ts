/**
 * Which consumer is to have which shard. Pure, and stable: from the same state comes the same plan, and a plan
 * that was carried out changes nothing.
 */
export interface AssignmentState {
  readonly shards: readonly number[];
  /** Live consumers, and what each listed in its last heartbeat. */
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

/**
 * Every shard gets a consumer (none when there are no consumers). Shares differ by one at most; those who own most
 * get the larger shares, so that no more moves than needed. An owner gives up first what it was already told to
 * give up, then what it has not begun on, then the highest ids. A free shard goes to whom still lists it, if that
 * one has room.
 */
export function planAssignment(state: AssignmentState): Map<number, string> {
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
