/** What the log has to say within a time: that a receiver is stuck, and that it speaks TLS where nobody expects it. */
import type { CreateChecker } from './checker.ts';

/** A receiver that has not confirmed anything for so long is not up. */
const stuckMs = 55_000;
const toldWithinMs = 15_000;
/** Connections that end over the first text: once may be a receiver that is restarted. */
const textsThatTell = 2;

interface MinuteLine {
  readonly receiver?: { readonly state: string };
  readonly receivers?: readonly { readonly state: string }[];
}

export const sightChecker: CreateChecker = (report, { outlets }) => {
  // Nobody can tell whether anything reads datagrams.
  const isBlind = outlets.every(({ receivers }) => receivers[0]?.protocol === 'udp');
  let frozenSinceMs: number | undefined;
  /** When each daemon first gave logs to its kernel, of those that nobody reads. */
  const wroteAtMs = new Map<string, number>();
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
    born: (daemon) => void wroteAtMs.delete(daemon),
    fault(kind, what, nowMs) {
      if (kind === 'receiver-frozen') {
        frozenSinceMs = what === 'begins' ? nowMs : undefined;
        wroteAtMs.clear();
      }
      if (kind !== 'receiver-speaks-tls') return;
      if (what === 'ends' && knowableSinceMs !== undefined && nowMs - knowableSinceMs > toldWithinMs && !isTold)
        report('sight', 'nobody said that the receiver speaks TLS');
      forget();
      isTold = false;
    },
    wrote({ daemon, from, nowMs }) {
      if (frozenSinceMs !== undefined && from !== '' && !wroteAtMs.has(daemon)) wroteAtMs.set(daemon, nowMs);
    },
    // What it wrote is for others to send again.
    beaten({ daemon, listed }) {
      if (listed.length === 0) wroteAtMs.delete(daemon);
    },
    // Another fault has made it go on.
    read: () => wroteAtMs.clear(),
    logged({ daemon, level, message, fields, nowMs }) {
      if (level !== 'info' && message.includes('speak') && message.includes('TLS')) isTold = true;
      // Its receivers are connected to anew, and have their time.
      if (message === 'reloaded') wroteAtMs.delete(daemon);
      const sinceMs = wroteAtMs.get(daemon);
      if (message !== 'last minute' || isBlind || sinceMs === undefined || nowMs - sinceMs < stuckMs) return;
      const { receiver, receivers = receiver ? [receiver] : [] } = fields as MinuteLine;
      if (level === 'info' || receivers.every(({ state }) => state === 'up'))
        report('sight', `${daemon} says that its receivers are up, and none has read anything for a minute`);
    },
  };
};
