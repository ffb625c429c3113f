/** A receiver that is 40 ms away: far-link.py, in a network namespace that nobody else sees. */
import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export type FarProtocol = 'tcp' | 'TLSv1.2' | 'TLSv1.3';

/**
 * What the receiver does of its own will, in a moment around the sender's end:
 *   reads      nothing: it reads, and answers
 *   ends       closes, while it reads: what comes behind that is answered with a reset
 *   unread     reads no more from 60 ms before, and closes: with unread bytes its kernel sends a reset
 *   shut-down  the same, but it shuts its side down first (shutdown(2), as syslog-ng does), so that a FIN goes before
 */
export type How = 'reads' | 'ends' | 'unread' | 'shut-down';

export interface Closings {
  readonly confirmed: number;
  /** By the error's code. */
  readonly lost: Readonly<Record<string, number>>;
  /** Logs of confirmed connections that the receiver never read. */
  readonly missing: number;
}

const delayMs = 40;
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const inNamespace = ['-rn', 'python3', file('./far-link.py')];

/** @returns why there can be no such link here; undefined where there can. @throws Error where something is to be installed */
export function whyNoFarLink(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are Linux’';
  try {
    execFileSync('unshare', ['-rn', 'true'], { stdio: 'pipe' });
  } catch (error) {
    return `network namespaces are not permitted: ${String((error as { stderr?: Buffer }).stderr ?? error).trim()}`;
  }
  try {
    execFileSync('unshare', [...inNamespace, '1', 'true'], { stdio: 'pipe' });
  } catch (error) {
    const reason = `no TUN device or no python3: ${String((error as { stderr?: Buffer }).stderr ?? error).trim()}`;
    if (process.env.CI) throw new Error(reason);
    return reason;
  }
  return undefined;
}

/** @param busyMs the sender's event loop is held up again and again while it ends a connection */
export async function closeFarAway(protocol: FarProtocol, how: How, count: number, busyMs = 0): Promise<Closings> {
  const program = [process.execPath, '--import', 'tsx', file('./far-closings.ts')];
  const { stdout } = await promisify(execFile)('unshare', [
    ...inNamespace,
    String(delayMs),
    ...program,
    ...[protocol, how, count, busyMs].map(String),
  ]);
  return JSON.parse(stdout) as Closings;
}
