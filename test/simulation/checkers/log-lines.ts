/**
 * The log is for people: no storm of lines, whatever goes wrong, and of each trouble that was told, its end.
 */
import type { CreateChecker } from './checker.ts';

/** Lines of info and above that a daemon may write in a minute. */
const mostLinesAMinute = 240;

/** What begins a trouble, and what ends it; both as the log says them. */
const troubles: readonly { readonly begins: RegExp; readonly ends: RegExp }[] = [
  { begins: /^heartbeat failed/, ends: /^heartbeat answered again|^no heartbeat was answered/ },
  { begins: /^the log service cannot be used/, ends: /^the log service can be used again/ },
  { begins: /^(cannot connect to|the connection to) the receiver/, ends: /^connected to the receiver/ },
];

interface Told {
  readonly open: Map<number, string>;
  minute: number;
  lines: number;
}

export const logLinesChecker: CreateChecker = (report) => {
  const told = new Map<string, Told>();
  return {
    born(daemon) {
      told.set(daemon, { open: new Map(), minute: -1, lines: 0 });
    },
    gone(daemon) {
      told.delete(daemon);
    },
    logged({ daemon, level, message, nowMs }) {
      const its = told.get(daemon);
      if (!its || level === 'debug') return;
      const minute = Math.floor(nowMs / 60_000);
      its.lines = its.minute === minute ? its.lines + 1 : 1;
      its.minute = minute;
      if (its.lines > mostLinesAMinute)
        report('log lines', `${daemon} writes its ${its.lines}th line of a minute: ${message}`);
      for (const [which, { begins, ends }] of troubles.entries()) {
        // What is changed by a reload begins anew, with a client of its own.
        if (ends.test(message) || message === 'reloaded') its.open.delete(which);
        else if (level === 'warn' && begins.test(message)) its.open.set(which, message);
      }
    },
    finish() {
      for (const [daemon, { open }] of told) {
        for (const message of open.values()) report('log lines', `${daemon} never said that it is over: ${message}`);
      }
    },
  };
};
