/** Scripts on real sockets of this machine's loopback. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../../src/core/time/clock.ts';
import { systemNetwork } from '../../../../src/sink/network.ts';
import { createAuthority, type Identity, issue } from '../../../support/receivers/certificates.ts';
import type { TlsVersion } from '../tls-records.ts';
import { type Lab, type Peer, type PeerStep, stateIn } from './lab.ts';

const peerFile = fileURLToPath(new URL('./peer-process.mjs', import.meta.url));
const longestWaitMs = 60_000;

let identity: Promise<Identity> | undefined;

function identityOnce(): Promise<Identity> {
  identity ??= createAuthority('peers').then((authority) => issue(authority, { commonName: 'peer' }));
  return identity;
}

interface Told {
  readonly event: string;
  readonly received: number;
  readonly port?: number;
}

export class RealLab implements Lab {
  readonly clock = systemClock;
  readonly network = systemNetwork;
  readonly peer: RealPeer;
  readonly port: number;
  readonly closedPort = 1;

  readonly tls: TlsVersion | undefined;
  readonly #settleMs: number;

  private constructor(peer: RealPeer, port: number, tls: TlsVersion | undefined, settleMs: number) {
    this.peer = peer;
    this.port = port;
    this.tls = tls;
    this.#settleMs = settleMs;
  }

  /** @param settleMs how long everything takes to come to rest: more where the machine has others to serve */
  static async start(tls: TlsVersion | undefined, settleMs: number): Promise<RealLab> {
    const { key, cert } = await identityOnce();
    const child = fork(peerFile, tls ? [tls, key.toString(), cert.toString()] : [], { execArgv: [] });
    const [told] = (await once(child, 'message')) as [Told];
    return new RealLab(new RealPeer(child), told.port ?? 0, tls, settleMs);
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    const end = performance.now() + longestWaitMs;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
      await systemClock.sleep(1);
    }
  }

  async settle(): Promise<void> {
    await systemClock.sleep(this.#settleMs);
  }

  async deaf(...acts: (() => void)[]): Promise<void> {
    for (const act of acts) {
      act();
      const end = performance.now() + this.#settleMs;
      while (performance.now() < end);
    }
    await this.settle();
  }

  async state(localPort: number): Promise<string> {
    return stateIn(await readFile('/proc/net/tcp', 'latin1'), localPort);
  }

  stop(): void {
    this.peer.kill();
  }
}

class RealPeer implements Peer {
  received = 0;
  hasSeenEnd = false;
  hasSeenReset = false;
  isAccepted = false;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ event, received }: Told) => {
      this.received = received;
      if (event === 'accepted') this.isAccepted = true;
      if (event === 'end') this.hasSeenEnd = true;
      if (event.startsWith('error')) this.hasSeenReset = true;
    });
  }

  do(...steps: PeerStep[]): void {
    this.#child.send(steps);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  stop(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }
}
