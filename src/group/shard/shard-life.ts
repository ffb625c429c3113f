/**
 * A shard's states and the events between them. Pure; shard-consumer.ts follows them.
 *
 *   starting     reads the checkpoint, or finds the start.
 *   held back    the checkpoint is missing though it should exist: the group was deleted. Other consumers are given
 *                time to save theirs; then the checkpoint is read again.
 *   consuming    pulls and delivers. A lost batch and all behind it are pulled again.
 *   unreadable   stalled: the next batch cannot be read. It is pulled again, with growing pauses, for as long as it
 *                takes; or skipped after a while, where the settings say so (unreadable.ts).
 *   refused      stalled: the service refuses the position. The pull is tried again; where the position is the
 *                checkpoint, that is read again, as an operator may set it right (refused-cursor.ts).
 *   finished     no more data will come: a read-only shard at its end, or `--until` is reached. The lease is kept.
 *   draining     being handed over: pulls no more, delivers what it has, waits for confirmation, saves the checkpoint;
 *                then stopped. A loss meanwhile ends the wait: the next owner pulls again.
 *   stopped      drained, ownership lost, the shard gone, or fenced.
 *
 * In every state but stopped the shard is listed in heartbeats. Each state that waits or is stalled has a timer, and
 * ends without an operator when its cause goes away.
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
  /** The other consumers had time to save one. */
  | 'others-done'
  /** The start position is known. */
  | 'started'
  /** The start position is to be found anew. */
  | 'starts-anew'
  | 'batch-unreadable'
  | 'position-refused'
  /** A batch was delivered, or a pull answered: the shard is not stalled any more. */
  | 'went-on'
  | 'read-to-end'
  /** The shard is granted to another consumer, or the daemon ends: it is drained. */
  | 'given-up'
  /** The shard stops at once: drained, lost, fenced, or gone. */
  | 'left';

type Row = Partial<Readonly<Record<ShardEvent, ShardState>>>;

/** Transitions of every state but draining and stopped. */
const anytime: Row = { 'given-up': 'draining', left: 'stopped' };

/** An event without an entry does not change the state. */
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
  /** The shard stands still, and an operator may have to act. */
  readonly isStalled: boolean;
  /** What ends the state without an operator; undefined: nothing has to end it. */
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
