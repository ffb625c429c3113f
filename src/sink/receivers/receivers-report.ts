/** What several receivers look like from outside: one status, and a line in the log when deliveries go elsewhere. */
import type { Log } from '../../core/log.ts';
import type { SinkStatus } from '../sink.ts';
import type { Strategy } from './placement.ts';

export function joinStatus(
  members: readonly SinkStatus[],
  own: Pick<SinkStatus, 'state' | 'sinceMs' | 'confirms'>,
): SinkStatus {
  const sum = (count: (status: SinkStatus) => number) => members.reduce((total, each) => total + count(each), 0);
  const reasons = whyDown(members);
  return {
    ...own,
    peer: members.map(({ peer }) => peer).join(', '),
    bytesWritten: sum(({ bytesWritten }) => bytesWritten),
    framesWritten: sum(({ framesWritten }) => framesWritten),
    framesDropped: sum(({ framesDropped }) => framesDropped),
    reconnects: sum(({ reconnects }) => reconnects),
    lastError: own.state === 'up' || reasons.length === 0 ? undefined : reasons.join('; '),
    members,
  };
}

function whyDown(members: readonly SinkStatus[]): string[] {
  return members.flatMap(({ peer, lastError }) => (lastError === undefined ? [] : [`${peer}: ${lastError}`]));
}

/** Tells where deliveries go, each time that it has changed. */
export class RouteReport {
  readonly #strategy: Strategy;
  readonly #log: Log;
  #logged = '';

  constructor(strategy: Strategy, log: Log) {
    this.#strategy = strategy;
    this.#log = log;
  }

  /** @param healthy the peers that take deliveries, in the order of the configuration */
  report(level: 'info' | 'warn', healthy: readonly string[], members: readonly SinkStatus[]): void {
    const now = (this.#strategy === 'failover' ? healthy.slice(0, 1) : healthy).join(', ');
    const before = this.#logged;
    if (now === before) return;
    this.#logged = now;
    const reasons = whyDown(members);
    const facts = { strategy: this.#strategy, now, before, ...(reasons.length > 0 && { reasons }) };
    if (now === '') this.#log.warn(facts, 'no receiver is left: deliveries wait until one is up');
    else if (before === '') this.#log.info(facts, 'the receivers that deliveries go to');
    else this.#log[level](facts, 'deliveries go to other receivers than before');
  }
}
