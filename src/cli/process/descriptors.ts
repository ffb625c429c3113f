/** File descriptors: how many the process may have open (`ulimit -n`), and how many it needs. */
import { readFileSync } from 'node:fs';

/** Descriptors to load the program: Node opens many of its files at a time. */
const forLoading = 256;
/** Descriptors of files, pipes and Node itself. */
const ownDescriptors = 64;
/** Descriptors of a source: pulls, heartbeats, and repeated requests. */
const ofSource = 96;
/** Descriptors of a receiver: the connection, its successors, and those that wait to be confirmed. */
const ofReceiver = 8;

/** @returns the soft limit, which Node has raised to the hard one; undefined where it is not known (not Linux) */
export function descriptorLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** @param receivers the receivers of all sources together */
export function descriptorsOfDaemon(sources: number, receivers: number): number {
  return Math.max(forLoading, ownDescriptors + sources * ofSource + receivers * ofReceiver);
}

/** @returns how many connections a server may take; undefined: no limit is known */
export function mostServedConnections(limit = descriptorLimit()): number | undefined {
  return limit === undefined ? undefined : Math.max(1, limit - ownDescriptors);
}

/** Writes a warning at a server's first refused connection, and not at later ones. */
export function onRefusedConnection(write: (text: string) => void): (connections: number) => void {
  let isSaid = false;
  return (connections) => {
    if (isSaid) return;
    isSaid = true;
    write(
      `connections are refused: ${connections} are open, and this process may open ${connections + ownDescriptors} files (ulimit -n); it needs one for each connection, and ${ownDescriptors} more`,
    );
  };
}

/** @returns a warning; undefined where the limit is enough, or not known */
export function scarceDescriptors(needed: number, limit = descriptorLimit()): string | undefined {
  if (limit === undefined || limit >= needed) return undefined;
  return `this process may open ${limit} files and connections (ulimit -n), and may need ${needed}; ${advice(needed)}`;
}

/**
 * @param limit read before the error, since reading it needs a descriptor
 * @returns a message, if the error is that no descriptors were left to load the program; undefined: another error
 */
export function outOfDescriptors(error: unknown, limit = descriptorLimit()): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'EMFILE' && code !== 'ENFILE') return undefined;
  if (code === 'ENFILE') return 'the machine has no file descriptor left to load the program with (sysctl fs.file-max)';
  const allowed = limit === undefined ? 'too few files' : `${limit} files`;
  return `this process may open ${allowed} (ulimit -n), and needs ${forLoading} to load the program; ${advice(forLoading)}`;
}

function advice(needed: number): string {
  const enough = Math.max(1024, needed);
  return `raise the limit to ${enough} or more: ulimit -n ${enough} in a shell, LimitNOFILE=${enough} in a systemd unit, --ulimit nofile=${enough} for docker`;
}
