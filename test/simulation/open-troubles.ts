/**
 * Troubles that are known, and not mended yet: what a world must have for them, and who has told of them. The worlds of
 * every day are drawn without; here it is proven that the simulation finds each (open-troubles.test.ts). Who mends one
 * takes its line out, and its `hazard` off the fault: from then on it is drawn like any other.
 */
export interface OpenTrouble {
  /** What `--hazard` takes. */
  readonly hazard: string;
  /** Issue and row. */
  readonly told: string;
  readonly what: string;
  /** Which of them it breaks. */
  readonly invariants: readonly string[];
  /** It is found by this one; by another of the first 200 where the worlds have changed. */
  readonly seed: string;
}

export const openTroubles: readonly OpenTrouble[] = [
  {
    hazard: 'damaged-bodies',
    told: '13, row 1',
    what: 'Bodies of a shard are damaged for some seconds: it has failed until the process is started anew.',
    invariants: ['liveness'],
    seed: 'h3',
  },
  {
    hazard: 'spurious-invalid-cursor',
    told: '13, row 2',
    what: 'One InvalidCursor that is none: the whole retention is sent again, and the checkpoint goes back.',
    invariants: ['checkpoints'],
    seed: 'h2',
  },
  {
    hazard: 'checkpoint-garbage',
    told: '13, row 2',
    what: 'A checkpoint that is no cursor of its shard, set by hand, is overwritten by the beginning of the shard.',
    invariants: ['checkpoints'],
    seed: 'h2',
  },
  {
    hazard: 'group-deleted',
    told: '13, row 3',
    what: 'The consumer group is deleted: shards change hands without a checkpoint, and start at the end.',
    invariants: ['delivered'],
    seed: 'h2',
  },
  {
    hazard: 'split-from-end',
    told: 'found by the simulation',
    what: 'With --from end, a shard that a split has made is begun at its end: what came before is never read.',
    invariants: ['delivered'],
    seed: 'h8',
  },
  {
    hazard: 'strict-owner',
    told: '13, row 4',
    what: 'A shard counts as ours only once a heartbeat has listed it: refused, dropped, granted again, without end.',
    invariants: ['liveness', 'calm'],
    seed: 'h7',
  },
  {
    hazard: 'slow-heartbeats',
    told: '13, row 5',
    what: 'Heartbeats that are answered later than one interval end the process at its start.',
    invariants: ['fence', 'listing', 'liveness', 'processes', 'calm'],
    seed: 'h20',
  },
  {
    hazard: 'small-groups',
    told: '13, row 6',
    what: 'A shard with small log groups is pulled as often as the way allows: beyond the quota of the service.',
    invariants: ['quotas'],
    seed: 'h1',
  },
  {
    hazard: 'group-timeout-changed',
    told: '13, row 7',
    what: 'Somebody sets the timeout of the group to 1 s: shards are lost and won without end.',
    invariants: ['liveness', 'calm'],
    seed: 'h2',
  },
  {
    hazard: 'half-of-groups',
    told: '13, row 8',
    what: 'A body with fewer log groups than its header says is taken for whole.',
    invariants: ['delivered'],
    seed: 'h13',
  },
  {
    hazard: 'create-says-exists',
    told: '13, row 9',
    what: 'Create says "already exists", and the group is gone: it is updated for ever, and never made.',
    invariants: ['liveness', 'log lines'],
    seed: 'h45',
  },
  {
    hazard: 'proxy-page',
    told: '13, row 10',
    what: "A proxy's page as the answer to an operation's first call ends the process.",
    invariants: ['processes'],
    seed: 'h2',
  },
  {
    hazard: 'creating-denied',
    told: '13, row 11',
    what: 'A key that may not create a group ends the process, though the group is there.',
    invariants: ['processes'],
    seed: 'h2',
  },
  {
    hazard: 'slow-link',
    told: '13, row 12',
    what: 'A pull that takes longer than a minute is cut, and asked for again as large: nothing arrives.',
    invariants: ['liveness'],
    seed: 'h3',
  },
  {
    hazard: 'null-checkpoint',
    told: '13, row 13',
    what: 'A checkpoint that is null, or not in the list, is no answer: the shard never starts.',
    invariants: ['liveness'],
    seed: 'h1',
  },
  {
    hazard: 'missing-settings',
    told: '13, row 13',
    what: 'A group without order and timeout is no answer.',
    invariants: ['liveness', 'log lines'],
    seed: 'h1',
  },
  {
    hazard: 'late-saves',
    told: '13, row 14',
    what: 'A save that was on its way when its shard was fenced arrives late, and puts the checkpoint back.',
    invariants: ['checkpoints'],
    seed: 'h2',
  },
  {
    hazard: 'resets-at-start',
    told: '14, row 1',
    what: 'A receiver that breaks the first connections turns confirmation off: what it never read is checkpointed.',
    invariants: ['delivered'],
    seed: 'h25',
  },
  {
    hazard: 'stuck-at-start',
    told: '14, row 2',
    what: 'A receiver that is stuck at start turns confirmation off: what it never read is checkpointed.',
    invariants: ['delivered'],
    seed: 'h4',
  },
  {
    hazard: 'far-receiver',
    told: '14, row 3',
    what: "A receiver's end that meets ours, while the last bytes are on their way to it, is taken for its answer.",
    invariants: ['delivered'],
    seed: 'h24',
  },
  {
    hazard: 'poison',
    told: '14, row 4',
    what: 'A message over the limit of a receiver, which breaks the connection, stops every shard.',
    invariants: ['liveness', 'calm'],
    seed: 'h4',
  },
  {
    hazard: 'receiver-moves',
    told: '14, row 5',
    what: 'The name of a UDP receiver is looked up once: it moves, and everything goes to the old address.',
    invariants: ['liveness'],
    seed: 'h9',
  },
  {
    hazard: 'never-up',
    told: '14, row 6',
    what: 'Who is stopped and never reached its receiver says that everything is complete.',
    invariants: ['exit'],
    seed: 'h1',
  },
  {
    hazard: 'frozen-for-minutes',
    told: '14, row 7',
    what: 'A receiver that has been frozen for minutes is up, as the minute’s line has it.',
    invariants: ['sight'],
    seed: 'h1',
  },
  {
    hazard: 'plain-to-tls',
    told: '14, row 8',
    what: 'A receiver that speaks TLS where plain TCP was configured: nobody says so.',
    invariants: ['sight'],
    seed: 'h4',
  },
];
