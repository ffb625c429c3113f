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
    const refuse = () => {
      calls.add(name);
      throw new Error(`${name}() of the system was called in a simulated world`);
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
