/** HAProxy in TCP mode before a receiver. `.ci/install-receivers` installs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { waitUntil } from '../wait-until.ts';
import { freePort } from './real-receivers.ts';

const haproxy = ['/usr/sbin/haproxy', '/sbin/haproxy'].find((file) => existsSync(file));

export interface TcpProxy {
  readonly port: number;
  close(): Promise<void>;
}

/** Why the test cannot run here; undefined when it can. In CI a missing program is a failure, not a reason. */
export function missingProxy(): string | undefined {
  if (haproxy || process.env.CI) return undefined;
  return 'haproxy is not installed; .ci/install-receivers installs it (Debian, as root)';
}

/** @param receiverPort where it passes connections on to, as they are: TLS is not ended here */
export async function startProxy(receiverPort: number): Promise<TcpProxy> {
  if (!haproxy) throw new Error('haproxy is not installed: run .ci/install-receivers');
  const directory = await mkdtemp(path.join(os.tmpdir(), 'haproxy-'));
  const port = await freePort();
  const file = path.join(directory, 'haproxy.cfg');
  await writeFile(
    file,
    `defaults
  mode tcp
  timeout connect 2s
  timeout client 60s
  timeout server 60s
listen syslog
  bind 127.0.0.1:${port}
  server receiver 127.0.0.1:${receiverPort}
`,
  );
  const child = spawn(haproxy, ['-db', '-f', file], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
  const exited = once(child, 'exit');
  const close = async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await waitUntil(async () => {
      const socket = net.connect(port, '127.0.0.1');
      try {
        await once(socket, 'connect');
      } finally {
        socket.destroy();
      }
    });
  } catch (cause) {
    await close();
    throw new Error(`haproxy did not come up on port ${port}: ${said}`, { cause });
  }
  return { port, close };
}
