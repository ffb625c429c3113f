/**
 * A shard's life: its states, what leads from one to another, and what is done in each. Pure; shard-consumer.ts follows it.
 *
 *   starting     reads the checkpoint, or finds the start.
 *   held back    nobody has a checkpoint of it, though somebody should: the group was deleted. Others are given time to
 *                save theirs, and then it is read again.
 *   consuming    pulls and delivers. A lost delivery goes back to its start, and pulls from there.
 *   unreadable   stalled: its next batch cannot be read. Pulled again, with pauses that grow, for as long as it takes;
 *                or skipped after a while, where that is wanted (unreadable.ts).
 *   refused      waits: the service does not take its position. Asked again, and where the position is a checkpoint, that
 *                is read again: somebody may mend it (refused-cursor.ts).
 *   finished     nothing more will come: a read-only shard at its end, or `--until` is reached. The lease is kept.
 *   draining     told to give the shard up: pulls no more, hands over what it has, waits for its confirmation, saves
 *                the checkpoint; then stopped. A loss meanwhile ends the wait: the next owner pulls it again.
 *   stopped      gives no sign of life any more: drained, ownership lost, the shard gone, or fenced.
 *
 * In every state but stopped the shard is listed in heartbeats. The waiting states end by themselves: each has a timer,
 * and none of them decides anything for good.
 */
export type ShardState =
  | 'starting'
  | 'held-back'
  | 'consuming'
  | 'unreadable'
  | 'refused'
  | 'finished'
  | 'draining'
  | 'stopped';

export type ShardEvent =
  /** The shard has no checkpoint, and other consumers may be about to save one. */
  | 'others-first'
  /** The other consumers had their time. */
  | 'others-done'
  /** Where to begin is known. */
  | 'started'
  /** Where it begins is to be found anew. */
  | 'starts-anew'
  | 'batch-unreadable'
  | 'position-refused'
  /** A batch was delivered, or a pull answered: nothing is in its way. */
  | 'went-on'
  | 'read-to-end'
  /** Another consumer is to have it, or the daemon ends. */
  | 'given-up'
  /** At once: drained, lost, fenced, or gone. */
  | 'left';

type Row = Partial<Readonly<Record<ShardEvent, ShardState>>>;

/** What every state but the last two can become. */
const anytime: Row = { 'given-up': 'draining', left: 'stopped' };

/** An event that a state has no entry for changes nothing. */
export const transitions: Readonly<Record<ShardState, Row>> = {
  starting: { ...anytime, 'others-first': 'held-back', started: 'consuming', 'starts-anew': 'starting' },
  'held-back': { ...anytime, 'others-done': 'starting', 'starts-anew': 'starting' },
  consuming: {
    ...anytime,
    'batch-unreadable': 'unreadable',
    'position-refused': 'refused',
    'read-to-end': 'finished',
    'starts-anew': 'starting',
  },
  unreadable: {
    ...anytime,
    'went-on': 'consuming',
    'position-refused': 'refused',
    'starts-anew': 'starting',
  },
  refused: {
    ...anytime,
    'went-on': 'consuming',
    'batch-unreadable': 'unreadable',
    'starts-anew': 'starting',
  },
  finished: anytime,
  draining: { left: 'stopped' },
  stopped: {},
};

export function next(state: ShardState, event: ShardEvent): ShardState {
  return transitions[state][event] ?? state;
}

export interface StateFacts {
  /** The loop goes on pulling. */
  readonly pulls: boolean;
  /** The shard stands still, and somebody may have to do something about it. */
  readonly isStalled: boolean;
  /** What ends it, if nobody does anything; undefined: nothing has to. */
  readonly endsBy: 'an answer of the service' | 'a timer' | 'the receiver, or a deadline' | undefined;
}

export const facts: Readonly<Record<ShardState, StateFacts>> = {
  starting: { pulls: false, isStalled: false, endsBy: 'an answer of the service' },
  'held-back': { pulls: false, isStalled: false, endsBy: 'a timer' },
  consuming: { pulls: true, isStalled: false, endsBy: 'an answer of the service' },
  unreadable: { pulls: true, isStalled: true, endsBy: 'a timer' },
  refused: { pulls: true, isStalled: true, endsBy: 'a timer' },
  finished: { pulls: false, isStalled: false, endsBy: undefined },
  draining: { pulls: false, isStalled: false, endsBy: 'the receiver, or a deadline' },
  stopped: { pulls: false, isStalled: false, endsBy: undefined },
};
