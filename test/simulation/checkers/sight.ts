/** What the log has to say within a time: that a receiver is stuck, and that it speaks TLS where nobody expects it. */
import type { CreateChecker } from './checker.ts';

/** A receiver that has not confirmed anything for so long is not up. */
const stuckMs = 55_000;
const toldWithinMs = 15_000;
/** Connections that end over the first text: once may be a receiver that is restarted. */
const textsThatTell = 2;

export const sightChecker: CreateChecker = (report) => {
  let frozenSinceMs: number | undefined;
  /** Since when a daemon could know that a receiver speaks TLS. */
  let knowableSinceMs: number | undefined;
  let isTold = false;
  const texts = new Map<string, number>();
  const forget = () => {
    knowableSinceMs = undefined;
    texts.clear();
  };
  return {
    metStranger({ how, from, nowMs }) {
      const count = (texts.get(from) ?? 0) + (how === 'text' ? 1 : 0);
      texts.set(from, count);
      if (how === 'alert' || how === 'silence' || count >= textsThatTell) knowableSinceMs ??= nowMs;
    },
    // What it knew is gone with it.
    gone: forget,
    fault(kind, what, nowMs) {
      if (kind === 'receiver-frozen') frozenSinceMs = what === 'begins' ? nowMs : undefined;
      if (kind !== 'receiver-speaks-tls') return;
      if (what === 'ends' && knowableSinceMs !== undefined && nowMs - knowableSinceMs > toldWithinMs && !isTold)
        report('sight', 'nobody said that the receiver speaks TLS');
      forget();
      isTold = false;
    },
    logged({ daemon, level, message, fields, nowMs }) {
      if (level !== 'info' && message.includes('speak') && message.includes('TLS')) isTold = true;
      if (message !== 'last minute' || frozenSinceMs === undefined || nowMs - frozenSinceMs < stuckMs) return;
      const { receiver, receivers = [] } = fields as { receiver?: string; receivers?: readonly { state?: string }[] };
      if (receiver === 'up' || (receivers.length > 0 && receivers.every(({ state }) => state === 'up')))
        report('sight', `${daemon} says that its receivers are up, and none has read anything for a minute`);
    },
  };
};
