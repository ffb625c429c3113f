/** What the log has to say within a time: that a receiver is stuck, and that it speaks TLS where nobody expects it. */
import type { CreateChecker } from './checker.ts';

/** A receiver that has not confirmed anything for so long is not up. */
const stuckMs = 55_000;
const toldWithinMs = 15_000;

export const sightChecker: CreateChecker = (report) => {
  let frozenSinceMs: number | undefined;
  let unexpectedSinceMs: number | undefined;
  return {
    fault(kind, what, nowMs) {
      if (kind === 'receiver-frozen') frozenSinceMs = what === 'begins' ? nowMs : undefined;
      if (kind !== 'receiver-speaks-tls') return;
      if (what === 'ends' && unexpectedSinceMs !== undefined && nowMs - unexpectedSinceMs > toldWithinMs)
        report('sight', 'nobody said that the receiver speaks TLS');
      unexpectedSinceMs = what === 'begins' ? nowMs : undefined;
    },
    logged({ daemon, level, message, fields, nowMs }) {
      if (level !== 'info' && message.includes('TLS')) unexpectedSinceMs = undefined;
      if (message !== 'last minute' || frozenSinceMs === undefined || nowMs - frozenSinceMs < stuckMs) return;
      const { receiver, receivers = [] } = fields as { receiver?: string; receivers?: readonly { state?: string }[] };
      if (receiver === 'up' || (receivers.length > 0 && receivers.every(({ state }) => state === 'up')))
        report('sight', `${daemon} says that its receivers are up, and none has read anything for a minute`);
    },
  };
};
