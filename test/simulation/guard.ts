/**
 * While a world runs, nothing may ask the system for time or chance: what did would not come again from the seed. Here
 * such a call is an error, with its stack.
 */
type Restore = () => void;

export interface RealTimeGuard {
  /** What was called, each once. */
  readonly calls: ReadonlySet<string>;
  /** Puts everything back. */
  end(): void;
}

/** p-retry asks for the time, and does nothing with it where no time is set. */
const harmless = /^[^\n]*\n[^\n]*guard[^\n]*\n[^\n]*node_modules[\\/]p-retry[\\/]/;
/** A frame of the daemon's, or of the world's; this file's own is in every stack. */
const ours = /[\\/](?:src|test[\\/]simulation)[\\/](?!guard)/;

const forbidden: readonly (readonly [object, string])[] = [
  [globalThis, 'setTimeout'],
  [globalThis, 'setInterval'],
  [Date, 'now'],
  [Math, 'random'],
  [performance, 'now'],
  [AbortSignal, 'timeout'],
];

export function forbidRealTime(): RealTimeGuard {
  const calls = new Set<string>();
  const restores = forbidden.map(([owner, name]): Restore => {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    const original = (owner as Record<string, unknown>)[name];
    const refuse = (...given: unknown[]): unknown => {
      const error = new Error(`${name}() of the system was called in a simulated world`);
      // Whoever loads modules, or passes messages between processes, has a life of its own.
      if (harmless.test(error.stack ?? '') && name === 'now') return 0;
      if (!ours.test(error.stack ?? '')) return (original as (...values: unknown[]) => unknown).apply(owner, given);
      calls.add(name);
      throw error;
    };
    Object.defineProperty(owner, name, { value: refuse, configurable: true, writable: true });
    return () => {
      if (before) Object.defineProperty(owner, name, before);
      else delete (owner as Record<string, unknown>)[name];
      if ((owner as Record<string, unknown>)[name] !== original) throw new Error(`${name} could not be put back`);
    };
  });
  return {
    calls,
    end: () => {
      for (const restore of restores) restore();
    },
  };
}
