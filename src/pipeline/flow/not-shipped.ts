/** Why a feed that ends has shipped nothing, or not all that `--until` asked for. Pure. */
import type { SinkStatus } from '../../sink/sink.ts';
import type { Trouble } from '../../sls/troubles.ts';

export interface NotShipped {
  /** The source's name; empty where there is one, and nothing to tell apart. */
  readonly names: Readonly<Record<string, string>>;
  /** Nothing at all was shipped; otherwise the end of `--until` was not reached. */
  readonly isNothing: boolean;
  /** Something has failed, or was asked for and not done; otherwise it was only stopped early. */
  readonly isFailure: boolean;
  /** `the receiver tcp://siem:514 was never up: connection refused …`. */
  readonly reason: string;
}

export interface EndingFeed {
  readonly names: NotShipped['names'];
  /** The feed has joined its group, with a connection to each receiver, at least once. */
  readonly hasRun: boolean;
  /** The feed reads up to an end. */
  readonly isBounded: boolean;
  /** False: nobody waits for its receiver (`required: false`), and it was only given a chance. */
  readonly isRequired: boolean;
  readonly isReached: boolean;
  /** Receivers without a connection so far. */
  readonly unconnected: readonly SinkStatus[];
  /** The log service has answered. */
  readonly isServiceKnown: boolean;
  readonly troubles: readonly Pick<Trouble, 'error'>[];
  readonly startingForMs: number;
}

/** A first attempt to connect may take so long: a stop before that proves nothing. */
const startGraceMs = 15_000;

/** @returns undefined where nothing of the kind is to be told */
export function whyNotShipped(feed: EndingFeed): NotShipped | undefined {
  const { names, hasRun, isBounded, isRequired, isReached, unconnected, isServiceKnown, troubles } = feed;
  if (isReached) return undefined;
  if (hasRun) {
    if (!isBounded) return undefined;
    return { names, isNothing: false, isFailure: true, reason: 'it was stopped before --until was reached' };
  }
  const receivers = unconnected.map(({ peer, state, lastError }) => {
    if (lastError !== undefined) return `the receiver ${peer} was never up: ${lastError}`;
    if (state === 'up') return `the receiver ${peer} takes connections, and did not answer on them`;
    return `the receiver ${peer} was never up: no attempt to connect has been answered yet`;
  });
  const [trouble] = troubles;
  const service = trouble
    ? [`the log service cannot be used: ${trouble.error.message}`]
    : isServiceKnown
      ? []
      : ['the log service has not answered yet'];
  const reasons = [...receivers, ...service];
  const hasFailed = unconnected.some(({ lastError }) => lastError !== undefined) || trouble !== undefined;
  return {
    names,
    isNothing: true,
    isFailure: isBounded || (isRequired && (hasFailed || feed.startingForMs >= startGraceMs)),
    reason: reasons.length > 0 ? reasons.join('; ') : 'it was stopped before it had joined its consumer group',
  };
}
